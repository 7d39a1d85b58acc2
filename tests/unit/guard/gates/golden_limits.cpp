// Rows of the gates for the breaker, the limits, the preflight and the mode.
#include "unit/guard/gates/golden.hpp"

namespace lastgood::guard::test {

namespace {

// Adds past rollbacks. `ages`: how long before `moment` each of them was, newest first.
void add_past_rollbacks(Inputs& inputs, std::vector<Duration> ages) {
  for (const Duration age : ages)
    inputs.guard.rollbacks.push_back({.name = "earlier", .at = moment - age});
}

// The check of v2 began to fail at `moment`. `after`: how much later each of the other Deployments
// began to fail.
void add_other_failures(Inputs& inputs, std::vector<Duration> after) {
  inputs.guard.checks[1].first_failure = moment;
  inputs.guard.checks[1].passed_once = true;
  inputs.min_other_failures = 2;
  for (const Duration time : after) {
    const std::string name = "other-" + std::to_string(inputs.other_failures.size());
    inputs.other_failures.push_back(
        {.deployment = {.namespace_ = "shop", .name = name}, .began = moment + time});
  }
}

void set_preflight(Inputs& inputs, api::ConditionStatus ready, Reason reason, const char* message) {
  inputs.preflight->ready = ready;
  inputs.preflight->reason = reason;
  inputs.preflight->message = message;
}

const ExpectedHold preflight_runs{
    .reason = Reason::CheckingRollback, .until = 50ms, .is_quiet = true};

std::vector<GateRow> limit_rows() {
  return {
      {"BreakerOpen",
       "the breaker is open",
       [](Inputs& in) { in.breaker = {.is_open = true, .message = "9 of 10 fail"}; },
       {{.reason = Reason::BreakerOpen, .mentions = {"9 of 10 fail"}}}},
      {"BreakerOpen", "the breaker is closed",
       [](Inputs& in) { in.breaker = {.is_open = false, .message = "1 of 10"}; }},
      {"SharedWithFleet",
       "two other Deployments began to fail within a minute",
       [](Inputs& in) { add_other_failures(in, {-1min, 1min}); },
       {{.reason = Reason::SharedCause,
         .mentions = {"health", "2026-11-24T12:00:30Z", "2 other", "shop/other-0", "shop/other-1",
                      "message of the measurement"}}}},
      {"SharedWithFleet", "fewer others began to fail than are needed to hold a release",
       [](Inputs& in) {
         add_other_failures(in, {0s, 0s});
         in.min_other_failures = 3;
       }},
      {"SharedWithFleet", "the failures of other Deployments may hold no release",
       [](Inputs& in) {
         add_other_failures(in, {0s, 0s});
         in.min_other_failures = 0;
       }},
      {"SharedWithFleet",
       "two others began to fail before a release that failed from its start",
       [](Inputs& in) {
         add_other_failures(in, {-1min, 0s});
         in.guard.checks[1].passed_once = false;
       },
       {{.reason = Reason::SharedCause}}},
      {"SharedWithFleet", "a release that failed from its start may be the cause of later failures",
       [](Inputs& in) {
         add_other_failures(in, {-1min, 1ms});
         in.guard.checks[1].passed_once = false;
       }},
      {"SharedWithFleet", "only the template can be the cause of a missing image",
       [](Inputs& in) {
         add_other_failures(in, {0s, 0s});
         in.guard.checks[1].reason = Reason::ImagePull;
       }},
      {"SharedWithFleet", "only the template can be the cause of a missing ConfigMap",
       [](Inputs& in) {
         add_other_failures(in, {0s, 0s});
         in.guard.checks[1].reason = Reason::ConfigError;
       }},
      {"SharedWithFleet", "only the template can be the cause of rejected pods",
       [](Inputs& in) {
         add_other_failures(in, {0s, 0s});
         in.guard.checks[1].reason = Reason::PodsRejected;
       }},
      {"SharedWithFleet", "one other Deployment began to fail at the same time",
       [](Inputs& in) { add_other_failures(in, {0s}); }},
      {"SharedWithFleet", "two others began to fail, one of them more than a minute before",
       [](Inputs& in) { add_other_failures(in, {-1min - 1ms, 0s}); }},
      {"SharedWithFleet", "two others began to fail, one of them more than a minute after",
       [](Inputs& in) { add_other_failures(in, {1min + 1ms, 0s}); }},
      {"SharedWithFleet", "the baseline passes, so the cause is not shared",
       [](Inputs& in) {
         add_other_failures(in, {0s, 0s, 0s});
         in.guard.checks[1].baseline =
             api::BaselineResult{.result = api::MeasurementResult::Pass, .at = moment - 30s};
       }},
      {"SharedWithFleet",
       "the baseline passed long before the check failed",
       [](Inputs& in) {
         add_other_failures(in, {0s, 0s, 0s});
         in.guard.checks[1].baseline =
             api::BaselineResult{.result = api::MeasurementResult::Pass, .at = moment - 31s};
       },
       {{.reason = Reason::SharedCause, .mentions = {"3 other"}}}},
      {"SharedWithFleet",
       "the pass of an external metric before the release says nothing about the old pods",
       [](Inputs& in) {
         add_other_failures(in, {0s, 0s, 0s});
         api::CheckKind& kind = in.policy.spec.checks[0].kind;
         kind = api::ExternalMetricCheck{.metric = "depth"};
         in.guard.checks[1].config_hash = api::config_hash_of(kind);
         for (api::PassedCheck& passed : in.guard.passed_checks)
           passed.config_hash = api::config_hash_of(kind);
         in.guard.checks[1].baseline = api::BaselineResult{
             .result = api::MeasurementResult::Pass, .before = true, .at = moment - 30s};
       },
       {{.reason = Reason::SharedCause, .mentions = {"3 other"}}}},
      {"LimitReached",
       "three rollbacks within the hour",
       [](Inputs& in) { add_past_rollbacks(in, {10min, 20min, 1h - 1ms}); },
       {{.reason = Reason::LimitReached,
         .mentions = {"3 rollbacks", "1h", "limit 3"},
         .freezes = true}}},
      {"LimitReached",
       "one rollback, the limit of the policy",
       [](Inputs& in) {
         in.policy.spec.limit = {.count = 1, .within = 10min};
         add_past_rollbacks(in, {9min});
       },
       {{.reason = Reason::LimitReached,
         .mentions = {"1 rollback", "10m", "limit 1"},
         .freezes = true}}},
      {"LimitReached",
       "three rollbacks within the hour, and one of them is now",
       [](Inputs& in) { add_past_rollbacks(in, {0s, 10min, 20min}); },
       {{.reason = Reason::LimitReached,
         .mentions = {"3 rollbacks", "1h", "limit 3"},
         .freezes = true}}},
      {"LimitReached",
       "four rollbacks within the hour, one more than the limit",
       [](Inputs& in) { add_past_rollbacks(in, {10min, 20min, 30min, 40min}); },
       {{.reason = Reason::LimitReached, .mentions = {"4 rollbacks", "limit 3"}, .freezes = true}}},
      {"LimitReached", "two rollbacks within the hour, and one in the future",
       [](Inputs& in) { add_past_rollbacks(in, {-1ms, 10min, 20min}); }},
      {"LimitReached", "two rollbacks within the hour",
       [](Inputs& in) { add_past_rollbacks(in, {10min, 20min}); }},
      {"LimitReached", "two rollbacks within the hour, and one an hour ago",
       [](Inputs& in) { add_past_rollbacks(in, {10min, 20min, 1h}); }},
      {"Cooldown",
       "a rollback two minutes ago",
       [](Inputs& in) { add_past_rollbacks(in, {2min}); },
       {{.reason = Reason::Cooldown,
         .mentions = {"2026-11-24T11:58:30Z", "2026-11-24T12:03:30Z", "cooldown 5m",
                      "create a Rollback", "spec.rollback.cooldown of RollbackPolicy/web"},
         .until = 3min}}},
      {"Cooldown",
       "a rollback 1ms less than five minutes ago",
       [](Inputs& in) { add_past_rollbacks(in, {5min - 1ms, 10min}); },
       {{.reason = Reason::Cooldown,
         .mentions = {"2026-11-24T11:55:30Z", "2026-11-24T12:00:30Z", "cooldown 5m"},
         .until = 1ms}}},
      {"Cooldown",
       "a rollback two minutes ago, and a ConfigMap is the policy",
       [](Inputs& in) {
         in.policy.kind = policy::EffectivePolicy::Kind::ConfigMap;
         add_past_rollbacks(in, {2min});
       },
       {{.reason = Reason::Cooldown, .mentions = {"create a Rollback"}, .until = 3min}}},
      {"Cooldown", "a rollback five minutes ago",
       [](Inputs& in) { add_past_rollbacks(in, {5min}); }},
      {"Cooldown", "no past rollback", [](Inputs&) {}},
      {"Cooldown", "a rollback 1ms ago, and the cooldown is 0",
       [](Inputs& in) {
         in.policy.spec.cooldown = 0s;
         add_past_rollbacks(in, {1ms});
       }},
  };
}

std::vector<GateRow> preflight_rows() {
  return {
      {"Preflight", "no preflight has run", [](Inputs& in) { in.preflight.reset(); },
       preflight_runs},
      {"Preflight", "the last preflight was for another generation",
       [](Inputs& in) { in.preflight->generation -= 1; }, preflight_runs},
      {"Preflight",
       "the watch is behind the last preflight",
       [](Inputs& in) { in.preflight->generation += 1; },
       {{.reason = Reason::CheckingRollback, .until = 5s, .is_quiet = true}}},
      {"Preflight", "the last preflight was for another target",
       [](Inputs& in) { in.preflight->target = "web-v0"; }, preflight_runs},
      {"Preflight", "the last preflight was more than 45s ago",
       [](Inputs& in) { in.preflight->at = moment - 45s - 1ms; }, preflight_runs},
      {"Preflight",
       "the API server rejects the patch",
       [](Inputs& in) {
         set_preflight(in, api::ConditionStatus::False, Reason::AdmissionDenied,
                       "LimitRange says no");
       },
       {{.reason = Reason::AdmissionDenied, .mentions = {"LimitRange says no"}, .until = 5s}}},
      {"Preflight",
       "a reference is missing",
       [](Inputs& in) {
         set_preflight(in, api::ConditionStatus::False, Reason::MissingReference,
                       "Secret db does not exist");
       },
       {{.reason = Reason::MissingReference,
         .mentions = {"Secret db does not exist"},
         .until = 5s}}},
      {"Preflight",
       "the last preflight has no result",
       [](Inputs& in) {
         set_preflight(in, api::ConditionStatus::Unknown, Reason::NotChecked,
                       "The server did not answer");
       },
       {{.reason = Reason::NotChecked, .mentions = {"The server did not answer"}, .until = 5s}}},
      {"Preflight", "the last preflight passed 45s ago",
       [](Inputs& in) { in.preflight->at = moment - 45s; }},
      {"Preflight", "there is no target",
       [](Inputs& in) {
         in.guard.revisions.resize(1);
         in.rollback.reset();
         in.preflight.reset();
       }},
  };
}

void set_mode(Inputs& inputs, api::Mode mode) {
  inputs.policy.spec.mode = mode;
  if (inputs.rollback) inputs.rollback->spec.mode = mode;
}

// "web" initiates a group rollback of `members`. The policy of "api" has mode Approve.
void add_member_in_mode_approve(Inputs& inputs, std::vector<std::string> members) {
  inputs.policy.group = "shop";
  inputs.rollback->spec.group = api::GroupRollback{.name = "shop", .members = std::move(members)};
  inputs.group = {member("api")};
  inputs.group[0].mode = api::Mode::Approve;
}

const std::vector<std::string> approval_commands{
    "web-2-1b4e",
    "check health is breached (WrongStatus): message of the measurement",
    "kubectl patch rollback web-2-1b4e -n shop",
    "kubectl annotate deployment web -n shop",
    "lastgood.dev/approve=web-2-1b4e",
    "kubectl delete rollback web-2-1b4e -n shop"};

const std::vector<std::string> approval_of_another_mentions{
    "web-2-1b4e", "kubectl annotate deployment web -n shop", "web-1-1b4e"};

std::vector<GateRow> mode_rows() {
  return {
      {"Observing",
       "mode Observe",
       [](Inputs& in) { set_mode(in, api::Mode::Observe); },
       {{.reason = Reason::Observing,
         .mentions = {"RollbackPolicy/web", "Observe", "revision 1"}}}},
      {"Observing", "mode Enforce", [](Inputs& in) { set_mode(in, api::Mode::Enforce); }},
      {"Observing", "mode Approve", [](Inputs& in) { set_mode(in, api::Mode::Approve); }},
      {"AwaitingApproval",
       "mode Approve, and the Rollback is not approved",
       [](Inputs& in) { set_mode(in, api::Mode::Approve); },
       {{.reason = Reason::AwaitingApproval, .mentions = approval_commands}}},
      {"AwaitingApproval",
       "the Deployment approves another Rollback",
       [](Inputs& in) {
         set_mode(in, api::Mode::Approve);
         in.policy.approve = "web-1-1b4e";
       },
       {{.reason = Reason::AwaitingApproval, .mentions = approval_of_another_mentions}}},
      {"AwaitingApproval",
       "recorded in mode Approve, and the mode is Enforce now",
       [](Inputs& in) {
         set_mode(in, api::Mode::Approve);
         in.policy.spec.mode = api::Mode::Enforce;
       },
       {{.reason = Reason::AwaitingApproval, .mentions = approval_commands}}},
      {"AwaitingApproval",
       "the policy of an included member has mode Approve",
       [](Inputs& in) { add_member_in_mode_approve(in, {"web", "api"}); },
       {{.reason = Reason::AwaitingApproval, .mentions = approval_commands}}},
      {"AwaitingApproval", "the policy of a member that is not included has mode Approve",
       [](Inputs& in) { add_member_in_mode_approve(in, {"web", "db"}); }},
      {"AwaitingApproval", "the policy of a member has mode Approve, and the member is restored",
       [](Inputs& in) {
         add_member_in_mode_approve(in, {"web", "api"});
         in.group[0].rollback =
             member_rollback(in.rollback->meta.key.name, RollbackPhase::Verifying, moment);
       }},
      {"AwaitingApproval", "approved on the Rollback",
       [](Inputs& in) {
         set_mode(in, api::Mode::Approve);
         in.rollback->spec.approved = true;
       }},
      {"AwaitingApproval", "approved on the Deployment",
       [](Inputs& in) {
         set_mode(in, api::Mode::Approve);
         in.policy.approve = "web-2-1b4e";
       }},
      {"AwaitingApproval", "recorded in mode Enforce",
       [](Inputs& in) { set_mode(in, api::Mode::Enforce); }},
      {"AwaitingApproval", "a manual rollback",
       [](Inputs& in) {
         set_mode(in, api::Mode::Approve);
         in.rollback->spec.check.clear();
       }},
  };
}

}  // namespace

const std::vector<GateRow>& limit_gate_rows() {
  static const std::vector<GateRow> rows = [] {
    std::vector<GateRow> all = limit_rows();
    for (const auto& part : {preflight_rows(), mode_rows()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return rows;
}

}  // namespace lastgood::guard::test
