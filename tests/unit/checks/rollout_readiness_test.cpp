// The rollout check after the rollout: whether enough pods are ready.
#include <catch2/catch.hpp>

#include "unit/checks/rollout_fixtures.hpp"

namespace lastgood::checks::test {

TEST_CASE("measure_rollout fails after the rollout when over a quarter of the pods is unready") {
  const auto ready_and_unready = [](int ready, int not_ready) {
    std::vector<api::Pod> out;
    for (int i = 0; i < not_ready; ++i) out.push_back(unready("unready-" + std::to_string(i)));
    for (int i = 0; i < ready; ++i) out.push_back(running("web-" + std::to_string(i)));
    return out;
  };
  const auto measurement = measure(rolled_out_deployment(3), ready_and_unready(2, 1), start);
  CHECK(measurement.result == Fail);
  CHECK(measurement.reason == Reason::NotReady);
  CHECK(measurement.min_failing_time == seconds(30));
  CHECK_FALSE(measurement.immediate);
  CHECK(measurement.message ==
        "1 of 3 pods are not ready, for example unready-0 (limit 25% of pods for 30s)");
  CHECK(measure(rolled_out_deployment(4), ready_and_unready(3, 1), start).result == Pass);
  CHECK(measure(rolled_out_deployment(4), ready_and_unready(3, 1), start).message ==
        "3 of 4 pods are ready (limit 25% of pods not ready for 30s)");
  CHECK(measure(rolled_out_deployment(4), ready_and_unready(2, 2), std::nullopt).result == Pass);
  CHECK(measure(rolled_out_deployment(3), ready_and_unready(2, 1), start, seconds(60),
                {.unavailable_for = Duration(0)})
            .result == Pass);
}

TEST_CASE("measure_rollout reports the waiting container of an unready pod") {
  const auto measurement = measure(rolled_out_deployment(1), {waiting("CrashLoopBackOff")}, start);
  CHECK(measurement.reason == Reason::NotReady);
  CHECK(measurement.message.contains(
      ", container app in CrashLoopBackOff (limit 25% of pods for 30s)"));
}

TEST_CASE("measure_rollout does not count an unready new pod until its allowance has passed") {
  const Time rolled_out = start + seconds(10);
  auto created_later = unready("web-9");
  created_later.meta.created = created_later.accepted_at = start + seconds(30);
  created_later.containers[0].started_at = start + minutes(6);
  CHECK(measure(rolled_out_deployment(), {running("web-0"), created_later}, rolled_out, seconds(60))
            .result == Pass);
  const auto late =
      measure(rolled_out_deployment(), {running("web-0"), created_later}, rolled_out, minutes(16));
  CHECK(late.reason == Reason::NotReady);
  CHECK_THAT(late.message, Catch::Contains(", for example web-9, container app has run for 10m and "
                                           "has never been ready; if it needs more time"));
  CHECK(measure(rolled_out_deployment(), {running("web-0"), created_later}, rolled_out, minutes(15))
            .result == Pass);
  const auto measurement =
      measure(rolled_out_deployment(), {created_later}, rolled_out, seconds(60));
  CHECK(measurement.result == Unknown);
  CHECK(measurement.reason == Reason::PodsStarting);
}

}  // namespace lastgood::checks::test
