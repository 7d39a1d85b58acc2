// What the fleet, the limits, the preflight and the mode say.
#include "golden.hpp"

namespace lastgood::guard::test {

namespace {

void rolled_back_ago(Inputs& inputs, std::vector<Duration> times) {
  for (const Duration ago : times)
    inputs.guard.rollbacks.push_back({.name = "earlier", .at = moment - ago});
}

void found(Inputs& inputs, api::ConditionStatus ready, Reason reason, const char* message) {
  inputs.preflight->ready = ready;
  inputs.preflight->reason = reason;
  inputs.preflight->message = message;
}

const ExpectedHold being_checked{
    .reason = Reason::CheckingRollback, .until = 50ms, .is_quiet = true};

std::vector<HoldRow> how_often() {
  return {
      {"BreakerOpen",
       "while the fleet fails together nobody is put back",
       [](Inputs& w) { w.breaker = {.is_open = true, .message = "9 of 10 fail"}; },
       {{.reason = Reason::BreakerOpen, .mentions = {"9 of 10 fail"}}}},
      {"BreakerOpen", "while the breaker is closed one is",
       [](Inputs& w) { w.breaker = {.is_open = false, .message = "1 of 10"}; }},
      {"LimitReached",
       "the fourth time within an hour needs a person",
       [](Inputs& w) { rolled_back_ago(w, {10min, 20min, 1h - 1ms}); },
       {{.reason = Reason::LimitReached,
         .mentions = {"3 times", "1h", "limit 3"},
         .freezes = true}}},
      {"LimitReached",
       "the limit is the policy's",
       [](Inputs& w) {
         w.policy.spec.limit = {.count = 1, .within = 10min};
         rolled_back_ago(w, {9min});
       },
       {{.reason = Reason::LimitReached,
         .mentions = {"1 time", "10m", "limit 1"},
         .freezes = true}}},
      {"LimitReached", "the third time does not",
       [](Inputs& w) { rolled_back_ago(w, {10min, 20min}); }},
      {"LimitReached", "what is longer ago than the window does not count",
       [](Inputs& w) { rolled_back_ago(w, {10min, 20min, 1h}); }},
      {"Cooldown",
       "from one rollback to the next a while must pass",
       [](Inputs& w) { rolled_back_ago(w, {2min}); },
       {{.reason = Reason::Cooldown,
         .mentions = {"2m ago", "2026-11-24T12:03:30Z", "cooldown 5m"},
         .until = 3min}}},
      {"Cooldown",
       "to its last moment",
       [](Inputs& w) { rolled_back_ago(w, {5min - 1ms, 10min}); },
       {{.reason = Reason::Cooldown,
         .mentions = {"4m59s ago", "2026-11-24T12:00:30Z", "cooldown 5m"},
         .until = 1ms}}},
      {"Cooldown", "and no longer", [](Inputs& w) { rolled_back_ago(w, {5min}); }},
      {"Cooldown", "nor where it was never rolled back", [](Inputs&) {}},
      {"Cooldown", "nor where the policy wants none",
       [](Inputs& w) {
         w.policy.spec.cooldown = 0s;
         rolled_back_ago(w, {1ms});
       }},
  };
}

std::vector<HoldRow> whether_it_works() {
  return {
      {"Preflight", "what is not known to work is found out first",
       [](Inputs& w) { w.preflight.reset(); }, being_checked},
      {"Preflight", "what was found out of another generation says nothing",
       [](Inputs& w) { w.preflight->generation -= 1; }, being_checked},
      {"Preflight", "nor of another target", [](Inputs& w) { w.preflight->target = "web-v0"; },
       being_checked},
      {"Preflight", "nor half a minute ago",
       [](Inputs& w) { w.preflight->at = moment - 30s - 1ms; }, being_checked},
      {"Preflight",
       "what the server refuses is not begun, in its words",
       [](Inputs& w) {
         found(w, api::ConditionStatus::False, Reason::AdmissionDenied, "LimitRange says no");
       },
       {{.reason = Reason::AdmissionDenied, .mentions = {"LimitRange says no"}, .until = 5s}}},
      {"Preflight",
       "nor what needs a Secret that is gone",
       [](Inputs& w) {
         found(w, api::ConditionStatus::False, Reason::MissingReference,
               "Secret db does not exist");
       },
       {{.reason = Reason::MissingReference,
         .mentions = {"Secret db does not exist"},
         .until = 5s}}},
      {"Preflight",
       "nor what could not be found out",
       [](Inputs& w) {
         found(w, api::ConditionStatus::Unknown, Reason::NotChecked, "The server did not answer");
       },
       {{.reason = Reason::NotChecked, .mentions = {"The server did not answer"}, .until = 5s}}},
      {"Preflight", "what would work is begun", [](Inputs& w) { w.preflight->at = moment - 30s; }},
      {"Preflight", "without a target there is nothing to find out",
       [](Inputs& w) {
         w.guard.revisions.resize(1);
         w.rollback.reset();
         w.preflight.reset();
       }},
  };
}

void in_mode(Inputs& inputs, api::Mode mode) {
  inputs.policy.spec.mode = mode;
  if (inputs.rollback) inputs.rollback->spec.mode = mode;
}

const std::vector<std::string> waits{"web-2-1b4e", "kubectl patch rollback web-2-1b4e -n shop",
                                     "kubectl annotate deployment web -n shop",
                                     "lastgood.dev/approve=web-2-1b4e"};

const std::vector<std::string> waits_and_another_is_named{
    "web-2-1b4e", "kubectl annotate deployment web -n shop", "web-1-1b4e"};

std::vector<HoldRow> mode() {
  return {
      {"Observing",
       "a policy that observes touches nothing",
       [](Inputs& w) { in_mode(w, api::Mode::Observe); },
       {{.reason = Reason::Observing,
         .mentions = {"RollbackPolicy/web", "Observe", "revision 1"}}}},
      {"Observing", "one that enforces does", [](Inputs& w) { in_mode(w, api::Mode::Enforce); }},
      {"Observing", "one that asks for approval records it",
       [](Inputs& w) { in_mode(w, api::Mode::Approve); }},
      {"AwaitingApproval",
       "what must be approved waits for it",
       [](Inputs& w) { in_mode(w, api::Mode::Approve); },
       {{.reason = Reason::AwaitingApproval, .mentions = waits}}},
      {"AwaitingApproval",
       "the approval of another Rollback is none",
       [](Inputs& w) {
         in_mode(w, api::Mode::Approve);
         w.policy.approve = "web-1-1b4e";
       },
       {{.reason = Reason::AwaitingApproval, .mentions = waits_and_another_is_named}}},
      {"AwaitingApproval",
       "what was to be approved still is when the policy has changed its mode",
       [](Inputs& w) {
         in_mode(w, api::Mode::Approve);
         w.policy.spec.mode = api::Mode::Enforce;
       },
       {{.reason = Reason::AwaitingApproval, .mentions = waits}}},
      {"AwaitingApproval", "approved on the Rollback it goes on",
       [](Inputs& w) {
         in_mode(w, api::Mode::Approve);
         w.rollback->spec.approved = true;
       }},
      {"AwaitingApproval", "approved on the Deployment it does",
       [](Inputs& w) {
         in_mode(w, api::Mode::Approve);
         w.policy.approve = "web-2-1b4e";
       }},
      {"AwaitingApproval", "what need not be approved does",
       [](Inputs& w) { in_mode(w, api::Mode::Enforce); }},
      {"AwaitingApproval", "what a person asked for is approved by that",
       [](Inputs& w) {
         in_mode(w, api::Mode::Approve);
         w.rollback->spec.check.clear();
       }},
  };
}

}  // namespace

const std::vector<HoldRow>& rows_on_limits() {
  static const std::vector<HoldRow> rows = [] {
    std::vector<HoldRow> all = how_often();
    for (const auto& part : {whether_it_works(), mode()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return rows;
}

}  // namespace lastgood::guard::test
