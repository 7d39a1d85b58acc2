// Which pods the rollout check leaves out once the rollout is complete: those that speak of the
// cluster.
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

Measurement judge(const api::Deployment& deployment, const std::vector<api::Pod>& pods,
                  std::optional<Time> rolled_out, Duration since = seconds(60)) {
  return measure_rollout({},
                         {.deployment = deployment,
                          .hash = TemplateHash("abc123"),
                          .pods = pods,
                          .rolled_out = rolled_out},
                         start + since);
}

}  // namespace

TEST_CASE("a pod that has ended stays listed until it is collected, and counts for nothing") {
  auto evicted = crashed("web-1");
  evicted.phase = "Failed";
  auto completed = running("web-2", false);
  completed.phase = "Succeeded";
  CHECK(judge(deployment(1), {running("web-0"), evicted, completed}, start).message ==
        "1 of 1 pods are ready (limit: a quarter, for 30s)");
  CHECK(judge(rolling(), {evicted}, std::nullopt).reason == api::Reason::RollingOut);
}

TEST_CASE("a pod whose node does not report is not called not ready: nobody knows how it is") {
  auto node_unreachable = running("web-1", false);
  node_unreachable.containers_ready = true;
  CHECK(judge(deployment(2), {running("web-0"), node_unreachable}, start).message ==
        "1 of 1 pods are ready (limit: a quarter, for 30s); 1 on a node that does not report");
  const auto alone = judge(deployment(1), {node_unreachable}, start);
  CHECK(alone.result == Unknown);
  CHECK(alone.reason == api::Reason::NodeNotReady);
  CHECK(alone.message == "1 of 1 pods are on a node that does not report");
  auto gated = node_unreachable;
  gated.gates_passed = false;
  CHECK(judge(deployment(1), {gated}, start).reason == api::Reason::NotReady);
  auto unready = node_unreachable;
  unready.containers_ready = false;
  CHECK(judge(deployment(2), {node_unreachable, unready}, start).message ==
        "1 of 1 pods are not ready, web-1 for one (limit: a quarter, for 30s); 1 on a node that "
        "does not report");
}

TEST_CASE(
    "a pod that came later and cannot be placed or started where it is speaks of the cluster, not "
    "of the release") {
  const auto late = start + seconds(5);
  const auto came_later = [&](api::Pod pod) {
    pod.meta.key.name = "web-9";
    pod.meta.created = late;
    return pod;
  };
  auto unscheduled = came_later(pod_with("web-9", {}, "Pending"));
  unscheduled.ip = "";
  unscheduled.containers.clear();
  const auto elsewhere = "1 of 1 pods are ready (limit: a quarter, for 30s); 1 not on a node yet";
  CHECK(judge(deployment(2), {running("web-0"), unscheduled}, start, minutes(60)).message ==
        elsewhere);
  for (const char* reason : {"ImagePullBackOff", "CreateContainerConfigError"}) {
    CAPTURE(reason);
    CHECK(judge(deployment(2), {running("web-0"), came_later(waiting("web-9", reason))}, start,
                minutes(60))
              .message ==
          "1 of 1 pods are ready (limit: a quarter, for 30s); 1 that lack what others of the "
          "revision have");
  }
  const auto waiting_for_image =
      came_later(waiting("web-9", "ImagePullBackOff", "dial tcp 10.0.0.1:443: i/o timeout"));
  CHECK(judge(deployment(2), {running("web-0"), waiting_for_image}, start, minutes(60)).message ==
        "1 of 1 pods are ready (limit: a quarter, for 30s); 1 whose image the registry does not "
        "give now");
  CHECK(judge(deployment(1), {waiting_for_image}, start, minutes(60)).reason ==
        api::Reason::RegistryUnavailable);
  const auto alone = judge(deployment(1), {unscheduled}, start, minutes(60));
  CHECK(alone.result == Unknown);
  CHECK(alone.reason == api::Reason::Unschedulable);
  CHECK(alone.message == "1 of 1 pods are not on a node yet");
  CHECK(judge(deployment(1), {}, start, minutes(60)).reason == api::Reason::NoPods);
}

TEST_CASE("pods that ran and have lost what they need are not ready: none of them runs any more") {
  auto lost = waiting("web-1", "CreateContainerConfigError", "configmap \"settings\" not found");
  lost.containers[0].restarts = 1;
  const auto measurement = judge(deployment(2), {lost, lost}, start, minutes(60));
  CHECK(measurement.reason == api::Reason::NotReady);
  CHECK(measurement.message ==
        "2 of 2 pods are not ready, web-1 for one, container app is in CreateContainerConfigError "
        "(limit: a quarter, for 30s)");
}

}  // namespace lastgood::checks::test
