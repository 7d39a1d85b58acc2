// The kubelet of the fake cluster: pods that start and become ready, or do not.
#include <fmt/format.h>

#include "simulation/fake/cluster.hpp"
#include "simulation/fake/object_fields.hpp"

namespace lastgood::simulation {

using codec::Json;
using Pointer = Json::json_pointer;
using std::chrono::seconds;

namespace {

constexpr Duration start_delay = seconds(1);  // from the creation of a pod to its start

}  // namespace

bool Cluster::lacks_volume(const Json& pod) const {
  for (const Json& volume : pod["spec"].value("volumes", Json::array())) {
    const std::string name = text(volume, "/configMap/name");
    if (!name.empty() && !server_.find("configmaps", {key_of(pod).namespace_, name})) return true;
  }
  return false;
}

void Cluster::create_pod(const Json& set) {
  const Key key{.namespace_ = key_of(set).namespace_,
                .name = fmt::format("{}-{:05}", key_of(set).name, ++pods_created_)};
  Json pod{{"metadata",
            {{"name", key.name},
             {"namespace", key.namespace_},
             {"labels", set["metadata"]["labels"]},
             {"ownerReferences", owner_references(set, "apps/v1", "ReplicaSet")}}},
           {"spec", set["spec"]["template"]["spec"]},
           {"status",
            {{"phase", "Pending"},
             {"startTime", format_rfc3339(clock_.now())},
             {"conditions", Json::array({{{"type", "Ready"}, {"status", "False"}}})}}}};
  pod["spec"]["nodeName"] = nodes.next();
  const Duration init_fails_for = health_of(pod).init_fails_for;
  server_.create("pods", std::move(pod));
  const MonotonicTime start = clock_.monotonic_now() + start_delay;
  clock_.call_at(
      start, [this, key, until = start + init_fails_for] { fail_init_container(key, 0, until); });
}

void Cluster::resume() {
  for (const Json* deployment : server_.all("deployments")) enqueue(key_of(*deployment));
  for (const Json* pod : server_.all("pods")) {
    const Key key = key_of(*pod);
    const MonotonicTime start = clock_.monotonic_now() + start_delay;
    if (!pod->contains(Pointer("/status/containerStatuses/0/state/running"))) {
      clock_.call_at(start, [this, key] { start_pod(key, 0); });
    } else {
      clock_.call_at(start + health_of(*pod).startup, [this, key] { update_readiness(key); });
    }
  }
}

void Cluster::fail_init_container(const Key& key, int restarts, MonotonicTime until) {
  if (!server_.find("pods", key)) return;
  if (clock_.monotonic_now() >= until) return start_pod(key, 0);
  const Json container{{"name", "migrate"},
                       {"restartCount", restarts},
                       {"state", {{"waiting", {{"reason", "CrashLoopBackOff"}}}}},
                       {"lastState", {{"terminated", {{"reason", "Error"}, {"exitCode", 1}}}}}};
  server_.change("pods", key, [&](Json& object) {
    object["status"]["initContainerStatuses"] = Json::array({container});
  });
  clock_.call_at(clock_.monotonic_now() + seconds(10),
                 [this, key, restarts, until] { fail_init_container(key, restarts + 1, until); });
}

void Cluster::start_pod(const Key& key, int restarts) {
  const Json* pod = server_.find("pods", key);
  if (!pod) return;
  const std::string image = text(*pod, "/spec/containers/0/image");
  if (lacks_volume(*pod)) {
    server_.change("pods", key, [&](Json& object) {
      object["spec"]["nodeName"] = "node";
      object["status"]["containerStatuses"] =
          Json::array({{{"name", "app"},
                        {"image", image},
                        {"restartCount", 0},
                        {"state", {{"waiting", {{"reason", "ContainerCreating"}}}}}}});
    });
    clock_.call_at(clock_.monotonic_now() + seconds(2), [this, key] { start_pod(key, 0); });
    return;
  }
  const auto pulled = image_ids.find(image);
  const bool is_running = health_of(*pod).starts;
  const int number = std::stoi(key.name.str().substr(key.name.size() - 5));
  const std::string ip = fmt::format("10.244.{}.{}", number / 250, number % 250 + 1);
  server_.change("pods", key, [&](Json& object) {
    Json container{
        {"name", "app"}, {"started", is_running}, {"ready", false}, {"restartCount", restarts}};
    container["image"] = image;
    container["imageID"] = pulled == image_ids.end() ? image : pulled->second;
    if (is_running) {
      container["state"] = {{"running", {{"startedAt", format_rfc3339(clock_.now())}}}};
    } else {
      container["state"] = {{"waiting", {{"reason", "CrashLoopBackOff"}}}};
      container["lastState"] = {{"terminated", {{"reason", "Error"}, {"exitCode", 1}}}};
    }
    object["status"]["phase"] = "Running";
    object["status"]["podIP"] = ip;
    object["status"]["containerStatuses"] = Json::array({container});
    object["status"].erase("initContainerStatuses");
  });
  if (is_running) {
    clock_.call_at(clock_.monotonic_now() + health_of(*server_.find("pods", key)).startup,
                   [this, key] { update_readiness(key); });
  } else {
    clock_.call_at(clock_.monotonic_now() + seconds(10) * (1 << std::min(restarts, 5)),
                   [this, key, restarts] { start_pod(key, restarts + 1); });
  }
}

void Cluster::update_readiness(const Key& key) {
  const Json* pod = server_.find("pods", key);
  if (!pod || !pod->contains(Pointer("/status/containerStatuses/0/state/running"))) return;
  const bool ready = health_of(*pod).ready;
  if ((text(*pod, "/status/conditions/0/status") == "True") == ready) return;
  server_.change("pods", key, [&](Json& object) {
    object["status"]["conditions"] =
        Json::array({{{"type", "Ready"},
                      {"status", ready ? "True" : "False"},
                      {"lastTransitionTime", format_rfc3339(clock_.now())}}});
    object["status"]["containerStatuses"][0]["ready"] = ready;
  });
}

}  // namespace lastgood::simulation
