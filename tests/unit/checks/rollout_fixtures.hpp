// Deployments and pods for the tests of the rollout check.
#pragma once

#include "checks/rollout.hpp"
#include "support/printers.hpp"

namespace lastgood::checks::test {

using api::Reason;
using enum api::MeasurementResult;
using std::chrono::minutes;
using std::chrono::seconds;

inline const Time start{minutes(1000)};
inline const TemplateHash hash("abc123");

// One of the replicas is updated, and none is available.
inline api::Deployment rolling_out_deployment(std::int64_t replicas = 2) {
  api::Deployment out;
  out.meta.key = {.namespace_ = "shop", .name = "web"};
  out.meta.generation = out.observed_generation = 4;
  out.replicas = replicas;
  out.status_replicas = replicas + 1;
  out.updated_replicas = 1;
  return out;
}

inline api::Deployment rolled_out_deployment(std::int64_t replicas = 2) {
  auto out = rolling_out_deployment(replicas);
  out.status_replicas = out.updated_replicas = out.available_replicas = replicas;
  return out;
}

inline api::Pod pod(const std::string& name, api::ContainerState container) {
  api::Pod out;
  out.meta.key = {.namespace_ = "shop", .name = name};
  out.meta.created = start - minutes(1);
  out.accepted_at = start;
  out.phase = "Running";
  if (container.started) container.started_at = start;
  out.ip = "10.0.0.1";
  out.ready = container.ready;
  container.name = "app";
  out.containers = {std::move(container)};
  return out;
}

inline api::Pod running(const std::string& name) {
  return pod(name, {.started = true, .ready = true});
}
inline api::Pod unready(const std::string& name) { return pod(name, {.started = true}); }
inline api::Pod waiting(const std::string& reason, const std::string& message = "") {
  return pod("web-1", {.waiting_reason = reason, .waiting_message = message});
}
struct Crash {
  std::int64_t restarts;
  int exit_code;
  std::string exit_reason = "Error";
  std::string waiting_reason = "CrashLoopBackOff";
};

inline api::Pod crashed(const Crash& crash) {
  return pod("web-1", {.restarts = crash.restarts,
                       .waiting_reason = crash.waiting_reason,
                       .last_exit_reason = crash.exit_reason,
                       .last_exit_code = crash.exit_code});
}

inline api::Pod unscheduled(const std::string& name) {
  auto out = pod(name, {});
  out.phase = "Pending";
  out.ip = "";
  out.containers.clear();
  return out;
}

inline Measurement measure(const api::Deployment& deployment, const std::vector<api::Pod>& pods,
                           std::optional<Time> rolled_out = std::nullopt,
                           Duration since_start = seconds(60),
                           const api::RolloutCheck& rules = {}) {
  return measure_rollout(
      rules, {.deployment = deployment, .hash = hash, .pods = pods, .rolled_out = rolled_out},
      start + since_start);
}

// A Deployment with the condition Progressing=False.
inline api::Deployment not_progressing(const std::string& message,
                                       const std::string& reason = "ProgressDeadlineExceeded") {
  auto out = rolling_out_deployment();
  out.conditions = {{.type = "Available",
                     .status = api::ConditionStatus::False,
                     .reason = "MinimumReplicasUnavailable"},
                    {.type = "Progressing",
                     .status = api::ConditionStatus::False,
                     .reason = reason,
                     .message = message}};
  return out;
}

}  // namespace lastgood::checks::test
