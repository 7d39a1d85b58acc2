// When the failures of Deployments began, and how long they are remembered.
#include "guard/failure_log.hpp"

#include <catch2/catch.hpp>

#include "unit/guard/fixtures.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::State;

namespace {

const Key web{.namespace_ = "shop", .name = "web"};

api::GuardStatus guard_with(State state, api::CheckStatus check) {
  check.name = "health";
  return {.policy = "RollbackPolicy/web", .state = state, .checks = {{.name = "rollout"}, check}};
}

const api::CheckStatus failing{.consecutive_failures = 1,
                               .passed_once = true,
                               .first_failure = noon - 1h,
                               .last_failure = noon};

}  // namespace

TEST_CASE("remembers a failure for five minutes after it was last seen") {
  FailureLog log;
  log.record(web, noon - 1min, noon);
  CHECK(log.began(web) == noon - 1min);
  log.forget_old(noon + 5min - 1ms);
  CHECK(log.began(web) == noon - 1min);
  log.forget_old(noon + 5min);
  CHECK_FALSE(log.began(web).has_value());
}

TEST_CASE("continues a failure that comes back within five minutes") {
  FailureLog log;
  log.record(web, noon, noon);
  log.record(web, noon + 4min, noon + 4min);
  CHECK(log.began(web) == noon);
  log.record(web, noon + 9min, noon + 9min);
  CHECK(log.began(web) == noon + 9min);
}

TEST_CASE("finds since when a release fails only while the release is evaluated") {
  struct Row {
    const char* name;
    State state;
    api::CheckStatus check;
    bool fails;
  };
  api::CheckStatus passing = failing;
  passing.consecutive_failures = 0;
  api::CheckStatus flapping = passing;
  flapping.breached = true;
  flapping.last_failure.reset();
  flapping.first_failure = noon - 4min;
  api::CheckStatus old = failing;
  old.last_failure = noon - 5min;
  const std::vector<Row> rows = {
      {"evaluating", State::Evaluating, failing, true},
      {"held", State::Held, failing, true},
      {"rolling back", State::RollingBack, failing, true},
      {"verifying", State::Verifying, failing, false},
      {"idle", State::Idle, failing, false},
      {"the check passes", State::Evaluating, passing, false},
      {"the check flaps and passed last", State::Evaluating, flapping, true},
      {"the last failure was five minutes ago", State::Evaluating, old, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const auto since = failing_since(guard_with(row.state, row.check), noon);
    CHECK(since == (row.fails ? row.check.first_failure : std::nullopt));
  }
  api::GuardStatus opted_out = guard_with(State::Held, failing);
  opted_out.policy.clear();
  CHECK_FALSE(failing_since(opted_out, noon).has_value());
}

TEST_CASE("takes the earliest failure of all failing checks") {
  api::GuardStatus guard = guard_with(State::Held, failing);
  guard.checks[0] = failing;
  guard.checks[0].first_failure = noon - 2h;
  CHECK(failing_since(guard, noon) == noon - 2h);
}

TEST_CASE("finds when a check that had passed began to fail, in every state except Idle") {
  api::CheckStatus from_the_start = failing;
  from_the_start.passed_once = false;
  for (const State state :
       {State::Evaluating, State::Held, State::RollingBack, State::Verifying, State::Frozen}) {
    CHECK(began_to_fail(guard_with(state, failing), {}, {}, noon) == noon - 1h);
    CHECK_FALSE(began_to_fail(guard_with(state, from_the_start), {}, {}, noon).has_value());
  }
}

TEST_CASE("finds when replicas of an idle Deployment became unavailable") {
  struct Row {
    std::string name;
    State state = State::Idle;
    std::optional<api::RevisionVerdict> verdict = api::RevisionVerdict::Good;
    api::ConditionStatus available = api::ConditionStatus::False;
    std::int64_t wanted = 2;
    std::optional<SeenReplicas> seen = SeenReplicas{.count = 2};
    bool began = false;
  };
  // Replicas were added `after` the condition Available changed, which was at noon - 20s.
  const auto raised = [](Duration after) {
    return SeenReplicas{.count = 2, .raised_at = noon - 20s + after};
  };
  using Verdict = api::RevisionVerdict;
  const std::vector<Row> rows = {
      {.name = "pods of a good revision became unavailable", .began = true},
      {.name = "presumed good", .verdict = Verdict::PresumedGood, .began = true},
      {.name = "not reconciled in this term", .seen = {}, .began = true},
      {.name = "available", .available = api::ConditionStatus::True},
      {.name = "evaluated", .state = State::Evaluating},
      {.name = "a new Deployment", .verdict = {}},
      {.name = "a first release that never was good", .verdict = Verdict::Evaluating},
      {.name = "replicas were added at that time", .seen = raised(0s)},
      {.name = "the condition followed 10 s later", .seen = raised(-10s)},
      {.name = "our clock is 10 s ahead", .seen = raised(10s)},
      {.name = "replicas were added before", .seen = raised(-11s), .began = true},
      {.name = "replicas were added later", .seen = raised(11s), .began = true},
      {.name = "replicas are added now", .wanted = 3},
      {.name = "replicas are removed now", .wanted = 1, .began = true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const api::Deployment deployment{
        .replicas = row.wanted,
        .conditions = {{.type = "Available", .status = row.available, .last_update = noon - 20s}}};
    api::GuardStatus guard = guard_with(row.state, {});
    guard.template_digest = deployment.template_digest;
    if (row.verdict) guard.current = api::Revision{.verdict = *row.verdict};
    CHECK(began_to_fail(guard, deployment, row.seen, noon) ==
          (row.began ? std::optional(noon - 20s) : std::nullopt));
  }
}

TEST_CASE("does not count an idle Deployment whose new release is not evaluated yet") {
  const api::Deployment deployment{
      .conditions = {
          {.type = "Available", .status = api::ConditionStatus::False, .last_update = noon - 20s}}};
  api::GuardStatus guard = guard_with(State::Idle, {});
  guard.current = api::Revision{.verdict = api::RevisionVerdict::Good};
  guard.template_digest.reset();
  CHECK_FALSE(began_to_fail(guard, deployment, {}, noon).has_value());
}

TEST_CASE("remembers when replicas were last added in this term") {
  SeenReplicas seen = see_replicas({}, 3, noon);
  CHECK_FALSE(seen.raised_at.has_value());
  seen = see_replicas(seen, 2, noon + 1s);
  CHECK_FALSE(seen.raised_at.has_value());
  seen = see_replicas(seen, 3, noon + 2s);
  seen = see_replicas(seen, 3, noon + 9s);
  CHECK(seen.raised_at == noon + 2s);
}
