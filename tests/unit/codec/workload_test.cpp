// The fields of Deployments and pods on which the rules about start-up and silence depend.
#include "codec/workload.hpp"

#include <catch2/catch.hpp>

using namespace lastgood;
using namespace lastgood::api;
using namespace lastgood::codec;
using std::chrono::seconds;

namespace {

Pod pod_from(const std::string& text) {
  const auto json = parse_json(text);
  REQUIRE(json);
  auto pod = parse_pod(*json);
  REQUIRE(pod);
  return *std::move(pod);
}

}  // namespace

TEST_CASE("parse_deployment reads the progress deadline, with 600 s as the default") {
  const auto deadline = [](const char* spec) {
    return parse_deployment(*parse_json(spec))->progress_deadline;
  };
  CHECK(deadline(R"({"spec": {"progressDeadlineSeconds": 1800}})") == seconds(1800));
  CHECK(deadline(R"({"spec": {}})") == seconds(600));
  CHECK(deadline(R"({"spec": {"progressDeadlineSeconds": -1}})") == seconds(0));
  CHECK(deadline(R"({"spec": {"progressDeadlineSeconds": 9223372036854775807}})") ==
        seconds(2147483647));
}

TEST_CASE("parse_pod reads the node, and why the pod is not scheduled") {
  CHECK(pod_from(R"({"spec": {"nodeName": "node-2"}})").node == "node-2");
  const Pod pending = pod_from(R"({"status": {"conditions": [{"type": "PodScheduled",
      "status": "False", "reason": "Unschedulable", "message": "0/2 nodes are available"}]}})");
  CHECK(pending.node.empty());
  CHECK(pending.unscheduled_message == "0/2 nodes are available");
  CHECK(pod_from(R"({"status": {"conditions": [{"type": "PodScheduled", "status": "True"}]}})")
            .unscheduled_message.empty());
}

TEST_CASE("parse_pod reads when a container started, and which image it runs") {
  const Pod pod = pod_from(R"({"status": {"containerStatuses": [
      {"name": "app", "image": "shop/web:latest", "imageID": "shop/web@sha256:01",
       "state": {"running": {"startedAt": "2026-11-24T12:00:00Z"}}},
      {"name": "ended", "state": {"terminated": {"startedAt": "2026-11-24T12:00:00Z"}}}]}})");
  CHECK(pod.containers.at(0).started_at == parse_rfc3339("2026-11-24T12:00:00Z"));
  CHECK(pod.containers.at(0).image == "shop/web:latest");
  CHECK(pod.containers.at(0).image_id == "shop/web@sha256:01");
  CHECK_FALSE(pod.containers.at(1).started_at);
}

TEST_CASE("parse_pod marks an init container that restarts always as a sidecar") {
  const Pod pod = pod_from(R"({"spec": {"initContainers": [
      {"name": "proxy", "restartPolicy": "Always"}, {"name": "migrate"}]},
      "status": {"initContainerStatuses": [{"name": "migrate"}, {"name": "proxy"}]}})");
  CHECK_FALSE(pod.init_containers.at(0).is_sidecar);
  CHECK(pod.init_containers.at(1).is_sidecar);
}

TEST_CASE("parse_pod reads the kubelet's probes with the number of their port") {
  const Pod pod = pod_from(R"({"spec": {"containers": [
      {"name": "app", "ports": [{"name": "http", "containerPort": 8080}],
       "readinessProbe": {"httpGet": {"port": "http"}},
       "livenessProbe": {"tcpSocket": {"port": 9000}},
       "startupProbe": {"exec": {"command": ["true"]}}},
      {"name": "other", "readinessProbe": {"httpGet": {"port": "http"}},
       "livenessProbe": {"httpGet": {"port": 80, "host": "10.0.0.9"}},
       "startupProbe": {"grpc": {"port": 70000}}}]}})");
  CHECK(pod.probes == std::vector<KubeletProbe>{{"app", ProbeKind::Readiness, 8080},
                                                {"app", ProbeKind::Liveness, 9000},
                                                {"app", ProbeKind::Startup, 0},
                                                {"other", ProbeKind::Readiness, 0},
                                                {"other", ProbeKind::Liveness, 0},
                                                {"other", ProbeKind::Startup, 0}});
  CHECK(pod_from(R"({"spec": {"containers": [{"name": "app"}]}})").probes.empty());
}
