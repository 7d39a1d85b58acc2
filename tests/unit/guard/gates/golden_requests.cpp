// Rows of the gates that reject a manual rollback or let it wait.
#include "unit/guard/gates/golden.hpp"

namespace lastgood::guard::test {

namespace {

using api::RevisionVerdict;

void request_revision(Inputs& inputs, std::int64_t number) {
  inputs.request->spec.to_revision = number;
}

void request_revision_1(Inputs& inputs, RevisionVerdict verdict) {
  request_revision(inputs, 1);
  inputs.guard.revisions[1].verdict = verdict;
}

void release_after_request(Inputs& inputs, Duration after) {
  inputs.loaded = noon - 1h;
  inputs.request->meta.created = noon;
  inputs.guard.evaluation_started = noon + after;
}

void set_preflight(Inputs& inputs, api::ConditionStatus ready, Reason reason, const char* message) {
  inputs.preflight->ready = ready;
  inputs.preflight->reason = reason;
  inputs.preflight->message = message;
}

std::vector<RequestGateRow> deployment_rows() {
  return {
      {"NotGuarded",
       "not opted in",
       [](Inputs& in) { in.policy = {}; },
       {{.reason = Reason::NotGuarded}}},
      {"NotGuarded",
       "the policy is broken",
       [](Inputs& in) { in.policy = broken_policy(); },
       {{.reason = Reason::NotGuarded, .mentions = {"RollbackPolicy/web does not exist"}}}},
      {"NotGuarded", "a policy applies", [](Inputs&) {}},
      {"Deleting",
       "the Deployment is being deleted",
       [](Inputs& in) { in.deployment.meta.deleting = true; },
       {{.reason = Reason::Deleting}}},
      {"Deleting", "the Deployment is not being deleted", [](Inputs&) {}},
      {"DeploymentPaused",
       "the Deployment is paused",
       [](Inputs& in) { in.deployment.paused = true; },
       {{.reason = Reason::DeploymentPaused,
         .mentions = {"kubectl rollout resume deployment/web -n shop"}}}},
      {"DeploymentPaused", "the Deployment is not paused", [](Inputs&) {}},
      {"ScaledToZero",
       "the Deployment has no replicas",
       [](Inputs& in) { in.deployment.replicas = 0; },
       {{.reason = Reason::ScaledToZero}}},
      {"ScaledToZero", "the Deployment has one replica",
       [](Inputs& in) { in.deployment.replicas = 1; }},
  };
}

std::vector<RequestGateRow> progress_rows() {
  return {
      {"Busy",
       "another Rollback awaits approval",
       [](Inputs& in) {
         in.rollback = finished_rollback(in, api::RollbackPhase::Pending);
         in.rollback->spec.check.clear();
         in.rollback->spec.caused_by = "api-2-9f";
         in.rollback->spec.mode = api::Mode::Approve;
         in.policy.group = "shop";
         in.group = {initiator("api", {"api", "web"})};
         in.guard.rollback = in.rollback->meta.key.name;
         in.guard.state = api::State::Held;
         in.guard.reason = Reason::AwaitingApproval;
       },
       {{.reason = Reason::Busy, .mentions = {"web-2-1b4e", "AwaitingApproval"}}}},
      {"Busy", "another Rollback is finished, and the guard still has the state Verifying",
       [](Inputs& in) {
         in.rollback = finished_rollback(in, api::RollbackPhase::Succeeded);
         in.guard.rollback = in.rollback->meta.key.name;
         in.guard.state = api::State::Verifying;
       }},
      {"Busy", "another Rollback is pending, but the guard does not know it",
       [](Inputs& in) { in.rollback = finished_rollback(in, api::RollbackPhase::Pending); }},
      {"Busy", "another Rollback is finished",
       [](Inputs& in) {
         in.rollback = finished_rollback(in, api::RollbackPhase::Succeeded);
         in.guard.rollback = in.rollback->meta.key.name;
       }},
      {"WaitingForReplicaSet",
       "the template is not recognized yet",
       [](Inputs& in) { in.guard.template_digest.reset(); },
       {{.reason = Reason::WaitingForReplicaSet,
         .mentions = {"ReplicaSet"},
         .is_temporary = true}}},
      {"WaitingForReplicaSet",
       "no revision is known yet",
       [](Inputs& in) { in.guard.current.reset(); },
       {{.reason = Reason::WaitingForReplicaSet,
         .mentions = {"ReplicaSet"},
         .is_temporary = true}}},
      {"WaitingForReplicaSet", "the template is recognized", [](Inputs&) {}},
      {"NewerRelease",
       "the current release was seen a second after the request was created",
       [](Inputs& in) { release_after_request(in, 1s); },
       {{.reason = Reason::NewerRelease, .mentions = {"revision 2", "create the Rollback again"}}}},
      {"NewerRelease", "the current release was seen in the second of the request",
       [](Inputs& in) { release_after_request(in, 999ms); }},
      {"NewerRelease", "the current release was seen before the request",
       [](Inputs& in) { release_after_request(in, -1s); }},
      {"NewerRelease", "the release is newer, but this replica has just loaded the state",
       [](Inputs& in) {
         release_after_request(in, 1s);
         in.loaded = *in.guard.evaluation_started - 14s;
       }},
      {"NewerRelease", "the release is newer, but the request is a drill",
       [](Inputs& in) {
         release_after_request(in, 1s);
         in.request->spec.drill = true;
       }},
  };
}

std::vector<RequestGateRow> revision_rows() {
  return {
      {"RevisionNotFound",
       "an unknown revision is requested",
       [](Inputs& in) { request_revision(in, 9); },
       {{.reason = Reason::RevisionNotFound, .mentions = {"9", "2, 1"}}}},
      {"RevisionNotFound",
       "an unknown revision is requested, and only revision 1 has a snapshot",
       [](Inputs& in) {
         request_revision(in, 9);
         in.guard.revisions[0].snapshot.clear();
       },
       {{.reason = Reason::RevisionNotFound, .mentions = {"9", "snapshot: 1"}}}},
      {"RevisionNotFound",
       "an unknown revision is requested, and no revision has a snapshot",
       [](Inputs& in) {
         request_revision(in, 9);
         for (api::Revision& revision : in.guard.revisions) revision.snapshot.clear();
       },
       {{.reason = Reason::RevisionNotFound, .mentions = {"9", "snapshot: none"}}}},
      {"RevisionNotFound", "a known revision is requested",
       [](Inputs& in) { request_revision(in, 1); }},
      {"RevisionNotFound", "no revision is requested", [](Inputs&) {}},
      {"AlreadyCurrent",
       "the current revision is requested",
       [](Inputs& in) { request_revision(in, 2); },
       {{.reason = Reason::AlreadyCurrent, .mentions = {"2"}}}},
      {"AlreadyCurrent", "another revision is requested",
       [](Inputs& in) { request_revision(in, 1); }},
      {"NoSnapshot",
       "a revision without a snapshot is requested",
       [](Inputs& in) {
         request_revision(in, 1);
         in.guard.revisions[1].snapshot.clear();
       },
       {{.reason = Reason::NoSnapshot,
         .mentions = {"Revision 1",
                      "kubectl rollout undo deployment/web -n shop --to-revision=1"}}}},
      {"NoSnapshot", "a revision with a snapshot is requested",
       [](Inputs& in) { request_revision(in, 1); }},
      {"NoLastGood",
       "no revision is requested and none is good",
       [](Inputs& in) { in.guard.revisions.resize(1); },
       {{.reason = Reason::NoLastGood}}},
      {"NoLastGood", "no revision is requested and one is good", [](Inputs&) {}},
      {"NoLastGood", "a revision is requested and none is good",
       [](Inputs& in) { request_revision_1(in, RevisionVerdict::Superseded); }},
  };
}

const std::vector<std::string> mark_mentions{"revision 2", "lastgood.dev/no-rollback-past"};

std::vector<RequestGateRow> overridable_rows() {
  return {
      {"Quarantined",
       "a rolled back revision is requested",
       [](Inputs& in) { request_revision_1(in, RevisionVerdict::RolledBack); },
       {{.reason = Reason::Quarantined, .mentions = {"1"}}},
       true},
      {"Quarantined", "a good revision is requested",
       [](Inputs& in) { request_revision_1(in, RevisionVerdict::Good); }},
      {"NotProven",
       "a superseded revision is requested",
       [](Inputs& in) { request_revision_1(in, RevisionVerdict::Superseded); },
       {{.reason = Reason::NotProven, .mentions = {"1", "Superseded"}}},
       true},
      {"NotProven", "a presumed good revision is requested",
       [](Inputs& in) { request_revision_1(in, RevisionVerdict::PresumedGood); }},
      {"NotProven", "a rolled back revision is requested",
       [](Inputs& in) { request_revision_1(in, RevisionVerdict::RolledBack); }},
      {"NoRollbackPast",
       "the requested revision is before a mark",
       [](Inputs& in) {
         request_revision(in, 1);
         in.guard.current->no_rollback_past = true;
       },
       {{.reason = Reason::NoRollbackPast, .mentions = mark_mentions}},
       true},
      {"NoRollbackPast",
       "no revision is requested, and the target is before a mark",
       [](Inputs& in) { in.guard.current->no_rollback_past = true; },
       {{.reason = Reason::NoRollbackPast, .mentions = mark_mentions}},
       true},
      {"NoRollbackPast",
       "the requested revision is before a mark, and the last good revision has the mark",
       [](Inputs& in) {
         request_revision(in, 0);
         in.guard.revisions[1].no_rollback_past = true;
         api::Revision oldest = in.guard.revisions[1];
         oldest.hash = TemplateHash("v0");
         oldest.number = 0;
         *oldest.since -= 1h;
         in.guard.revisions.push_back(oldest);
       },
       {{.reason = Reason::NoRollbackPast,
         .mentions = {"revision 1", "lastgood.dev/no-rollback-past"}}},
       true},
      {"NoRollbackPast", "the current revision is requested, and it has the mark",
       [](Inputs& in) {
         request_revision(in, 2);
         in.guard.current->no_rollback_past = true;
       }},
      {"NoRollbackPast", "the target has the mark",
       [](Inputs& in) { in.guard.revisions[1].no_rollback_past = true; }},
      {"Suspended",
       "the policy is suspended",
       [](Inputs& in) { in.policy.spec.suspend = true; },
       {{.reason = Reason::Suspended, .mentions = {"RollbackPolicy/web", "spec.suspend"}}},
       true},
      {"Suspended", "the policy is not suspended", [](Inputs&) {}},
      {"PausedUntil",
       "rollbacks are forbidden for another 1ms",
       [](Inputs& in) { in.policy.pause_until = moment + 1ms; },
       {{.reason = Reason::PausedUntil,
         .mentions = {"lastgood.dev/pause-until", "2026-11-24T12:00:30Z"}}},
       true},
      {"PausedUntil", "rollbacks were forbidden until now",
       [](Inputs& in) { in.policy.pause_until = moment; }},
  };
}

std::vector<RequestGateRow> preflight_rows() {
  return {
      {"CheckingRollback",
       "no preflight has run",
       [](Inputs& in) { in.preflight.reset(); },
       {{.reason = Reason::CheckingRollback, .is_temporary = true, .is_brief = true}}},
      {"CheckingRollback",
       "the last preflight was more than 45s ago",
       [](Inputs& in) { in.preflight->at = moment - 45s - 1ms; },
       {{.reason = Reason::CheckingRollback, .is_temporary = true, .is_brief = true}}},
      {"CheckingRollback",
       "the last preflight has no result",
       [](Inputs& in) {
         set_preflight(in, api::ConditionStatus::Unknown, Reason::NotChecked, "no answer");
       },
       {{.reason = Reason::CheckingRollback, .mentions = {"no answer"}, .is_temporary = true}}},
      {"CheckingRollback", "the last preflight passed", [](Inputs&) {}},
      {"MissingReference",
       "a reference is missing",
       [](Inputs& in) {
         set_preflight(in, api::ConditionStatus::False, Reason::MissingReference,
                       "Secret db does not exist");
       },
       {{.reason = Reason::MissingReference, .mentions = {"Secret db does not exist"}}},
       true},
      {"MissingReference", "no reference is missing", [](Inputs&) {}},
      {"WouldFail",
       "the API server rejects the patch",
       [](Inputs& in) {
         set_preflight(in, api::ConditionStatus::False, Reason::AdmissionDenied,
                       "LimitRange says no");
       },
       {{.reason = Reason::AdmissionDenied, .mentions = {"LimitRange says no"}}}},
      {"WouldFail", "the API server admits the patch", [](Inputs&) {}},
      {"WouldFail", "a reference is missing",
       [](Inputs& in) {
         set_preflight(in, api::ConditionStatus::False, Reason::MissingReference,
                       "Secret db does not exist");
       }},
  };
}

}  // namespace

const std::vector<RequestGateRow>& request_gate_rows() {
  static const std::vector<RequestGateRow> rows = [] {
    std::vector<RequestGateRow> all = deployment_rows();
    for (const auto& part :
         {progress_rows(), revision_rows(), overridable_rows(), preflight_rows()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return rows;
}

}  // namespace lastgood::guard::test
