// Random histories: every reason that a user sees has an entry in reason_table() for the place in
// which it appears. The entry also names the state of the guard, or the type of the Event.
#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "api/reasons.hpp"
#include "unit/guard/history.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::Reason;
using api::ReasonPlace;

namespace {

// `detail`: a text that the detail of the entry must contain.
bool has_entry(ReasonPlace place, Reason reason, std::string_view detail = "") {
  return std::ranges::any_of(api::reason_table(), [&](const api::ReasonEntry& entry) {
    return entry.place == place && entry.reason == reason && entry.detail.contains(detail);
  });
}

std::string in_backticks(std::string_view text) { return "`" + std::string(text) + "`"; }

bool is_documented(const api::GuardStatus& guard) {
  const std::string state = in_backticks(api::to_string(guard.state));
  const bool is_reason_of_check =
      guard.state == api::State::RollingBack && has_entry(ReasonPlace::Check, guard.reason);
  return has_entry(ReasonPlace::State, guard.reason, state) ||
         has_entry(ReasonPlace::Hold, guard.reason, state) ||
         (guard.state != api::State::Frozen &&
          has_entry(ReasonPlace::Hold, guard.reason, "all except `Frozen`")) ||
         has_entry(ReasonPlace::Policy, guard.reason, "`Governed` is `False`") ||
         is_reason_of_check;
}

bool is_documented(const api::EventRecord& event) {
  return has_entry(ReasonPlace::Event, event.reason, api::to_string(event.type)) ||
         has_entry(ReasonPlace::Policy, event.reason);
}

bool is_documented(const api::Condition& condition) {
  const auto reason = api::parse_reason(condition.reason);
  if (!reason) return false;
  if (condition.type == "Governed") {
    return has_entry(ReasonPlace::Policy, *reason,
                     "`Governed` is " + in_backticks(api::to_string(condition.status)));
  }
  return condition.type != "RollbackReady" || has_entry(ReasonPlace::Preflight, *reason) ||
         has_entry(ReasonPlace::Policy, *reason, "`Governed` is `False`");
}

// The message of a rejected request begins with the reason.
bool is_documented(const api::RollbackStatus& request) {
  if (request.phase != api::RollbackPhase::Rejected) return true;
  const std::string& message = request.message;
  const auto reason = api::parse_reason(message.substr(0, message.find(':')));
  return reason && has_entry(ReasonPlace::Rejection, *reason);
}

}  // namespace

TEST_CASE("documents every reason that a user sees for the place in which it appears") {
  std::set<std::string> reasons_seen;
  const auto check = [&](const ReconcileStep& step) {
    const Plan& plan = step.plan;
    const api::GuardStatus& guard = plan.guard;
    RC_LOG() << api::to_string(guard.state) << " " << api::to_string(guard.reason);
    RC_ASSERT(is_documented(guard));
    RC_ASSERT(std::ranges::all_of(plan.events, [](const auto& one) { return is_documented(one); }));
    RC_ASSERT(
        std::ranges::all_of(guard.conditions, [](const auto& one) { return is_documented(one); }));
    RC_ASSERT((!plan.request || is_documented(*plan.request)));
    RC_ASSERT((!plan.rollback || plan.rollback->waiting_for == Reason::None ||
               has_entry(ReasonPlace::Hold, plan.rollback->waiting_for)));
    reasons_seen.insert(api::to_string(guard.reason));
    for (const api::EventRecord& event : plan.events)
      reasons_seen.insert(api::to_string(event.reason));
  };
  CHECK(rc::check([&] {
    for (const History& history : *histories(all_event_groups())) run_history(history, check);
  }));
  // Guards against histories that reach few reasons.
  CHECK(reasons_seen.size() > 30);
}
