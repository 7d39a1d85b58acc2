// Of Kubernetes' own kinds, only the fields that are read. Knows nothing of our kinds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/meta.hpp"

namespace lastgood::api {

struct DeploymentCondition {
  std::string type;  // Available, Progressing, ReplicaFailure
  ConditionStatus status = ConditionStatus::Unknown;
  std::string reason;
  std::string message;
  std::optional<Time> last_update = {};  // of Progressing: when the rollout last got further
  bool operator==(const DeploymentCondition&) const = default;
};

// apps/v1 Deployment, as the watch keeps it: small.
struct Deployment {
  ObjectMeta meta;
  std::int64_t replicas = 1;
  bool paused = false;
  LabelSelector selector = {};
  TemplateDigest template_digest;  // of the bytes of spec.template as the server sent them
  std::int64_t observed_generation = 0;
  std::int64_t status_replicas = 0;   // of all ReplicaSets
  std::int64_t updated_replicas = 0;  // of the newest
  std::int64_t ready_replicas = 0;
  std::int64_t available_replicas = 0;
  std::vector<DeploymentCondition> conditions = {};

  bool operator==(const Deployment&) const = default;
};

// As `kubectl rollout status` calls it, and stricter for zero: the spec is observed, every replica
// is of the newest template and available, none of an older one is left, and there is at least one.
[[nodiscard]] bool rollout_complete(const Deployment& deployment);

// The annotation deployment.kubernetes.io/revision, of a Deployment or a ReplicaSet; 0 without one,
// or where it is no number.
[[nodiscard]] std::int64_t revision_of(const ObjectMeta& meta);

// apps/v1 ReplicaSet of a Deployment.
struct ReplicaSet {
  ObjectMeta meta;
  TemplateHash hash;          // label pod-template-hash
  std::int64_t revision = 0;  // annotation deployment.kubernetes.io/revision; 0 without one
  bool is_current = false;    // its template, without pod-template-hash, equals the Deployment's
  bool no_rollback_past = false;        // as policy/ reads its template's annotations
  StringMap template_annotations = {};  // of its pod template, those under lastgood.dev/

  bool operator==(const ReplicaSet&) const = default;
};

struct ContainerState {
  std::string name;
  bool started = false;  // running, and its startup probe has passed
  bool ready = false;
  bool ended = false;  // state.terminated: it does not run now
  std::int64_t restarts = 0;
  std::string waiting_reason;   // CrashLoopBackOff, ImagePullBackOff, ErrImagePull,
                                // CreateContainerConfigError, ...
  std::string waiting_message;  // at most 4 KiB: what went wrong is said last
  std::string
      last_exit_reason;  // of the current or last termination: Error, OOMKilled, Completed, ...
  int last_exit_code = 0;
  bool operator==(const ContainerState&) const = default;
};

struct Pod {
  ObjectMeta meta;
  std::string ip;
  std::string phase;          // Pending, Running, Succeeded, Failed, Unknown
  StringMap port_names = {};  // a container port's name -> its number in decimal
  bool ready = false;
  std::optional<Time> taken_on = {};       // status.startTime: kubelet knew of it
  std::optional<Time> unready_since = {};  // where the condition Ready is not True
  bool containers_ready = false;           // condition ContainersReady
  bool gates_passed = true;                // each of spec.readinessGates
  std::vector<ContainerState> containers = {};
  std::vector<ContainerState> init_containers = {};
  bool operator==(const Pod&) const = default;
};

struct ServicePort {
  std::string name;
  std::int64_t port = 0;
  std::string target_port;  // a number or a container port's name; empty: the same as port
  bool operator==(const ServicePort&) const = default;
};

struct Service {
  ObjectMeta meta;
  StringMap selector = {};
  std::vector<ServicePort> ports = {};
};

struct ConfigMap {
  ObjectMeta meta;
  StringMap data = {};
};

}  // namespace lastgood::api
