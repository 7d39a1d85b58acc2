// The external metrics that are known from the beginning of a release.
#include "guard/known_before.hpp"

#include <catch2/catch.hpp>

#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::MeasurementResult;

namespace {

using Names = std::vector<std::string>;

const api::Check queue{.name = "queue", .kind = api::ExternalMetricCheck{.metric = "depth"}};

api::PolicySpec spec_with_queue() {
  api::PolicySpec spec = web_policy().spec;
  spec.checks.push_back(queue);
  return spec;
}

Names known_with(api::CheckStatus status, api::State state = api::State::Evaluating) {
  api::GuardStatus guard;
  guard.state = state;
  status.name = "queue";
  if (status.config_hash.empty()) status.config_hash = api::config_hash_of(queue.kind);
  guard.checks = {std::move(status)};
  return known_before(guard, spec_with_queue());
}

api::CheckStatus with_baseline(MeasurementResult result, bool before, int failures) {
  return {.baseline = api::BaselineResult{
              .result = result, .consecutive_failures = failures, .before = before}};
}

}  // namespace

TEST_CASE("an external metric is not known while it has no result from before the release") {
  CHECK(known_with({}).empty());
  CHECK(known_with({.recent_results = "FFFF"}).empty());
  CHECK(known_with(with_baseline(MeasurementResult::Pass, /*before=*/false, 0)).empty());
  CHECK(known_with(with_baseline(MeasurementResult::Fail, /*before=*/true, 1)).empty());
  CHECK(known_with({.config_hash = "other", .recent_results = "P"}).empty());
}

TEST_CASE("an external metric is known when it was measured before the release or passed since") {
  CHECK(known_with(with_baseline(MeasurementResult::Pass, /*before=*/true, 0)) == Names{"queue"});
  CHECK(known_with(with_baseline(MeasurementResult::Fail, /*before=*/true, 2)) == Names{"queue"});
  CHECK(known_with({.recent_results = "FPF"}) == Names{"queue"});
}

TEST_CASE("an external metric needs no earlier result while no release is evaluated") {
  for (const api::State state : {api::State::Idle, api::State::Verifying, api::State::Frozen})
    CHECK(known_with({}, state) == Names{"queue"});
}

TEST_CASE("an external metric needs an earlier result until the template is restored") {
  for (const api::State state :
       {api::State::Evaluating, api::State::Held, api::State::RollingBack})
    CHECK(known_with({}, state).empty());
}
