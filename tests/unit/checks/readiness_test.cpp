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
  out.replicas = out.status_replicas = out.updated_replicas = out.ready_replicas =
      out.available_replicas = replicas;
  return out;
}

api::Deployment rolling() {
  api::Deployment out = deployment(2);
  out.available_replicas = 1;
  return out;
}

Measurement measure(const api::Deployment& deployment, const std::vector<api::Pod>& pods,
                    std::optional<Time> rolled_out, Duration since = seconds(60)) {
  return measure_rollout({},
                         {.deployment = deployment,
                          .hash = TemplateHash("abc123"),
                          .pods = pods,
                          .rolled_out = rolled_out},
                         start + since);
}

}  // namespace

TEST_CASE("measure_rollout does not count pods that have ended") {
  auto evicted = crashed("web-1");
  evicted.phase = "Failed";
  auto completed = running("web-2", false);
  completed.phase = "Succeeded";
  CHECK(measure(deployment(1), {running("web-0"), evicted, completed}, start).message ==
        "1 of 1 pods are ready (limit 25% of pods not ready for 30s)");
  CHECK(measure(rolling(), {evicted}, std::nullopt).reason == api::Reason::RollingOut);
}

TEST_CASE("measure_readiness does not count pods on a node that does not report") {
  auto node_unreachable = running("web-1", false);
  node_unreachable.containers_ready = true;
  CHECK(measure(deployment(2), {running("web-0"), node_unreachable}, start).message ==
        "1 of 1 pods are ready (limit 25% of pods not ready for 30s); not counted: 1 on a node "
        "that does not report");
  const auto alone = measure(deployment(1), {node_unreachable}, start);
  CHECK(alone.result == Unknown);
  CHECK(alone.reason == api::Reason::NodeNotReady);
  CHECK(alone.message == "1 of 1 pods are on a node that does not report");
  auto gated = node_unreachable;
  gated.gates_passed = false;
  CHECK(measure(deployment(1), {gated}, start).reason == api::Reason::NotReady);
  auto unready = node_unreachable;
  unready.containers_ready = false;
  CHECK(measure(deployment(2), {node_unreachable, unready}, start).message ==
        "1 of 1 pods are not ready, for example web-1 (limit 25% of pods for 30s); not counted: 1 "
        "on a node that does not report");
}

TEST_CASE("measure_readiness does not count pods that the cluster keeps from starting") {
  const auto late = start + seconds(5);
  const auto created_later = [&](api::Pod pod) {
    pod.meta.key.name = "web-9";
    pod.meta.created = late;
    return pod;
  };
  auto unscheduled = created_later(pod_with("web-9", {}, "Pending"));
  unscheduled.ip = "";
  unscheduled.containers.clear();
  const auto expected =
      "1 of 1 pods are ready (limit 25% of pods not ready for 30s); not counted: 1 not scheduled";
  CHECK(measure(deployment(2), {running("web-0"), unscheduled}, start, minutes(60)).message ==
        expected);
  for (const char* reason : {"ImagePullBackOff", "CreateContainerConfigError"}) {
    CAPTURE(reason);
    CHECK(measure(deployment(2), {running("web-0"), created_later(waiting("web-9", reason))}, start,
                  minutes(60))
              .message ==
          "1 of 1 pods are ready (limit 25% of pods not ready for 30s); not counted: 1 without an "
          "image or configuration that other pods have");
  }
  const auto waiting_for_image =
      created_later(waiting("web-9", "ImagePullBackOff", "dial tcp 10.0.0.1:443: i/o timeout"));
  CHECK(measure(deployment(2), {running("web-0"), waiting_for_image}, start, minutes(60)).message ==
        "1 of 1 pods are ready (limit 25% of pods not ready for 30s); not counted: 1 waiting for "
        "an unavailable registry");
  CHECK(measure(deployment(1), {waiting_for_image}, start, minutes(60)).reason ==
        api::Reason::RegistryUnavailable);
  const auto alone = measure(deployment(1), {unscheduled}, start, minutes(60));
  CHECK(alone.result == Unknown);
  CHECK(alone.reason == api::Reason::Unschedulable);
  CHECK(alone.message == "1 of 1 pods are not scheduled");
  CHECK(measure(deployment(1), {}, start, minutes(60)).reason == api::Reason::NoPods);
}

TEST_CASE("measure_readiness counts pods that lost their configuration when no pod runs") {
  auto lost = waiting("web-1", "CreateContainerConfigError", "configmap \"settings\" not found");
  lost.containers[0].restarts = 1;
  const auto measurement = measure(deployment(2), {lost, lost}, start, minutes(60));
  CHECK(measurement.reason == api::Reason::NotReady);
  CHECK(measurement.message ==
        "2 of 2 pods are not ready, for example web-1, container app in "
        "CreateContainerConfigError (limit 25% of pods for 30s)");
}

}  // namespace lastgood::checks::test
