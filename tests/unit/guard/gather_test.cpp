// Which measurements a plan uses, and which checks are started.
#include "guard/gather.hpp"

#include <catch2/catch.hpp>

#include "guard/apply.hpp"
#include "unit/guard/fixtures.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

// v2 is evaluated, and the check health of `hash` has failed.
GuardState with_failure_of(const std::string& hash) {
  GuardState state;
  state.guard.edit().current = api::Revision{.hash = TemplateHash("v2")};
  state.measurements.push_back({.hash = TemplateHash(hash), .measurement = fails("health")});
  return state;
}

}  // namespace

TEST_CASE("uses a measurement of the current revision, and none of another revision") {
  CHECK(usable_measurements(with_failure_of("v2"), {}) == Measurements{fails("health")});
  CHECK(usable_measurements(with_failure_of("v1"), {}).empty());
}

TEST_CASE("starts the checks of a new release at once, not in the turns of the release before") {
  const policy::EffectivePolicy policy = web_policy();
  const Needs all{.rollout_measurement = true, .check_measurements = true};
  GuardState state;
  state.guard.edit().evaluation_started = noon;
  state.schedule = due_checks(state, all, policy.spec, 1, {}, {}).schedule;
  REQUIRE(due_checks(state, all, policy.spec, 1, {}, {}).names.empty());
  Plan plan;
  plan.guard.evaluation_started = noon + 1s;
  state = apply(std::move(state),
                PlanDecided{.deployment = {}, .policy = policy, .plan = plan, .now = {}, .at = {}});
  CHECK(due_checks(state, all, policy.spec, 1, {}, {}).names ==
        std::vector<std::string>{"health", "rollout"});
}

TEST_CASE("uses no measurement whose check was changed or removed since the measurement began") {
  const api::PolicySpec spec = web_policy().spec;
  GuardState state = with_failure_of("v2");
  state.measurements.front().check = spec.checks.front();
  CHECK(usable_measurements(state, spec).size() == 1);
  CHECK(usable_measurements(state, {}).empty());
  api::PolicySpec changed = spec;
  api::http_of(changed.checks.front()).path = "/other";
  CHECK(usable_measurements(state, changed).empty());
}

TEST_CASE("starts each due check, except while it still runs") {
  const Needs all{.rollout_measurement = true, .check_measurements = true};
  const api::PolicySpec spec = web_policy().spec;
  GuardState state;
  const ChecksStarted first = due_checks(state, all, spec, 1, {}, {});
  CHECK(first.names == std::vector<std::string>{"health", "rollout"});
  CHECK(first.schedule.next() == MonotonicTime{2s});
  CHECK_FALSE(state.schedule.next());
  state.running_checks = {"health"};
  const ChecksStarted others = due_checks(state, all, spec, 1, {}, {});
  CHECK(others.names == std::vector<std::string>{"rollout"});
  // The check was due while it ran, so it starts as soon as that run has ended.
  state.schedule = others.schedule;
  state.running_checks = {};
  CHECK(due_checks(state, all, spec, 1, {}, {}).names == std::vector<std::string>{"health"});
}

// A measurement may begin in the state Frozen, where the metric need not be known from before, and
// arrive after a release has begun.
TEST_CASE("counts no failure of an external metric that was not known when the release began") {
  const api::Check queue{.name = "queue", .kind = api::ExternalMetricCheck{.metric = "depth"}};
  const api::PolicySpec spec{.checks = {queue}};
  GuardState state = with_failure_of("v2");
  state.guard.edit().state = api::State::Evaluating;
  state.measurements.front() = {
      .hash = TemplateHash("v2"), .measurement = fails("queue"), .check = queue};
  const Measurements unknown = usable_measurements(state, spec);
  REQUIRE(unknown.size() == 1);
  CHECK(unknown.front().result == api::MeasurementResult::Unknown);
  CHECK(unknown.front().reason == api::Reason::NoBaselineValue);
  state.guard.edit().checks = {
      {.name = "queue", .config_hash = api::config_hash_of(queue.kind), .last_result = noon}};
  CHECK(usable_measurements(state, spec) == Measurements{fails("queue")});
}

//  turns       0 s       10 s         20 s      every 10 s
//  requested                  12 s              when the failure has lasted for the required 12 s
TEST_CASE("measures a failing check once more when its failure has lasted long enough") {
  const policy::EffectivePolicy policy = web_policy();
  const MonotonicTime at(1h);
  const auto after_plan = [&](const Plan& plan) {
    return apply(
        {}, PlanDecided{.deployment = {}, .policy = policy, .plan = plan, .now = noon, .at = at});
  };
  Plan plan;
  plan.guard.state = api::State::Evaluating;
  plan.guard.checks = {{.name = "health",
                        .result = api::MeasurementResult::Fail,
                        .consecutive_failures = 1,
                        .min_failing_time = 12s,
                        .first_failure = noon - 5s}};
  CHECK(after_plan(plan).schedule.next() == at + 7s);
  plan.guard.checks[0].breached = true;
  CHECK_FALSE(after_plan(plan).schedule.next());
  plan.guard.checks[0].breached = false;
  plan.guard.checks[0].first_failure = noon - 12s;
  CHECK_FALSE(after_plan(plan).schedule.next());
}

//  turns, planned while it passed    |                              |
//  unknown                              x -- requested after 2 s
TEST_CASE("runs the rollout check again after 2 s when it does not pass any more") {
  const policy::EffectivePolicy policy = web_policy();
  const MonotonicTime at(1h);
  Plan plan;
  plan.guard.state = api::State::Evaluating;
  plan.guard.checks = {{.name = "rollout", .result = api::MeasurementResult::Unknown}};
  const auto after_plan = [&] {
    return apply(
        {}, PlanDecided{.deployment = {}, .policy = policy, .plan = plan, .now = noon, .at = at});
  };
  CHECK(after_plan().schedule.next() == at + 2s);
  plan.guard.checks[0].result = api::MeasurementResult::Pass;
  CHECK_FALSE(after_plan().schedule.next());
}
