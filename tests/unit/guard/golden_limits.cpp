// What the fleet, the limits, the preflight and the mode say.
#include "golden.hpp"

namespace lastgood::guard::test {

namespace {

void rolled_back_ago(World& world, std::vector<Duration> times) {
  for (const Duration ago : times) world.guard.rollbacks.push_back({.name = "earlier", .at = moment - ago});
}

void found(World& world, api::Truth ready, const char* reason, const char* message) {
  world.preflight->ready = ready;
  world.preflight->reason = reason;
  world.preflight->message = message;
}

constexpr Held being_checked{.reason = "CheckingRollback",
                             .message = "Whether the rollback would work is being found out",
                             .until = 50ms,
                             .is_quiet = true};

std::vector<HoldRow> how_often() {
  return {
      {"BreakerOpen",
       "while the fleet fails together nobody is put back",
       [](World& w) { w.breaker = {.is_open = true, .message = "9 of 10 fail"}; },
       {{.reason = "BreakerOpen", .message = "9 of 10 fail"}}},
      {"BreakerOpen", "while the breaker is closed one is",
       [](World& w) { w.breaker = {.is_open = false, .message = "1 of 10"}; }},
      {"LimitReached",
       "the fourth time within an hour needs a person",
       [](World& w) { rolled_back_ago(w, {10min, 20min, 1h - 1ms}); },
       {{.reason = "LimitReached",
         .message = "It was rolled back 3 times within 1h (limit 3), so another time would not help",
         .freezes = true}}},
      {"LimitReached",
       "the limit is the policy's",
       [](World& w) {
         w.guarding.spec.limit = {.count = 1, .within = 10min};
         rolled_back_ago(w, {9min});
       },
       {{.reason = "LimitReached",
         .message = "It was rolled back 1 times within 10m (limit 1), so another time would not help",
         .freezes = true}}},
      {"LimitReached", "the third time does not", [](World& w) { rolled_back_ago(w, {10min, 20min}); }},
      {"LimitReached", "what is longer ago than the window does not count",
       [](World& w) { rolled_back_ago(w, {10min, 20min, 1h}); }},
      {"Cooldown",
       "from one rollback to the next a while must pass",
       [](World& w) { rolled_back_ago(w, {2min}); },
       {{.reason = "Cooldown",
         .message = "It was rolled back 2m ago; the next rollback is due at 2026-11-24T12:03:30Z (cooldown 5m)",
         .until = 3min}}},
      {"Cooldown",
       "to its last moment",
       [](World& w) { rolled_back_ago(w, {5min - 1ms, 10min}); },
       {{.reason = "Cooldown",
         .message = "It was rolled back 4m59s ago; the next rollback is due at 2026-11-24T12:00:30Z (cooldown 5m)",
         .until = 1ms}}},
      {"Cooldown", "and no longer", [](World& w) { rolled_back_ago(w, {5min}); }},
      {"Cooldown", "nor where it was never rolled back", [](World&) {}},
      {"Cooldown", "nor where the policy wants none",
       [](World& w) {
         w.guarding.spec.cooldown = 0s;
         rolled_back_ago(w, {1ms});
       }},
  };
}

std::vector<HoldRow> whether_it_works() {
  return {
      {"Preflight", "what is not known to work is found out first", [](World& w) { w.preflight.reset(); }, being_checked},
      {"Preflight", "what was found out of another generation says nothing", [](World& w) { w.preflight->generation -= 1; },
       being_checked},
      {"Preflight", "nor of another target", [](World& w) { w.preflight->target = "web-v0"; }, being_checked},
      {"Preflight", "nor half a minute ago", [](World& w) { w.preflight->at = moment - 30s - 1ms; }, being_checked},
      {"Preflight",
       "what the server refuses is not begun, in its words",
       [](World& w) { found(w, api::Truth::False, "Refused", "LimitRange says no"); },
       {{.reason = "Refused", .message = "LimitRange says no", .until = 5s}}},
      {"Preflight",
       "nor what needs a Secret that is gone",
       [](World& w) { found(w, api::Truth::False, "MissingReference", "Secret db does not exist"); },
       {{.reason = "MissingReference", .message = "Secret db does not exist", .until = 5s}}},
      {"Preflight",
       "nor what could not be found out",
       [](World& w) { found(w, api::Truth::Unknown, "NotChecked", "The server did not answer"); },
       {{.reason = "NotChecked", .message = "The server did not answer", .until = 5s}}},
      {"Preflight", "what would work is begun", [](World& w) { w.preflight->at = moment - 30s; }},
      {"Preflight", "without a target there is nothing to find out",
       [](World& w) {
         w.guard.revisions.resize(1);
         w.rollback.reset();
         w.preflight.reset();
       }},
  };
}

void in_mode(World& world, api::Mode mode) {
  world.guarding.spec.mode = mode;
  if (world.rollback) world.rollback->spec.mode = mode;
}

constexpr const char* waits =
    "Rollback web-2-1b4e waits for approval: kubectl patch rollback web-2-1b4e -n shop --type=merge -p "
    "'{\"spec\":{\"approved\":true}}', or kubectl annotate deployment web -n shop lastgood.dev/approve=web-2-1b4e --overwrite";

constexpr const char* waits_and_another_is_named =
    "Rollback web-2-1b4e waits for approval: kubectl patch rollback web-2-1b4e -n shop --type=merge -p "
    "'{\"spec\":{\"approved\":true}}', or kubectl annotate deployment web -n shop lastgood.dev/approve=web-2-1b4e --overwrite. "
    "At present lastgood.dev/approve names web-1-1b4e, which is not it";

std::vector<HoldRow> mode() {
  return {
      {"Observing",
       "a policy that observes touches nothing",
       [](World& w) { in_mode(w, api::Mode::Observe); },
       {{.reason = "Observing",
         .message = "RollbackPolicy/web has mode Observe: it would be put back to revision 1 now, but nothing is touched"}}},
      {"Observing", "one that enforces does", [](World& w) { in_mode(w, api::Mode::Enforce); }},
      {"Observing", "one that asks for approval records it", [](World& w) { in_mode(w, api::Mode::Approve); }},
      {"AwaitingApproval",
       "what must be approved waits for it",
       [](World& w) { in_mode(w, api::Mode::Approve); },
       {{.reason = "AwaitingApproval", .message = waits}}},
      {"AwaitingApproval",
       "the approval of another Rollback is none",
       [](World& w) {
         in_mode(w, api::Mode::Approve);
         w.guarding.approve = "web-1-1b4e";
       },
       {{.reason = "AwaitingApproval", .message = waits_and_another_is_named}}},
      {"AwaitingApproval",
       "what was to be approved still is when the policy has changed its mode",
       [](World& w) {
         in_mode(w, api::Mode::Approve);
         w.guarding.spec.mode = api::Mode::Enforce;
       },
       {{.reason = "AwaitingApproval", .message = waits}}},
      {"AwaitingApproval", "approved on the Rollback it goes on",
       [](World& w) {
         in_mode(w, api::Mode::Approve);
         w.rollback->spec.approved = true;
       }},
      {"AwaitingApproval", "approved on the Deployment it does",
       [](World& w) {
         in_mode(w, api::Mode::Approve);
         w.guarding.approve = "web-2-1b4e";
       }},
      {"AwaitingApproval", "what need not be approved does", [](World& w) { in_mode(w, api::Mode::Enforce); }},
      {"AwaitingApproval", "what a person asked for is approved by that",
       [](World& w) {
         in_mode(w, api::Mode::Approve);
         w.rollback->spec.check.clear();
       }},
  };
}

}  // namespace

const std::vector<HoldRow>& rows_on_limits() {
  static const std::vector<HoldRow> rows = [] {
    std::vector<HoldRow> all = how_often();
    for (const auto& part : {whether_it_works(), mode()}) all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return rows;
}

}  // namespace lastgood::guard::test
