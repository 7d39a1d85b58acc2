// Rows of the gates that read the release and its checks.
#include "unit/guard/gates/golden.hpp"

namespace lastgood::guard::test {

namespace {

const std::vector<std::string> rolled_back_mentions{"web-2-1b4e", "Failed"};
const std::vector<std::string> unconfirmed_mentions{"health", "WrongStatus"};

void set_baseline(Inputs& inputs, api::MeasurementResult result, bool before_release) {
  inputs.guard.checks[1].baseline = api::BaselineResult{.result = result,
                                                        .message = "503 instead of 200-399",
                                                        .revision = "revision 1 (web-v1)",
                                                        .consecutive_failures = 2,
                                                        .before = before_release,
                                                        .at = moment};
}

void scale_deployment(Inputs& inputs) {
  inputs.deployment.meta.generation += 1;
  inputs.preflight->generation += 1;
}

// Adds releases between v2 and v1 that were never good.
void add_releases_before_current(Inputs& inputs, int count) {
  for (int i = 0; i < count; ++i) {
    inputs.guard.revisions.insert(
        inputs.guard.revisions.begin() + 1,
        api::Revision{.hash = TemplateHash("between-" + std::to_string(i)),
                      .number = 10 + i,
                      .verdict = api::RevisionVerdict::Superseded});
  }
}

// Breaches the rollout check too. The rollout check has no baseline, so the release is the cause.
void breach_rollout(Inputs& inputs) {
  api::CheckStatus& rollout = inputs.guard.checks[0];
  rollout.result = api::MeasurementResult::Fail;
  rollout.consecutive_failures = 1;
  rollout.breached = true;
  rollout.last_failure = moment;
}

// Only the rollout check is breached, because the cluster creates no pods.
void breach_by_cluster(Inputs& inputs) {
  breach_rollout(inputs);
  inputs.guard.checks[0].reason = Reason::PodsNotCreated;
  inputs.guard.checks[0].message = "exceeded quota: pods";
  inputs.guard.checks[1] = {.name = "health", .reason = Reason::Pending, .failure_threshold = 3};
}

// v1 and v2 name the same image, app:latest. `of_v1` and `of_v2`: the id of the image that ran.
void set_images(Inputs& inputs, const char* of_v1, const char* of_v2) {
  inputs.preflight->same_images = true;
  inputs.guard.current->images = {{"app:latest", of_v2}};
  inputs.guard.revisions.front().images = {{"app:latest", of_v2}};
  inputs.guard.revisions.back().images = {{"app:latest", of_v1}};
  if (inputs.rollback) inputs.rollback->spec.to.images = {{"app:latest", of_v1}};
}

std::vector<GateRow> cluster_rows() {
  return {
      {"ClusterFault",
       "the cluster prevents the rollout",
       breach_by_cluster,
       {{.reason = Reason::ClusterFault, .mentions = {"PodsNotCreated", "exceeded quota: pods"}}}},
      {"ClusterFault", "another check is breached too",
       [](Inputs& in) {
         breach_rollout(in);
         in.guard.checks[0].reason = Reason::PodsNotCreated;
       }},
      {"ClusterFault", "the release is the cause",
       [](Inputs& in) {
         breach_by_cluster(in);
         in.guard.checks[0].reason = Reason::PodsRejected;
       }},
      {"SameImage",
       "the tag of the image has moved",
       [](Inputs& in) { set_images(in, "sha256:a", "sha256:b"); },
       {{.reason = Reason::SameImage, .mentions = {"app:latest", "sha256:a", "sha256:b"}}}},
      {"SameImage", "the tag gives the same image",
       [](Inputs& in) { set_images(in, "sha256:a", "sha256:a"); }},
      {"SameImage", "the revisions name other images",
       [](Inputs& in) {
         set_images(in, "sha256:a", "sha256:b");
         in.preflight->same_images = false;
       }},
  };
}

std::vector<GateRow> once_per_release_rows() {
  return {
      {"Declined",
       "a user deleted the Rollback of the release",
       [](Inputs& in) {
         in.guard.declined = api::Declined{.rollback = "web-2-1b4e", .at = moment};
       },
       {{.reason = Reason::Declined, .mentions = {"web-2-1b4e"}}}},
      {"Declined", "no user declined the rollback", [](Inputs&) {}},
      {"AlreadyRolledBack",
       "a Rollback of the release failed",
       [](Inputs& in) { in.rollback = finished_rollback(in); },
       {{.reason = Reason::AlreadyRolledBack, .mentions = rolled_back_mentions}}},
      {"AlreadyRolledBack",
       "a Rollback of the release failed, and the Deployment was scaled since",
       [](Inputs& in) {
         in.rollback = finished_rollback(in);
         scale_deployment(in);
       },
       {{.reason = Reason::AlreadyRolledBack, .mentions = rolled_back_mentions}}},
      {"AlreadyRolledBack",
       "a failed Rollback has the generation of this release in its name",
       [](Inputs& in) {
         in.rollback = finished_rollback(in);
         in.rollback->spec.detected.reset();
         in.rollback->spec.from.hash = TemplateHash("v0");
       },
       {{.reason = Reason::AlreadyRolledBack, .mentions = rolled_back_mentions}}},
      {"AlreadyRolledBack",
       "the breach of a failed Rollback was detected when the evaluation began",
       [](Inputs& in) {
         in.rollback = finished_rollback(in);
         in.rollback->spec.detected = *in.guard.evaluation_started;
         scale_deployment(in);
       },
       {{.reason = Reason::AlreadyRolledBack, .mentions = rolled_back_mentions}}},
      {"AlreadyRolledBack", "a Rollback of the same template failed before this release",
       [](Inputs& in) {
         in.rollback = finished_rollback(in);
         in.rollback->spec.detected = *in.guard.evaluation_started - 1ms;
         scale_deployment(in);
       }},
      {"AlreadyRolledBack", "a Rollback of another template failed",
       [](Inputs& in) {
         in.rollback = finished_rollback(in);
         in.rollback->meta.key.name = "web-1-1b4e";
         in.rollback->spec.from.hash = TemplateHash("v0");
       }},
      {"AlreadyRolledBack", "a Rollback of another Deployment failed",
       [](Inputs& in) {
         in.rollback = finished_rollback(in);
         in.rollback->spec.deployment_uid = Uid("1b4e-another");
       }},
      {"AlreadyRolledBack", "a Rollback failed before it changed anything",
       [](Inputs& in) {
         in.rollback = finished_rollback(in);
         in.rollback->status.template_restored.reset();
       }},
      {"AlreadyRolledBack", "a Rollback was superseded before it changed anything",
       [](Inputs& in) { in.rollback = finished_rollback(in, api::RollbackPhase::Superseded); }},
      {"AlreadyRolledBack",
       "a Rollback was superseded after the patch",
       [](Inputs& in) {
         in.rollback = finished_rollback(in, api::RollbackPhase::Superseded);
         in.rollback->status.template_restored = moment;
       },
       {{.reason = Reason::AlreadyRolledBack, .mentions = {"web-2-1b4e", "Superseded"}}}},
      {"AlreadyRolledBack", "a Rollback is in progress",
       [](Inputs& in) { in.rollback = finished_rollback(in, api::RollbackPhase::Restored); }},
  };
}

std::vector<GateRow> target_rows() {
  return {
      {"NoLastGood",
       "there is no good revision",
       [](Inputs& in) { in.guard.revisions.resize(1); },
       {{.reason = Reason::NoLastGood,
         .mentions = {"Check health is breached: message of the measurement (3 of 3 consecutive "
                      "failures)",
                      "no other revision", "Ship a release that works"}}}},
      {"NoLastGood",
       "there is no good revision, and the check has not passed for any revision",
       [](Inputs& in) {
         in.guard.revisions.resize(1);
         in.guard.passed_checks.clear();
       },
       {{.reason = Reason::NoLastGood,
         .mentions = {"Check health is breached", "has not passed for any revision",
                      "correct it in RollbackPolicy/web"}}}},
      {"NoLastGood",
       "there is no good revision, and the breached check has no result now",
       [](Inputs& in) {
         in.guard.revisions.resize(1);
         in.guard.checks[1].result = api::MeasurementResult::Unknown;
         in.guard.checks[1].reason = Reason::ServiceNotFound;
         in.guard.checks[1].message = "Service web does not exist";
       },
       {{.reason = Reason::NoLastGood,
         .mentions = {"Check health is breached, but its last result is Unknown "
                      "(ServiceNotFound): Service web does not exist"}}}},
      {"NoLastGood",
       "the good revision has no snapshot",
       [](Inputs& in) { in.guard.revisions[1].snapshot.clear(); },
       {{.reason = Reason::NoLastGood, .mentions = {"revision 1"}}}},
      {"NoLastGood", "the good revision has a snapshot", [](Inputs&) {}},
      {"NoLastGood", "the release has the no-rollback-past mark (NoRollbackPast blocks instead)",
       [](Inputs& in) { in.guard.current->no_rollback_past = true; }},
      {"NoRollbackPast",
       "the release has the mark",
       [](Inputs& in) { in.guard.current->no_rollback_past = true; },
       {{.reason = Reason::NoRollbackPast,
         .mentions = {"revision 2", "revision 1", "lastgood.dev/no-rollback-past"}}}},
      {"NoRollbackPast",
       "a revision between the release and the target has the mark",
       [](Inputs& in) {
         api::Revision between{
             .hash = TemplateHash("v1b"), .number = 7, .verdict = api::RevisionVerdict::Superseded};
         between.no_rollback_past = true;
         in.guard.revisions.insert(in.guard.revisions.begin() + 1, between);
       },
       {{.reason = Reason::NoRollbackPast,
         .mentions = {"revision 7", "revision 1", "lastgood.dev/no-rollback-past"}}}},
      {"NoRollbackPast", "the target has the mark",
       [](Inputs& in) { in.guard.revisions[1].no_rollback_past = true; }},
      {"NoRollbackPast", "no revision has the mark", [](Inputs&) {}},
      {"TooFarBack",
       "six releases would be undone, the limit is 5",
       [](Inputs& in) { add_releases_before_current(in, 5); },
       {{.reason = Reason::TooFarBack,
         .mentions = {"revision 1 (web-v1)", "6 releases", "limit 5", "revision 2 (web-v2)",
                      "revision 10 (web-between-0)", "revision 14 (web-between-4)",
                      "spec.rollback.maxRevisionsBack of RollbackPolicy/web"}}}},
      {"TooFarBack", "five releases would be undone, the limit is 5",
       [](Inputs& in) { add_releases_before_current(in, 4); }},
      {"TooFarBack", "releases that were rolled back already do not count",
       [](Inputs& in) {
         add_releases_before_current(in, 5);
         in.guard.revisions[1].verdict = api::RevisionVerdict::RolledBack;
       }},
      {"TooFarBack",
       "two releases would be undone, the limit of the policy is 1",
       [](Inputs& in) {
         in.policy.spec.max_revisions_back = 1;
         add_releases_before_current(in, 1);
       },
       {{.reason = Reason::TooFarBack, .mentions = {"2 releases", "limit 1"}}}},
      {"TooFarBack", "one release would be undone, the limit of the policy is 1",
       [](Inputs& in) { in.policy.spec.max_revisions_back = 1; }},
      {"TooFarBack", "there is no target (NoLastGood blocks instead)",
       [](Inputs& in) {
         add_releases_before_current(in, 5);
         in.guard.revisions.pop_back();
       }},
  };
}

std::vector<GateRow> confirmation_rows() {
  return {
      {"Unconfirmed",
       "the last failure was an hour ago",
       [](Inputs& in) { in.guard.checks[1].last_failure = moment - 1h; },
       {{.reason = Reason::Unconfirmed, .mentions = unconfirmed_mentions}}},
      {"Unconfirmed",
       "the last result is unknown",
       [](Inputs& in) { in.guard.checks[1].result = api::MeasurementResult::Unknown; },
       {{.reason = Reason::Unconfirmed, .mentions = unconfirmed_mentions}}},
      {"Unconfirmed",
       "the check flaps, and passed last",
       [](Inputs& in) { in.guard.checks[1].result = api::MeasurementResult::Pass; },
       {{.reason = Reason::Unconfirmed, .is_quiet = true}}},
      {"Unconfirmed", "the check fails now", [](Inputs&) {}},
      {"Unconfirmed", "another breached check fails now",
       [](Inputs& in) {
         in.guard.checks[1].result = api::MeasurementResult::Unknown;
         breach_rollout(in);
       }},
  };
}

std::vector<GateRow> baseline_rows() {
  return {
      {"AlreadyFailing",
       "the baseline failed before the release had a pod",
       [](Inputs& in) { set_baseline(in, api::MeasurementResult::Fail, true); },
       {{.reason = Reason::AlreadyFailing,
         .mentions = {"health", "revision 1 (web-v1)", "503 instead of 200-399",
                      "message of the measurement"}}}},
      {"AlreadyFailing", "the baseline passed before the release had a pod",
       [](Inputs& in) { set_baseline(in, api::MeasurementResult::Pass, true); }},
      {"AlreadyFailing", "the baseline had no result before the release had a pod",
       [](Inputs& in) { set_baseline(in, api::MeasurementResult::Unknown, true); }},
      {"AlreadyFailing", "the baseline fails now",
       [](Inputs& in) { set_baseline(in, api::MeasurementResult::Fail, false); }},
      {"AlreadyFailing", "another breached check has no baseline",
       [](Inputs& in) {
         set_baseline(in, api::MeasurementResult::Fail, true);
         breach_rollout(in);
       }},
      {"SharedCause",
       "the baseline fails now too",
       [](Inputs& in) { set_baseline(in, api::MeasurementResult::Fail, false); },
       {{.reason = Reason::SharedCause,
         .mentions = {"health", "revision 1 (web-v1)", "2026-11-24T12:00:30Z",
                      "503 instead of 200-399", "message of the measurement"}}}},
      {"SharedCause", "the baseline passes",
       [](Inputs& in) { set_baseline(in, api::MeasurementResult::Pass, false); }},
      {"SharedCause", "the check has no baseline",
       [](Inputs& in) { in.guard.checks[1].baseline.reset(); }},
      {"SharedCause", "the baseline has no result",
       [](Inputs& in) { set_baseline(in, api::MeasurementResult::Unknown, false); }},
      {"SharedCause", "the baseline failed before the release had a pod",
       [](Inputs& in) { set_baseline(in, api::MeasurementResult::Fail, true); }},
      {"SharedCause", "another breached check has no baseline",
       [](Inputs& in) {
         set_baseline(in, api::MeasurementResult::Fail, false);
         breach_rollout(in);
       }},
      {"SharedCause", "the baseline failed once",
       [](Inputs& in) {
         set_baseline(in, api::MeasurementResult::Fail, false);
         in.guard.checks[1].baseline->consecutive_failures = 1;
       }},
      {"AlreadyFailing", "the baseline failed once before the release had a pod",
       [](Inputs& in) {
         set_baseline(in, api::MeasurementResult::Fail, true);
         in.guard.checks[1].baseline->consecutive_failures = 1;
       }},
  };
}

// The policy was edited after the Rollback was recorded, if there is one: the evidence of the
// Rollback is of another configuration of the check.
void change_check_after_record(Inputs& in) {
  if (!in.rollback) return;
  for (api::CheckStatus& check : in.rollback->status.evidence) check.config_hash = "other";
}

std::vector<GateRow> established_rows() {
  return {
      {"CheckNotEstablished",
       "the check never passed for a revision",
       [](Inputs& in) {
         in.guard.passed_checks.clear();
         change_check_after_record(in);
       },
       {{.reason = Reason::CheckNotEstablished,
         .mentions = {"health", "RollbackPolicy/web", "message of the measurement"}}}},
      {"CheckNotEstablished",
       "the check passed for the breached revision only",
       [](Inputs& in) {
         in.guard.passed_checks[0].revision = in.guard.current->hash;
         change_check_after_record(in);
       },
       {{.reason = Reason::CheckNotEstablished, .mentions = {"health"}}}},
      {"CheckNotEstablished",
       "the check passed with another configuration only",
       [](Inputs& in) {
         in.guard.passed_checks[0].config_hash = "0123";
         change_check_after_record(in);
       },
       {{.reason = Reason::CheckNotEstablished, .mentions = {"health"}}}},
      {"CheckNotEstablished", "the check passed for another revision", [](Inputs&) {}},
      {"CheckNotEstablished", "the rollout check is breached too",
       [](Inputs& in) {
         in.guard.passed_checks.clear();
         breach_rollout(in);
       }},
      {"CheckNotEstablished", "the baseline of the check fails too",
       [](Inputs& in) {
         in.guard.passed_checks.clear();
         set_baseline(in, api::MeasurementResult::Fail, false);
       }},
  };
}

}  // namespace

const std::vector<GateRow>& evidence_gate_rows() {
  static const std::vector<GateRow> rows = [] {
    std::vector<GateRow> all = once_per_release_rows();
    for (const auto& part :
         {target_rows(), confirmation_rows(), baseline_rows(), established_rows(), cluster_rows()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return rows;
}

}  // namespace lastgood::guard::test
