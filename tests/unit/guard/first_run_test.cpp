// When a check of an evaluated revision runs for the first time.
#include "guard/first_run.hpp"

#include <catch2/catch.hpp>

#include "guard/schedule.hpp"
#include "support/mentions.hpp"
#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

using Names = std::vector<std::string>;

constexpr Needs policy_checks{.check_measurements = true};
constexpr MonotonicTime start{1h};

api::PolicySpec spec_with(Duration initial_delay, Duration interval = 10s) {
  api::PolicySpec spec = web_policy().spec;
  spec.checks[0].interval = interval;
  spec.checks[0].initial_delay = initial_delay;
  return spec;
}

api::GuardStatus guard_evaluated_for(Duration time) {
  api::GuardStatus guard;
  guard.deployment_uid = Uid("uid-1");
  guard.current = api::Revision{.hash = TemplateHash("v2")};
  guard.evaluation_started = noon - time;
  return guard;
}

FirstRun run_of(const api::GuardStatus& guard, const api::PolicySpec& spec,
                const std::optional<api::Rollback>& rollback = {}) {
  const FirstRuns runs = first_runs(guard, rollback, spec, noon);
  const auto found = runs.find("health");
  return found == runs.end() ? FirstRun{} : found->second;
}

}  // namespace

TEST_CASE("a check runs at once when its release is new or no release is evaluated") {
  CHECK(run_of(guard_evaluated_for(0s), spec_with(0s)) == FirstRun{});
  CHECK(run_of(guard_evaluated_for(10s), spec_with(0s)) == FirstRun{});
  CHECK(run_of({}, spec_with(1min)) == FirstRun{});
}

TEST_CASE("a check with an initial delay waits for the rest of the delay") {
  CHECK(run_of(guard_evaluated_for(20s), spec_with(1min)).not_before == 40s);
  CHECK(run_of(guard_evaluated_for(60s), spec_with(1min)) == FirstRun{});
}

TEST_CASE("the initial delay starts again when a rollback has restored the template") {
  api::Rollback rollback;
  rollback.spec.to.hash = TemplateHash("v2");
  rollback.status.template_restored = noon - 5s;
  CHECK(run_of(guard_evaluated_for(5min), spec_with(1min), rollback).not_before == 55s);
  rollback.spec.to.hash = TemplateHash("v1");
  CHECK(run_of(guard_evaluated_for(5min), spec_with(1min), rollback).not_before == 0s);
}

TEST_CASE("a new leader spreads the first runs over one interval, at most 15 s") {
  for (const Duration interval : {Duration(1s), Duration(10s), Duration(5min)}) {
    const Duration delay = run_of(guard_evaluated_for(1h), spec_with(0s, interval)).spread;
    CHECK(delay < std::min<Duration>(interval, 15s));
  }
  CHECK(run_of(guard_evaluated_for(1h), spec_with(0s)).spread > 0s);
}

TEST_CASE("a schedule spreads only its first plan") {
  Schedule schedule;
  const auto spec = spec_with(0s);
  const FirstRuns late{{"health", {.spread = 4s}}};
  CHECK(schedule.take_due(policy_checks, spec, {}, start, late).empty());
  CHECK(schedule.next() == start + 4s);
  CHECK(schedule.take_due(policy_checks, spec, {}, start + 4s, late) == Names{"health"});
  CHECK(schedule.take_due({}, spec, {}, start + 5s, late).empty());
  CHECK(schedule.take_due(policy_checks, spec, {}, start + 6s, late) == Names{"health"});
}

TEST_CASE("a schedule runs a check at the end of its initial delay, however long it is") {
  Schedule schedule;
  const auto spec = spec_with(1h);
  CHECK(
      schedule.take_due(policy_checks, spec, {}, start, {{"health", {.not_before = 1h}}}).empty());
  CHECK(schedule.next() == start + 1h);
  schedule.request("health", start);
  CHECK(
      schedule.take_due(policy_checks, spec, {}, start + 1min, {{"health", {.not_before = 59min}}})
          .empty());
  CHECK(schedule.take_due(policy_checks, spec, {}, start + 1h) == Names{"health"});
}

TEST_CASE("a check that waits for its initial delay says until when") {
  std::vector<api::CheckStatus> checks{{.name = "rollout", .reason = Reason::Pending},
                                       {.name = "health", .reason = Reason::Pending}};
  explain_initial_delays(checks, guard_evaluated_for(0s), {}, spec_with(90s), noon);
  CHECK(checks[0].message.empty());
  CHECK_THAT(checks[1].message, mentions({format_rfc3339(noon + 90s), "initialDelay 1m30s"}));
  explain_initial_delays(checks, guard_evaluated_for(90s), {}, spec_with(90s), noon);
  CHECK(checks[1].message.empty());
}

TEST_CASE("all checks are measured after the longest initial delay") {
  api::PolicySpec spec = spec_with(1min);
  spec.checks.push_back({.name = "slow", .initial_delay = 5min});
  CHECK(all_measured_from(guard_evaluated_for(0s), {}, spec) == noon + 5min);
  CHECK_FALSE(all_measured_from({}, {}, spec));
}

TEST_CASE("an external metric measures its baseline during the initial delay of a release") {
  api::PolicySpec spec = spec_with(1min);
  spec.checks.push_back({.name = "queue",
                         .kind = api::ExternalMetricCheck{.metric = "depth"},
                         .initial_delay = 1min});
  api::GuardStatus guard = guard_evaluated_for(20s);
  guard.state = api::State::Evaluating;
  CHECK(only_for_baseline(guard, {}, spec, noon) == Names{"queue"});
  const FirstRuns runs = first_runs(guard, {}, spec, noon);
  CHECK(runs.contains("health"));
  CHECK_FALSE(runs.contains("queue"));
  CHECK(only_for_baseline(guard, {}, spec, noon + 40s).empty());
  SECTION("no release is evaluated") { guard.state = api::State::Verifying; }
  SECTION("the rollout is complete") { guard.rolled_out = noon; }
  CHECK(only_for_baseline(guard, {}, spec, noon).empty());
  CHECK(first_runs(guard, {}, spec, noon).at("queue").not_before == 40s);
}
