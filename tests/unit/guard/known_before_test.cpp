// The external metrics that are known from the beginning of a release. Only the failure of such a
// metric counts.
#include "guard/known_before.hpp"

#include <catch2/catch.hpp>

#include "guard/check_status.hpp"
#include "guard/guard_status.hpp"
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

// The metrics that are known when check queue has this status.
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
  CHECK(known_with({.recent_results = "FPF", .last_result = noon}) == Names{"queue"});
}

TEST_CASE("an external metric that has passed stays known while it fails for a long time") {
  api::CheckStatus status{.name = "queue", .failure_threshold = 30};
  status = apply(std::move(status), {.check = "queue", .result = MeasurementResult::Pass},
                 /*settled=*/false, noon);
  const api::Measurement failure{.check = "queue", .result = MeasurementResult::Fail};
  for (int i = 1; i <= 40; ++i) {
    status = apply(std::move(status), failure, /*settled=*/true, noon + i * 10s);
    CHECK(known_with(status) == Names{"queue"});
  }
  CHECK(status.breached);
}

TEST_CASE("an external metric that has passed stays known after a time without a result") {
  const api::PolicySpec spec = spec_with_queue();
  const Measurements pass{{.check = "queue", .result = MeasurementResult::Pass}};
  const Measurements unknown{{.check = "queue"}};
  api::GuardStatus guard;
  guard.state = api::State::Evaluating;
  guard.checks = apply_all({}, spec, pass, /*settled=*/false, noon);
  guard.checks = apply_all(guard.checks, spec, unknown, /*settled=*/false, noon + 1h);
  CHECK(known_before(guard, spec) == Names{"queue"});
}

TEST_CASE("an external metric stays known after a suspension or a restart") {
  api::CheckStatus status{
      .name = "queue", .consecutive_failures = 3, .recent_results = "FFF", .last_result = noon};
  reset_check(status);
  CHECK(known_with(status) == Names{"queue"});
  // A resumed Rollback gives its check this status.
  CHECK(known_with({.consecutive_failures = 1, .breached = true}) == Names{"queue"});
}

TEST_CASE("an external metric needs no earlier result while no release is evaluated") {
  for (const api::State state : {api::State::Idle, api::State::Verifying, api::State::Frozen})
    CHECK(known_with({}, state) == Names{"queue"});
}

TEST_CASE("an external metric needs an earlier result until the template is restored") {
  for (const api::State state : {api::State::Evaluating, api::State::Held, api::State::RollingBack})
    CHECK(known_with({}, state).empty());
}
