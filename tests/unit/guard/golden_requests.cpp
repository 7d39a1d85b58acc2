// What is answered to a person who asks for a rollback: done, refused for good, or looked at again in a moment.
#include "golden.hpp"

namespace lastgood::guard::test {

namespace {

using api::RevisionVerdict;

void to(World& world, std::int64_t number) { world.request->spec.to_revision = number; }

void to_first_as(World& world, RevisionVerdict verdict) {
  to(world, 1);
  world.guard.revisions[1].verdict = verdict;
}

void found(World& world, api::Truth ready, const char* reason, const char* message) {
  world.preflight->ready = ready;
  world.preflight->reason = reason;
  world.preflight->message = message;
}

std::vector<RefusalRow> of_the_deployment() {
  return {
      {"NotGuarded",
       "nothing is kept of what is not opted in",
       [](World& w) { w.guarding = {}; },
       {{.reason = "NotGuarded",
         .message = "No policy that can be used governs the Deployment (not opted in), so nothing of it is kept; opt in first"}}},
      {"NotGuarded",
       "nor where the policy is broken",
       [](World& w) { w.guarding = broken_policy(); },
       {{.reason = "NotGuarded",
         .message =
             "No policy that can be used governs the Deployment (There is none), so nothing of it is kept; opt in first"}}},
      {"NotGuarded", "governed it is", [](World&) {}},
      {"Deleting",
       "what is being deleted is not put back",
       [](World& w) { w.deployment.meta.deleting = true; },
       {{.reason = "Deleting", .message = "The Deployment is being deleted"}}},
      {"Deleting", "what is not may be", [](World&) {}},
      {"DeploymentPaused",
       "a paused Deployment would not roll out",
       [](World& w) { w.deployment.paused = true; },
       {{.reason = "DeploymentPaused", .message = "The Deployment is paused; resume it first (kubectl rollout resume)"}}},
      {"DeploymentPaused", "a resumed one does", [](World&) {}},
      {"ScaledToZero",
       "without a pod nothing would be seen of it",
       [](World& w) { w.deployment.replicas = 0; },
       {{.reason = "ScaledToZero", .message = "The Deployment is scaled to zero: whether it helped could not be seen"}}},
      {"ScaledToZero", "with one it is", [](World& w) { w.deployment.replicas = 1; }},
  };
}

std::vector<RefusalRow> of_what_is_under_way() {
  return {
      {"Busy",
       "one rollback at a time",
       [](World& w) {
         w.rollback = finished_rollback(w, api::RollbackPhase::Pending);
         w.rollback->spec.check.clear();
         w.rollback->spec.caused_by = "api-2-9f";
         w.rollback->spec.mode = api::Mode::Approve;
         w.guarding.group = "shop";
         w.group = {leader("api", {"api", "web"})};
         w.guard.rollback = w.rollback->meta.key.name;
         w.guard.state = api::State::Held;
         w.guard.reason = "AwaitingApproval";
       },
       {{.reason = "Busy",
         .message = "Rollback web-2-1b4e is not over yet (AwaitingApproval): wait for its end, approve it if it waits for that, "
                    "or delete it while nothing is touched"}}},
      {"Busy", "what is over is none",
       [](World& w) {
         w.rollback = finished_rollback(w, api::RollbackPhase::Succeeded);
         w.guard.rollback = w.rollback->meta.key.name;
       }},
      {"WaitingForReplicaSet",
       "what the present template is must be known first",
       [](World& w) { w.guard.template_digest.reset(); },
       {{.reason = "WaitingForReplicaSet",
         .message = "The ReplicaSet of the present template does not exist yet",
         .is_passing = true}}},
      {"WaitingForReplicaSet",
       "at the first sight too",
       [](World& w) { w.guard.current.reset(); },
       {{.reason = "WaitingForReplicaSet",
         .message = "The ReplicaSet of the present template does not exist yet",
         .is_passing = true}}},
      {"WaitingForReplicaSet", "it is", [](World&) {}},
  };
}

std::vector<RefusalRow> of_what_is_asked() {
  return {
      {"NoSuchRevision",
       "a number that is not known, with those that are",
       [](World& w) { to(w, 9); },
       {{.reason = "NoSuchRevision", .message = "Revision 9 of the Deployment is not known; kept are 2, 1"}}},
      {"NoSuchRevision", "one that is", [](World& w) { to(w, 1); }},
      {"NoSuchRevision", "none is asked for", [](World&) {}},
      {"AlreadyThere",
       "the present one",
       [](World& w) { to(w, 2); },
       {{.reason = "AlreadyThere", .message = "Revision 2 is the present one"}}},
      {"AlreadyThere", "another", [](World& w) { to(w, 1); }},
      {"NotKept",
       "one that is known but whose template is not kept",
       [](World& w) {
         to(w, 1);
         w.guard.revisions[1].kept_as.clear();
       },
       {{.reason = "NotKept",
         .message = "The template of revision 1 is not kept; kept are 2. It can still be brought back by kubectl rollout undo "
                    "--to-revision=1"}}},
      {"NotKept", "one that is kept", [](World& w) { to(w, 1); }},
      {"NoLastGood",
       "the last good one, where there is none",
       [](World& w) { w.guard.revisions.resize(1); },
       {{.reason = "NoLastGood",
         .message = "There is nothing to go back to: no other revision of this Deployment is kept as proven good"}}},
      {"NoLastGood", "where there is one", [](World&) {}},
      {"NoLastGood", "where a number is asked for", [](World& w) { to_first_as(w, RevisionVerdict::Superseded); }},
  };
}

constexpr const char* marked = "Going back would do harm: revision 2 is marked lastgood.dev/no-rollback-past";

std::vector<RefusalRow> of_harm() {
  return {
      {"Quarantined",
       "one that was rolled back itself",
       [](World& w) { to_first_as(w, RevisionVerdict::RolledBack); },
       {{.reason = "Quarantined", .message = "Revision 1 was rolled back itself"}},
       true},
      {"Quarantined", "one that was not", [](World& w) { to_first_as(w, RevisionVerdict::Good); }},
      {"NotProven",
       "one that was never proven",
       [](World& w) { to_first_as(w, RevisionVerdict::Superseded); },
       {{.reason = "NotProven", .message = "Revision 1 is not proven good: its last verdict is Superseded"}},
       true},
      {"NotProven", "one that was", [](World& w) { to_first_as(w, RevisionVerdict::PresumedGood); }},
      {"NotProven", "a quarantined one has a rule of its own", [](World& w) { to_first_as(w, RevisionVerdict::RolledBack); }},
      {"NoRollbackPast",
       "a number before a mark",
       [](World& w) {
         to(w, 1);
         w.guard.current->no_rollback_past = true;
       },
       {{.reason = "NoRollbackPast", .message = marked}},
       true},
      {"NoRollbackPast",
       "the last good one before a mark",
       [](World& w) { w.guard.current->no_rollback_past = true; },
       {{.reason = "NoRollbackPast", .message = marked}},
       true},
      {"NoRollbackPast", "one that is marked itself", [](World& w) { w.guard.revisions[1].no_rollback_past = true; }},
      {"Suspended",
       "while the policy is suspended",
       [](World& w) { w.guarding.spec.suspend = true; },
       {{.reason = "Suspended", .message = "RollbackPolicy/web is suspended; set spec.suspend to false"}},
       true},
      {"Suspended", "while it is not", [](World&) {}},
      {"PausedUntil",
       "while it is to be left alone",
       [](World& w) { w.guarding.pause_until = moment + 1ms; },
       {{.reason = "PausedUntil",
         .message = "lastgood.dev/pause-until says to leave it alone until 2026-11-24T12:00:30Z; take it away to end that"}},
       true},
      {"PausedUntil", "when it is not any more", [](World& w) { w.guarding.pause_until = moment; }},
  };
}

constexpr const char* being_checked = "Whether the rollback would work is being found out";

std::vector<RefusalRow> of_the_server() {
  return {
      {"CheckingRollback",
       "what is not known to work is found out first",
       [](World& w) { w.preflight.reset(); },
       {{.reason = "CheckingRollback", .message = being_checked, .is_passing = true}}},
      {"CheckingRollback",
       "also what was found out a while ago",
       [](World& w) { w.preflight->at = moment - 30s - 1ms; },
       {{.reason = "CheckingRollback", .message = being_checked, .is_passing = true}}},
      {"CheckingRollback",
       "and what could not be found out",
       [](World& w) { found(w, api::Truth::Unknown, "NotChecked", "no answer"); },
       {{.reason = "CheckingRollback",
         .message = "Whether the rollback would work is being found out: no answer",
         .is_passing = true}}},
      {"CheckingRollback", "what is known is not", [](World&) {}},
      {"MissingReference",
       "what needs a Secret that is gone would not start",
       [](World& w) { found(w, api::Truth::False, "MissingReference", "Secret db does not exist"); },
       {{.reason = "MissingReference", .message = "Secret db does not exist"}},
       true},
      {"MissingReference", "what needs nothing would", [](World&) {}},
      {"WouldFail",
       "what the server refuses is refused in its words",
       [](World& w) { found(w, api::Truth::False, "Refused", "LimitRange says no"); },
       {{.reason = "Refused", .message = "LimitRange says no"}}},
      {"WouldFail", "what it admits is not", [](World&) {}},
      {"WouldFail", "what is missing has a rule of its own",
       [](World& w) { found(w, api::Truth::False, "MissingReference", "Secret db does not exist"); }},
  };
}

}  // namespace

const std::vector<RefusalRow>& rows_on_requests() {
  static const std::vector<RefusalRow> rows = [] {
    std::vector<RefusalRow> all = of_the_deployment();
    for (const auto& part : {of_what_is_under_way(), of_what_is_asked(), of_harm(), of_the_server()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return rows;
}

}  // namespace lastgood::guard::test
