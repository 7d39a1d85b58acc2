#include "checks/readiness.hpp"

#include <catch2/catch.hpp>

#include "checks/rollout.hpp"
#include "support/printers.hpp"
#include "unit/checks/pods.hpp"

namespace lastgood::checks::test {
namespace {

using enum api::MeasurementResult;
using std::chrono::minutes;
using std::chrono::seconds;

api::Deployment deployment(std::int64_t replicas) {
  api::Deployment out;
  out.meta.key = {.namespace_ = "shop", .name = "web"};
  out.replicas = out.status_replicas = out.updated_replicas = out.available_replicas = replicas;
  return out;
}

api::Deployment half_available() {
  api::Deployment out = deployment(2);
  out.available_replicas = 1;
  return out;
}

Measurement measure(const api::Deployment& deployment, const std::vector<api::Pod>& pods,
                    std::optional<Time> rolled_out, Duration since_start = seconds(60)) {
  return measure_rollout({},
                         {.deployment = deployment,
                          .hash = TemplateHash("abc123"),
                          .pods = pods,
                          .rolled_out = rolled_out},
                         start + since_start);
}

}  // namespace

TEST_CASE("measure_rollout does not count pods that have ended") {
  auto evicted = crashed("web-1");
  evicted.phase = "Failed";
  auto completed = unready("web-2");
  completed.phase = "Succeeded";
  CHECK(measure(deployment(1), {running("web-0"), evicted, completed}, start).message ==
        "1 of 1 pods are ready (limit 25% of pods not ready for 30s)");
  CHECK(measure(half_available(), {evicted}, std::nullopt).reason == api::Reason::RollingOut);
}

TEST_CASE("measure_readiness does not count pods on a node that does not report") {
  const auto node_unreachable = on_node(on_unreachable_node("web-1"), "node-2");
  CHECK(measure(deployment(2), {running("web-0"), node_unreachable}, start).message ==
        "1 of 1 pods are ready (limit 25% of pods not ready for 30s); not counted: 1 on a node "
        "that does not report (node-2)");
  CHECK(measure(deployment(2), {running("web-0"), node_unreachable}, start).reason ==
        api::Reason::NodeNotReady);
  const auto measurement = measure(deployment(1), {node_unreachable}, start);
  CHECK(measurement.result == Unknown);
  CHECK(measurement.reason == api::Reason::NodeNotReady);
  CHECK(measurement.message == "1 of 1 pods are on a node that does not report (node-2)");
  auto gates_not_passed = node_unreachable;
  gates_not_passed.gates_passed = false;
  CHECK(measure(deployment(1), {gates_not_passed}, start).reason == api::Reason::NotReady);
  CHECK(measure(deployment(2), {node_unreachable, unready("web-1")}, start).message ==
        "1 of 1 pods are not ready, for example web-1 (limit 25% of pods for 30s); not counted: 1 "
        "on a node that does not report (node-2)");
}

TEST_CASE("measure_readiness does not count pods that the cluster keeps from starting") {
  const auto created_after_rollout = [&](api::Pod pod) {
    pod.meta.created = start + seconds(5);
    return pod;
  };
  const auto new_unscheduled = created_after_rollout(unscheduled("web-9"));
  CHECK(
      measure(deployment(2), {running("web-0"), new_unscheduled}, start, minutes(60)).message ==
      "1 of 1 pods are ready (limit 25% of pods not ready for 30s); not counted: 1 not scheduled");
  for (const char* reason : {"ImagePullBackOff", "CreateContainerConfigError"}) {
    CAPTURE(reason);
    CHECK(measure(deployment(2),
                  {running("web-0"), created_after_rollout(waiting("web-9", reason))}, start,
                  minutes(60))
              .message ==
          "1 of 1 pods are ready (limit 25% of pods not ready for 30s); not counted: 1 without an "
          "image or configuration that other pods have");
  }
  const auto waiting_for_image = created_after_rollout(
      waiting("web-9", "ImagePullBackOff", "dial tcp 10.0.0.1:443: i/o timeout"));
  CHECK(measure(deployment(2), {running("web-0"), waiting_for_image}, start, minutes(60)).message ==
        "1 of 1 pods are ready (limit 25% of pods not ready for 30s); not counted: 1 waiting for "
        "an unavailable registry");
  CHECK(measure(deployment(1), {waiting_for_image}, start, minutes(60)).reason ==
        api::Reason::RegistryUnavailable);
  const auto only_unscheduled = measure(deployment(1), {new_unscheduled}, start, minutes(60));
  CHECK(only_unscheduled.result == Unknown);
  CHECK(only_unscheduled.reason == api::Reason::Unschedulable);
  CHECK(only_unscheduled.message == "1 of 1 pods are not scheduled");
  CHECK(measure(deployment(1), {}, start, minutes(60)).reason == api::Reason::NoPods);
}

TEST_CASE("measure_readiness counts pods without their ConfigMap when no other pod runs") {
  auto without_config_map =
      waiting("web-1", "CreateContainerConfigError", "configmap \"settings\" not found");
  without_config_map.containers[0].restarts = 1;
  const auto measurement =
      measure(deployment(2), {without_config_map, without_config_map}, start, minutes(60));
  CHECK(measurement.reason == api::Reason::NotReady);
  CHECK(measurement.message ==
        "2 of 2 pods are not ready, for example web-1, container app in "
        "CreateContainerConfigError (limit 25% of pods for 30s)");
}

}  // namespace lastgood::checks::test
