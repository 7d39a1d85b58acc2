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

void found(Inputs& inputs, api::ConditionStatus ready, Reason reason, const char* message) {
  inputs.preflight->ready = ready;
  inputs.preflight->reason = reason;
  inputs.preflight->message = message;
}

std::vector<RefusalRow> of_the_deployment() {
  return {
      {"NotGuarded",
       "nothing is kept of what is not opted in",
       [](Inputs& w) { w.policy = {}; },
       {{.reason = Reason::NotGuarded}}},
      {"NotGuarded",
       "nor where the policy is broken",
       [](Inputs& w) { w.policy = broken_policy(); },
       {{.reason = Reason::NotGuarded, .mentions = {"There is none"}}}},
      {"NotGuarded", "governed it is", [](Inputs&) {}},
      {"Deleting",
       "what is being deleted is not put back",
       [](Inputs& w) { w.deployment.meta.deleting = true; },
       {{.reason = Reason::Deleting}}},
      {"Deleting", "what is not may be", [](Inputs&) {}},
      {"DeploymentPaused",
       "a paused Deployment would not roll out",
       [](Inputs& w) { w.deployment.paused = true; },
       {{.reason = Reason::DeploymentPaused, .mentions = {"kubectl rollout resume"}}}},
      {"DeploymentPaused", "a resumed one does", [](Inputs&) {}},
      {"ScaledToZero",
       "without a pod nothing would be seen of it",
       [](Inputs& w) { w.deployment.replicas = 0; },
       {{.reason = Reason::ScaledToZero}}},
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
         w.guard.reason = Reason::AwaitingApproval;
       },
       {{.reason = Reason::Busy, .mentions = {"web-2-1b4e", "AwaitingApproval"}}}},
      {"Busy", "what is over is none",
       [](Inputs& w) {
         w.rollback = finished_rollback(w, api::RollbackPhase::Succeeded);
         w.guard.rollback = w.rollback->meta.key.name;
       }},
      {"WaitingForReplicaSet",
       "what the present template is must be known first",
       [](Inputs& w) { w.guard.template_digest.reset(); },
       {{.reason = Reason::WaitingForReplicaSet, .mentions = {"ReplicaSet"}, .is_passing = true}}},
      {"WaitingForReplicaSet",
       "at the first sight too",
       [](Inputs& w) { w.guard.current.reset(); },
       {{.reason = Reason::WaitingForReplicaSet, .mentions = {"ReplicaSet"}, .is_passing = true}}},
      {"WaitingForReplicaSet", "it is", [](Inputs&) {}},
  };
}

std::vector<RefusalRow> of_what_is_asked() {
  return {
      {"RevisionNotFound",
       "a number that is not known, with those that are",
       [](Inputs& w) { to(w, 9); },
       {{.reason = Reason::RevisionNotFound, .mentions = {"9", "2, 1"}}}},
      {"RevisionNotFound", "one that is", [](Inputs& w) { to(w, 1); }},
      {"RevisionNotFound", "none is asked for", [](Inputs&) {}},
      {"AlreadyCurrent",
       "the present one",
       [](Inputs& w) { to(w, 2); },
       {{.reason = Reason::AlreadyCurrent, .mentions = {"2"}}}},
      {"AlreadyCurrent", "another", [](Inputs& w) { to(w, 1); }},
      {"NoSnapshot",
       "one that is known but whose template is not kept",
       [](Inputs& w) {
         to(w, 1);
         w.guard.revisions[1].snapshot.clear();
       },
       {{.reason = Reason::NoSnapshot,
         .mentions = {"revision 1", "kubectl rollout undo --to-revision=1"}}}},
      {"NoSnapshot", "one that is kept", [](Inputs& w) { to(w, 1); }},
      {"NoLastGood",
       "the last good one, where there is none",
       [](Inputs& w) { w.guard.revisions.resize(1); },
       {{.reason = Reason::NoLastGood}}},
      {"NoLastGood", "where there is one", [](Inputs&) {}},
      {"NoLastGood", "where a number is asked for",
       [](Inputs& w) { to_first_as(w, RevisionVerdict::Superseded); }},
  };
}

const std::vector<std::string> marked{"revision 2", "lastgood.dev/no-rollback-past"};

std::vector<RefusalRow> of_harm() {
  return {
      {"Quarantined",
       "one that was rolled back itself",
       [](Inputs& w) { to_first_as(w, RevisionVerdict::RolledBack); },
       {{.reason = Reason::Quarantined, .mentions = {"1"}}},
       true},
      {"Quarantined", "one that was not", [](Inputs& w) { to_first_as(w, RevisionVerdict::Good); }},
      {"NotProven",
       "one that was never proven",
       [](Inputs& w) { to_first_as(w, RevisionVerdict::Superseded); },
       {{.reason = Reason::NotProven, .mentions = {"1", "Superseded"}}},
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
       {{.reason = Reason::NoRollbackPast, .mentions = marked}},
       true},
      {"NoRollbackPast",
       "the last good one before a mark",
       [](Inputs& w) { w.guard.current->no_rollback_past = true; },
       {{.reason = Reason::NoRollbackPast, .mentions = marked}},
       true},
      {"NoRollbackPast", "one that is marked itself",
       [](Inputs& w) { w.guard.revisions[1].no_rollback_past = true; }},
      {"Suspended",
       "while the policy is suspended",
       [](Inputs& w) { w.policy.spec.suspend = true; },
       {{.reason = Reason::Suspended, .mentions = {"RollbackPolicy/web", "spec.suspend"}}},
       true},
      {"Suspended", "while it is not", [](Inputs&) {}},
      {"PausedUntil",
       "while it is to be left alone",
       [](Inputs& w) { w.policy.pause_until = moment + 1ms; },
       {{.reason = Reason::PausedUntil,
         .mentions = {"lastgood.dev/pause-until", "2026-11-24T12:00:30Z"}}},
       true},
      {"PausedUntil", "when it is not any more", [](Inputs& w) { w.policy.pause_until = moment; }},
  };
}

const std::vector<std::string> being_checked{};

std::vector<RefusalRow> of_the_server() {
  return {
      {"CheckingRollback",
       "what is not known to work is found out first",
       [](Inputs& w) { w.preflight.reset(); },
       {{.reason = Reason::CheckingRollback, .mentions = being_checked, .is_passing = true}}},
      {"CheckingRollback",
       "also what was found out a while ago",
       [](Inputs& w) { w.preflight->at = moment - 30s - 1ms; },
       {{.reason = Reason::CheckingRollback, .mentions = being_checked, .is_passing = true}}},
      {"CheckingRollback",
       "and what could not be found out",
       [](Inputs& w) { found(w, api::ConditionStatus::Unknown, Reason::NotChecked, "no answer"); },
       {{.reason = Reason::CheckingRollback, .mentions = {"no answer"}, .is_passing = true}}},
      {"CheckingRollback", "what is known is not", [](Inputs&) {}},
      {"MissingReference",
       "what needs a Secret that is gone would not start",
       [](Inputs& w) {
         found(w, api::ConditionStatus::False, Reason::MissingReference,
               "Secret db does not exist");
       },
       {{.reason = Reason::MissingReference, .mentions = {"Secret db does not exist"}}},
       true},
      {"MissingReference", "what needs nothing would", [](Inputs&) {}},
      {"WouldFail",
       "what the server refuses is refused in its words",
       [](Inputs& w) {
         found(w, api::ConditionStatus::False, Reason::AdmissionDenied, "LimitRange says no");
       },
       {{.reason = Reason::AdmissionDenied, .mentions = {"LimitRange says no"}}}},
      {"WouldFail", "what it admits is not", [](Inputs&) {}},
      {"WouldFail", "what is missing has a rule of its own",
       [](Inputs& w) {
         found(w, api::ConditionStatus::False, Reason::MissingReference,
               "Secret db does not exist");
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
