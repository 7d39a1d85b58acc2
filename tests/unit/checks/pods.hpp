// Pods as the kubelet reports them.
#pragma once

#include <string>

#include "api/workload.hpp"

namespace lastgood::checks::test {

inline const Time start{std::chrono::minutes(1000)};
inline const Time now = start + std::chrono::minutes(60);

inline api::Pod pod_with(const std::string& name, api::ContainerState container,
                         const std::string& phase = "Running") {
  api::Pod out;
  out.meta.key = {.namespace_ = "shop", .name = name};
  out.meta.labels = {{"app", "web"}};
  out.meta.created = start;
  out.phase = phase;
  out.ip = "10.0.0.1";
  container.name = "app";
  out.ready = container.ready;
  out.containers = {std::move(container)};
  return out;
}

inline api::Pod running(const std::string& name, bool ready = true) {
  return pod_with(name, {.started = true, .ready = ready});
}
inline api::Pod crashed(const std::string& name, const std::string& reason = "Error") {
  return pod_with(name, {.restarts = 1,
                         .waiting_reason = "CrashLoopBackOff",
                         .last_exit_reason = reason,
                         .last_exit_code = reason == "OOMKilled" ? 137 : 1});
}
inline api::Pod waiting(const std::string& name, const std::string& reason,
                        const std::string& message = "") {
  return pod_with(name, {.waiting_reason = reason, .waiting_message = message}, "Pending");
}
inline api::Pod deleting(api::Pod pod) {
  pod.meta.deleting = true;
  return pod;
}
inline api::Pod young(api::Pod pod) {
  pod.meta.created = now - std::chrono::minutes(1);
  return pod;
}

}  // namespace lastgood::checks::test
