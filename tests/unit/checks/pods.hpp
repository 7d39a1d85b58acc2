// Pods as the kubelet reports them. Each pod has one container, app.
#pragma once

#include <string>

#include "api/workload.hpp"

namespace lastgood::checks::test {

inline const Time start{std::chrono::minutes(1000)};  // when the pods started
inline const Time now = start + std::chrono::minutes(60);

inline api::Pod pod_with(const std::string& name, api::ContainerState container,
                         const std::string& phase = "Running") {
  api::Pod out;
  out.meta.key = {.namespace_ = "shop", .name = name};
  out.meta.labels = {{"app", "web"}};
  out.meta.created = start - std::chrono::minutes(1);
  out.accepted_at = start;
  out.phase = phase;
  if (container.started && !container.started_at) container.started_at = start;
  out.ip = "10.0.0.1";
  container.name = "app";
  out.ready = container.ready;
  out.containers = {std::move(container)};
  return out;
}

inline api::Pod running(const std::string& name) {
  return pod_with(name, {.started = true, .ready = true});
}
inline api::Pod unready(const std::string& name) { return pod_with(name, {.started = true}); }
// A pod whose node stopped reporting: the node controller has set Ready to False, but
// ContainersReady is still True.
inline api::Pod on_unreachable_node(const std::string& name) {
  api::Pod out = unready(name);
  out.containers_ready = true;
  return out;
}
inline api::Pod unscheduled(const std::string& name) {
  api::Pod out = pod_with(name, {}, "Pending");
  out.ip = "";
  out.containers.clear();
  return out;
}
inline api::Pod crashed(const std::string& name, const std::string& exit_reason = "Error") {
  return pod_with(name, {.restarts = 1,
                         .waiting_reason = "CrashLoopBackOff",
                         .last_exit_reason = exit_reason,
                         .last_exit_code = exit_reason == "OOMKilled" ? 137 : 1});
}
inline api::Pod waiting(const std::string& name, const std::string& reason,
                        const std::string& message = "") {
  return pod_with(name, {.waiting_reason = reason, .waiting_message = message}, "Pending");
}
inline api::Pod terminating(api::Pod pod) {
  pod.meta.deleting = true;
  return pod;
}
// The pod was created, accepted and started at this time.
inline api::Pod started_at(api::Pod pod, Time time) {
  pod.meta.created = pod.accepted_at = time;
  for (api::ContainerState& container : pod.containers) {
    if (container.started) container.started_at = time;
  }
  return pod;
}
inline api::Pod on_node(api::Pod pod, const std::string& node) {
  pod.node = node;
  return pod;
}
inline api::Pod with_probe(api::Pod pod, api::ProbeKind kind, std::uint16_t port) {
  pod.probes.push_back({.container = "app", .kind = kind, .port = port});
  return pod;
}
inline api::Pod one_minute_old(api::Pod pod) {
  return started_at(std::move(pod), now - std::chrono::minutes(1));
}

}  // namespace lastgood::checks::test
