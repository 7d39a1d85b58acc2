// Details of the status: a deleted snapshot, results after a restart, changes that are worth a
// write.
#include <catch2/catch.hpp>

#include "guard/guard_status.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

api::GuardStatus with_check(api::CheckStatus check) {
  api::GuardStatus guard;
  guard.checks = {std::move(check)};
  return guard;
}

}  // namespace

TEST_CASE(
    "clears a deleted snapshot in the list and in the current revision, but no other snapshot") {
  const api::Revision v1{.hash = TemplateHash("v1"), .snapshot = "web-v1"};
  const api::Revision v2{.hash = TemplateHash("v2"), .snapshot = "web-v2"};
  const api::GuardStatus guard{.current = v2, .revisions = {v2, v1}};
  api::GuardStatus without_v1 = guard;
  clear_snapshot(without_v1, "web-v1");
  CHECK(without_v1.current->snapshot == "web-v2");
  CHECK(without_v1.revisions[0].snapshot == "web-v2");
  CHECK(without_v1.revisions[1].snapshot.empty());
  api::GuardStatus without_v2 = guard;
  clear_snapshot(without_v2, "web-v2");
  CHECK(without_v2.current->snapshot.empty());
  CHECK(without_v2.revisions[0].snapshot.empty());
  CHECK(without_v2.revisions[1].snapshot == "web-v1");
}

TEST_CASE(
    "resets a check except its name, configuration, threshold and baseline before the release") {
  api::CheckStatus check{.name = "health",
                         .config_hash = "abc",
                         .result = api::MeasurementResult::Fail,
                         .reason = Reason::WrongStatus,
                         .message = "500",
                         .consecutive_failures = 2,
                         .failure_threshold = 3,
                         .passed_once = true,
                         .first_failure = noon,
                         .last_failure = noon,
                         .breached = true,
                         .baseline = api::BaselineResult{.before = true}};
  api::CheckStatus failing_with_baseline = check;
  failing_with_baseline.baseline->before = false;
  reset_check(check);
  CHECK(check == api::CheckStatus{.name = "health",
                                  .config_hash = "abc",
                                  .reason = Reason::Pending,
                                  .failure_threshold = 3,
                                  .baseline = api::BaselineResult{.before = true}});
  reset_check(failing_with_baseline);
  CHECK_FALSE(failing_with_baseline.baseline.has_value());
  // The pod of this alert may be gone, so it cannot be measured again.
  failing_with_baseline.baseline = api::BaselineResult{.reason = Reason::AlertFiring};
  reset_check(failing_with_baseline);
  CHECK(failing_with_baseline.baseline.has_value());
}

TEST_CASE("resets the result of a check after a restart, but not its failures") {
  api::GuardStatus guard = with_check({.name = "health",
                                       .result = api::MeasurementResult::Fail,
                                       .reason = Reason::WrongStatus,
                                       .consecutive_failures = 2,
                                       .consecutive_unknowns = 1,
                                       .last_failure = noon});
  reset_results(guard, noon + 1h);
  CHECK(guard.checks[0].result == api::MeasurementResult::Unknown);
  CHECK(guard.checks[0].reason == Reason::Pending);
  CHECK(guard.checks[0].consecutive_unknowns == 0);
  CHECK(guard.checks[0].consecutive_failures == 2);
  CHECK(guard.checks[0].last_failure == noon);
  guard.checks[0].breached = true;
  reset_results(guard, noon + 1h);
  CHECK(guard.checks[0].last_failure == noon + 1h);
}

TEST_CASE("writes a new result of the baseline, but not its message or time") {
  const api::GuardStatus before =
      with_check({.name = "health",
                  .baseline = api::BaselineResult{.result = api::MeasurementResult::Fail,
                                                  .message = "500",
                                                  .consecutive_failures = 2,
                                                  .at = noon}});
  api::GuardStatus after = before;
  after.checks[0].baseline->message = "503";
  after.checks[0].baseline->at = noon + 10s;
  after.checks[0].baseline->consecutive_failures = 4;
  CHECK_FALSE(worth_writing(before, after));
  after.checks[0].baseline->consecutive_failures = 1;
  CHECK(worth_writing(before, after));
  after = before;
  after.checks[0].baseline->before = true;
  CHECK(worth_writing(before, after));
  after = before;
  after.checks[0].baseline->result = api::MeasurementResult::Pass;
  CHECK(worth_writing(before, after));
  after.checks[0].baseline.reset();
  CHECK(worth_writing(before, after));
}

TEST_CASE("writes the second failure of an idle check and the end of its failures, nothing else") {
  api::GuardStatus before;
  before.idle_results = {
      {.check = "health", .config_hash = "a", .consecutive_failures = 1, .at = noon}};
  api::GuardStatus after;
  CHECK_FALSE(worth_writing(after, before));
  after.idle_results = before.idle_results;
  after.idle_results[0].consecutive_failures = 2;
  CHECK(worth_writing(before, after));
  before = after;
  after.idle_results[0].at = noon + 1min;
  after.idle_results[0].message = "503";
  CHECK_FALSE(worth_writing(before, after));
  after.idle_results.clear();
  CHECK(worth_writing(before, after));
}

TEST_CASE("writes the failures up to the breach, but not those after it") {
  api::GuardStatus before = with_check(
      {.name = "health", .consecutive_failures = 3, .failure_threshold = 3, .breached = true});
  api::GuardStatus after = before;
  after.checks[0].consecutive_failures = 4;
  CHECK_FALSE(worth_writing(before, after));
  before.checks[0].breached = after.checks[0].breached = false;
  CHECK(worth_writing(before, after));
}

TEST_CASE("writes a new message of the state only in Frozen, GroupBlocked and AwaitingApproval") {
  struct Row {
    api::State state;
    Reason reason;
    bool is_written;
  };
  const std::vector<Row> rows = {{api::State::Frozen, Reason::LimitReached, true},
                                 {api::State::Held, Reason::GroupBlocked, true},
                                 {api::State::Held, Reason::AwaitingApproval, true},
                                 {api::State::Held, Reason::Cooldown, false},
                                 {api::State::Evaluating, Reason::GroupBlocked, false}};
  for (const Row& row : rows) {
    CAPTURE(row.state, row.reason);
    const api::GuardStatus before{.state = row.state, .reason = row.reason, .message = "1 of 2"};
    api::GuardStatus after = before;
    after.message = "2 of 2";
    CHECK(worth_writing(before, after) == row.is_written);
  }
}

TEST_CASE("writes a check that passed for a revision, but not each result in state Idle") {
  const api::GuardStatus before = with_check({.name = "health"});
  api::GuardStatus after = before;
  after.idle_results.push_back({.check = "health", .result = api::MeasurementResult::Fail});
  CHECK_FALSE(worth_writing(before, after));
  after.passed_checks.push_back({.check = "health", .revision = TemplateHash("v1")});
  CHECK(worth_writing(before, after));
}
