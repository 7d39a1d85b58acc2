// Kubernetes' own kinds, with the fields that Lastgood reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/meta.hpp"

namespace lastgood::api {

inline constexpr Duration default_progress_deadline = std::chrono::seconds(600);
// The value of spec.progressDeadlineSeconds. A negative value counts as 0, and a value above the
// largest int32 as the largest int32.
[[nodiscard]] Duration progress_deadline_of(std::int64_t seconds);

struct DeploymentCondition {
  InternedString type;  // Available, Progressing, ReplicaFailure
  ConditionStatus status = ConditionStatus::Unknown;
  InternedString reason;
  InternedString message;
  std::optional<Time> last_update = {};  // of Progressing: the last progress of the rollout
  bool operator==(const DeploymentCondition&) const = default;
};

// apps/v1 Deployment, with few fields so that the object store stays small.
struct Deployment {
  ObjectMeta meta;
  std::int64_t replicas = 1;
  bool paused = false;
  Duration progress_deadline = default_progress_deadline;
  bool recreates = false;  // strategy Recreate: the old pods end before the new ones start
  LabelSelector selector = {};
  TemplateDigest template_digest;  // of the text of spec.template in the response
  std::int64_t observed_generation = 0;
  std::int64_t status_replicas = 0;   // of all ReplicaSets
  std::int64_t updated_replicas = 0;  // of the newest ReplicaSet
  std::int64_t available_replicas = 0;
  std::vector<DeploymentCondition> conditions = {};

  bool operator==(const Deployment&) const = default;
};

// Like `kubectl rollout status`, but false at 0 replicas: the current generation is observed, every
// replica has the newest template and is available, and no older replica is left.
[[nodiscard]] bool rollout_complete(const Deployment& deployment);

// The annotation deployment.kubernetes.io/revision of a Deployment or ReplicaSet; 0 if it is absent
// or not a number.
[[nodiscard]] std::int64_t revision_of(const ObjectMeta& meta);

// apps/v1 ReplicaSet of a Deployment.
struct ReplicaSet {
  ObjectMeta meta;
  TemplateHash hash;          // label pod-template-hash
  std::int64_t revision = 0;  // see revision_of()
  bool is_current = false;    // its template, without pod-template-hash, equals the Deployment's
  bool no_rollback_past = false;        // from template_annotations; not set by the codec
  StringMap template_annotations = {};  // the keys under lastgood.dev/ on its pod template

  bool operator==(const ReplicaSet&) const = default;
};

struct ContainerState {
  std::string name;
  bool started = false;  // running, and its startup probe has passed
  bool ready = false;
  bool ended = false;       // state.terminated is set
  bool is_sidecar = false;  // an init container with restartPolicy Always
  // state.running.startedAt; absent: the container is not running
  std::optional<Time> started_at = {};
  std::int64_t restarts = 0;
  std::string waiting_reason;    // CrashLoopBackOff, ImagePullBackOff, ErrImagePull,
                                 // CreateContainerConfigError, ...
  std::string waiting_message;   // up to 4 KiB, because the cause is at the end of the message
  std::string last_exit_reason;  // of the current or last termination: Error, OOMKilled, ...
  int last_exit_code = 0;
  std::string image;     // as the pod names it
  std::string image_id;  // of the image that runs, with its digest; empty: not pulled yet
  bool operator==(const ContainerState&) const = default;
};

enum class ProbeKind : std::uint8_t { Readiness, Liveness, Startup };

// A probe that the kubelet sends to a container, as the spec of the pod has it.
struct KubeletProbe {
  std::string container;
  ProbeKind kind = ProbeKind::Readiness;
  // The port of the pod to which the probe goes. 0: the probe runs a command, or goes to another
  // host, or names a port that the container does not have.
  std::uint16_t port = 0;
  bool operator==(const KubeletProbe&) const = default;
};

struct Pod {
  ObjectMeta meta;
  std::string replica_set;  // name of the ReplicaSet that owns the pod; empty: none
  std::string node;         // empty: not scheduled
  std::string ip;
  std::string phase;                      // Pending, Running, Succeeded, Failed, Unknown
  StringMap port_names = {};              // the number of each named container port, in decimal
  std::vector<KubeletProbe> probes = {};  // without those of init containers
  bool ready = false;
  std::optional<Time> accepted_at = {};    // status.startTime: the kubelet accepted the pod
  std::optional<Time> unready_since = {};  // last transition of Ready; absent if Ready is True
  bool containers_ready = false;           // condition ContainersReady
  bool gates_passed = true;                // the condition of each readiness gate is True
  std::string unscheduled_message;         // of condition PodScheduled, if it is False
  std::vector<ContainerState> containers = {};
  std::vector<ContainerState> init_containers = {};
  bool operator==(const Pod&) const = default;
};

struct ServicePort {
  std::string name;
  std::int64_t port = 0;
  std::string target_port;  // a number, or the name of a container port; empty: same as `port`
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
