// What is answered to a person who asks for a rollback: done, refused for good, or looked at again
// in a moment.
#include "golden.hpp"

namespace lastgood::guard::test {

namespace {

using api::RevisionVerdict;

void to(Inputs& inputs, std::int64_t number) { inputs.request->spec.to_revision = number; }

void to_first_as(Inputs& inputs, RevisionVerdict verdict) {
  to(inputs, 1);
  inputs.guard.revisions[1].verdict = verdict;
}

void found(Inputs& inputs, api::ConditionStatus ready, const char* reason, const char* message) {
  inputs.preflight->ready = ready;
  inputs.preflight->reason = reason;
  inputs.preflight->message = message;
}

std::vector<RefusalRow> of_the_deployment() {
  return {
      {"NotGuarded",
       "nothing is kept of what is not opted in",
       [](Inputs& w) { w.policy = {}; },
       {{.reason = api::Reason::NotGuarded,
         .message = "No policy that can be used governs the Deployment (not opted in), so nothing "
                    "of it is kept; opt in first"}}},
      {"NotGuarded",
       "nor where the policy is broken",
       [](Inputs& w) { w.policy = broken_policy(); },
       {{.reason = api::Reason::NotGuarded,
         .message = "No policy that can be used governs the Deployment (There is none), so nothing "
                    "of it is kept; opt in first"}}},
      {"NotGuarded", "governed it is", [](Inputs&) {}},
      {"Deleting",
       "what is being deleted is not put back",
       [](Inputs& w) { w.deployment.meta.deleting = true; },
       {{.reason = api::Reason::Deleting, .message = "The Deployment is being deleted"}}},
      {"Deleting", "what is not may be", [](Inputs&) {}},
      {"DeploymentPaused",
       "a paused Deployment would not roll out",
       [](Inputs& w) { w.deployment.paused = true; },
       {{.reason = api::Reason::DeploymentPaused,
         .message = "The Deployment is paused; resume it first (kubectl rollout resume)"}}},
      {"DeploymentPaused", "a resumed one does", [](Inputs&) {}},
      {"ScaledToZero",
       "without a pod nothing would be seen of it",
       [](Inputs& w) { w.deployment.replicas = 0; },
       {{.reason = api::Reason::ScaledToZero,
         .message = "The Deployment is scaled to zero: whether it helped could not be seen"}}},
      {"ScaledToZero", "with one it is", [](Inputs& w) { w.deployment.replicas = 1; }},
  };
}

std::vector<RefusalRow> of_what_is_under_way() {
  return {
      {"Busy",
       "one rollback at a time",
       [](Inputs& w) {
         w.rollback = finished_rollback(w, api::RollbackPhase::Pending);
         w.rollback->spec.check.clear();
         w.rollback->spec.caused_by = "api-2-9f";
         w.rollback->spec.mode = api::Mode::Approve;
         w.policy.group = "shop";
         w.group = {leader("api", {"api", "web"})};
         w.guard.rollback = w.rollback->meta.key.name;
         w.guard.state = api::State::Held;
         w.guard.reason = api::Reason::AwaitingApproval;
       },
       {{.reason = api::Reason::Busy,
         .message = "Rollback web-2-1b4e is not over yet (AwaitingApproval): wait for its end, "
                    "approve it if it waits for that, "
                    "or delete it while nothing is touched"}}},
      {"Busy", "what is over is none",
       [](Inputs& w) {
         w.rollback = finished_rollback(w, api::RollbackPhase::Succeeded);
         w.guard.rollback = w.rollback->meta.key.name;
       }},
      {"WaitingForReplicaSet",
       "what the present template is must be known first",
       [](Inputs& w) { w.guard.template_digest.reset(); },
       {{.reason = api::Reason::WaitingForReplicaSet,
         .message = "The ReplicaSet of the present template does not exist yet",
         .is_passing = true}}},
      {"WaitingForReplicaSet",
       "at the first sight too",
       [](Inputs& w) { w.guard.current.reset(); },
       {{.reason = api::Reason::WaitingForReplicaSet,
         .message = "The ReplicaSet of the present template does not exist yet",
         .is_passing = true}}},
      {"WaitingForReplicaSet", "it is", [](Inputs&) {}},
  };
}

std::vector<RefusalRow> of_what_is_asked() {
  return {
      {"RevisionNotFound",
       "a number that is not known, with those that are",
       [](Inputs& w) { to(w, 9); },
       {{.reason = api::Reason::RevisionNotFound,
         .message = "Revision 9 of the Deployment is not known; kept are 2, 1"}}},
      {"RevisionNotFound", "one that is", [](Inputs& w) { to(w, 1); }},
      {"RevisionNotFound", "none is asked for", [](Inputs&) {}},
      {"AlreadyCurrent",
       "the present one",
       [](Inputs& w) { to(w, 2); },
       {{.reason = api::Reason::AlreadyCurrent, .message = "Revision 2 is the present one"}}},
      {"AlreadyCurrent", "another", [](Inputs& w) { to(w, 1); }},
      {"NoSnapshot",
       "one that is known but whose template is not kept",
       [](Inputs& w) {
         to(w, 1);
         w.guard.revisions[1].snapshot.clear();
       },
       {{.reason = api::Reason::NoSnapshot,
         .message = "The template of revision 1 is not kept; kept are 2. It can still be brought "
                    "back by kubectl rollout undo "
                    "--to-revision=1"}}},
      {"NoSnapshot", "one that is kept", [](Inputs& w) { to(w, 1); }},
      {"NoLastGood",
       "the last good one, where there is none",
       [](Inputs& w) { w.guard.revisions.resize(1); },
       {{.reason = api::Reason::NoLastGood,
         .message = "There is nothing to go back to: no other revision of this Deployment is kept "
                    "as proven good"}}},
      {"NoLastGood", "where there is one", [](Inputs&) {}},
      {"NoLastGood", "where a number is asked for",
       [](Inputs& w) { to_first_as(w, RevisionVerdict::Superseded); }},
  };
}

constexpr const char* marked =
    "Going back would do harm: revision 2 is marked lastgood.dev/no-rollback-past";

std::vector<RefusalRow> of_harm() {
  return {
      {"Quarantined",
       "one that was rolled back itself",
       [](Inputs& w) { to_first_as(w, RevisionVerdict::RolledBack); },
       {{.reason = api::Reason::Quarantined, .message = "Revision 1 was rolled back itself"}},
       true},
      {"Quarantined", "one that was not", [](Inputs& w) { to_first_as(w, RevisionVerdict::Good); }},
      {"NotProven",
       "one that was never proven",
       [](Inputs& w) { to_first_as(w, RevisionVerdict::Superseded); },
       {{.reason = api::Reason::NotProven,
         .message = "Revision 1 is not proven good: its last verdict is Superseded"}},
       true},
      {"NotProven", "one that was",
       [](Inputs& w) { to_first_as(w, RevisionVerdict::PresumedGood); }},
      {"NotProven", "a quarantined one has a rule of its own",
       [](Inputs& w) { to_first_as(w, RevisionVerdict::RolledBack); }},
      {"NoRollbackPast",
       "a number before a mark",
       [](Inputs& w) {
         to(w, 1);
         w.guard.current->no_rollback_past = true;
       },
       {{.reason = api::Reason::NoRollbackPast, .message = marked}},
       true},
      {"NoRollbackPast",
       "the last good one before a mark",
       [](Inputs& w) { w.guard.current->no_rollback_past = true; },
       {{.reason = api::Reason::NoRollbackPast, .message = marked}},
       true},
      {"NoRollbackPast", "one that is marked itself",
       [](Inputs& w) { w.guard.revisions[1].no_rollback_past = true; }},
      {"Suspended",
       "while the policy is suspended",
       [](Inputs& w) { w.policy.spec.suspend = true; },
       {{.reason = api::Reason::Suspended,
         .message = "RollbackPolicy/web is suspended; set spec.suspend to false"}},
       true},
      {"Suspended", "while it is not", [](Inputs&) {}},
      {"PausedUntil",
       "while it is to be left alone",
       [](Inputs& w) { w.policy.pause_until = moment + 1ms; },
       {{.reason = api::Reason::PausedUntil,
         .message = "lastgood.dev/pause-until says to leave it alone until 2026-11-24T12:00:30Z; "
                    "take it away to end that"}},
       true},
      {"PausedUntil", "when it is not any more", [](Inputs& w) { w.policy.pause_until = moment; }},
  };
}

constexpr const char* being_checked = "Whether the rollback would work is being found out";

std::vector<RefusalRow> of_the_server() {
  return {
      {"CheckingRollback",
       "what is not known to work is found out first",
       [](Inputs& w) { w.preflight.reset(); },
       {{.reason = api::Reason::CheckingRollback, .message = being_checked, .is_passing = true}}},
      {"CheckingRollback",
       "also what was found out a while ago",
       [](Inputs& w) { w.preflight->at = moment - 30s - 1ms; },
       {{.reason = api::Reason::CheckingRollback, .message = being_checked, .is_passing = true}}},
      {"CheckingRollback",
       "and what could not be found out",
       [](Inputs& w) { found(w, api::ConditionStatus::Unknown, "NotChecked", "no answer"); },
       {{.reason = api::Reason::CheckingRollback,
         .message = "Whether the rollback would work is being found out: no answer",
         .is_passing = true}}},
      {"CheckingRollback", "what is known is not", [](Inputs&) {}},
      {"MissingReference",
       "what needs a Secret that is gone would not start",
       [](Inputs& w) {
         found(w, api::ConditionStatus::False, "MissingReference", "Secret db does not exist");
       },
       {{.reason = api::Reason::MissingReference, .message = "Secret db does not exist"}},
       true},
      {"MissingReference", "what needs nothing would", [](Inputs&) {}},
      {"WouldFail",
       "what the server refuses is refused in its words",
       [](Inputs& w) {
         found(w, api::ConditionStatus::False, "AdmissionDenied", "LimitRange says no");
       },
       {{.reason = api::Reason::AdmissionDenied, .message = "LimitRange says no"}}},
      {"WouldFail", "what it admits is not", [](Inputs&) {}},
      {"WouldFail", "what is missing has a rule of its own",
       [](Inputs& w) {
         found(w, api::ConditionStatus::False, "MissingReference", "Secret db does not exist");
       }},
  };
}

}  // namespace

const std::vector<RefusalRow>& rows_on_requests() {
  static const std::vector<RefusalRow> rows = [] {
    std::vector<RefusalRow> all = of_the_deployment();
    for (const auto& part :
         {of_what_is_under_way(), of_what_is_asked(), of_harm(), of_the_server()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return rows;
}

}  // namespace lastgood::guard::test
