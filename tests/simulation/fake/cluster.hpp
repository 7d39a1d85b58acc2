// The controllers and the kubelet of a small cluster, on virtual time:
// - Deployment controller: ReplicaSets by template, revision numbers, rolling updates, conditions
// - ReplicaSet controller: pods
// - garbage collector: owned objects
// - kubelet: pods that start and become ready, or do not
// The cluster knows nothing of Lastgood.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "simulation/fake/api_server.hpp"
#include "simulation/fake/nodes.hpp"

namespace lastgood::simulation {

// How the pods of one image behave. `status`, `latency` and `hangs` describe their health endpoint.
struct ImageHealth {
  bool starts = true;  // false: the container exits again and again
  bool ready = true;   // the result of the readiness probe
  int status = 200;    // 0: the connection is refused
  Duration latency = std::chrono::milliseconds(5);
  bool hangs = false;  // the endpoint never answers
  // From the start of the container to its readiness. Until then the endpoint returns
  // startup_status.
  Duration startup = std::chrono::seconds(1);
  int startup_status = 200;
  bool is_blocked = false;  // a NetworkPolicy drops the probes of the controller
  // Before the container starts, an init container exits with an error for this time.
  Duration init_fails_for{0};
};

class Cluster {
 public:
  Cluster(ApiServer& server, VirtualClock& clock);

  // By image, for present and future pods. An image that is not listed is healthy.
  std::map<std::string, ImageHealth> health;

  // A dependency of all images is down: every health endpoint that answers returns 503.
  bool outage = false;
  Nodes nodes;

  // The health endpoint. Other paths return 404.
  std::string health_path = "/health";

  // The imageID of containers that start from now on, by image. The imageID of an image that is not
  // listed is the name of the image.
  std::map<std::string, std::string> image_ids;
  // The quota of pods: if this number of pods exists, no pod is created. 0: there is no quota.
  std::size_t pod_quota = 0;

  // The health of the pod with this IP. Without a pod, the connection is refused.
  [[nodiscard]] ImageHealth health_at(const std::string& ip) const;
  [[nodiscard]] bool has_pod_at(const std::string& ip) const { return find_pod(ip) != nullptr; }

  // To be called after the server's objects were restored from a backup: the controllers and the
  // kubelet look at each Deployment and each pod again.
  void resume();

  // To be called from the server's on_change.
  void on_change(const std::string& plural, const codec::Json& object);

 private:
  using Json = codec::Json;
  void enqueue(const Key& deployment);
  void sync(const Key& key);
  // Null if the ReplicaSet cannot be created yet. Adds a new ReplicaSet to `sets`.
  Json find_or_create_set(const Json& deployment, std::vector<Json>& sets);
  void set_revision_number(const Json& deployment, const Json& set, const std::vector<Json>& sets);
  void scale(const Json& deployment, const Json& current, const std::vector<Json>& sets);
  void set_replicas(const Json& set, std::int64_t replicas);
  void write_status(const Json& deployment, const Json& current, const std::vector<Json>& sets);
  void apply_revision_history_limit(const Json& deployment, const Json& current,
                                    const std::vector<Json>& sets);
  void sync_pods(const Key& set_key);
  // The pods that have been ready for minReadySeconds of the Deployment.
  std::int64_t count_available(const Json& set, const std::vector<Json>& pods);
  void create_pod(const Json& set);
  void fail_init_container(const Key& key, int restarts, MonotonicTime until);
  // If the quota is reached, sets the condition ReplicaFailure of the ReplicaSet, and tries again
  // after 5 s.
  void report_creation(const Key& set_key, bool is_over_quota);
  // True if a ConfigMap that a volume of the pod mounts does not exist. The pod then stays in
  // ContainerCreating, and its status does not name the ConfigMap.
  [[nodiscard]] bool lacks_volume(const Json& pod) const;
  void start_pod(const Key& key, int restarts);
  void update_readiness(const Key& key);
  void garbage_collect_owned_by(const std::string& owner_uid);
  [[nodiscard]] std::vector<Json> owned(const std::string& plural, const Json& owner) const;
  [[nodiscard]] const Json* find_pod(const std::string& ip) const;
  [[nodiscard]] const ImageHealth& health_of(const Json& object) const;

  ApiServer& server_;
  VirtualClock& clock_;
  std::set<Key> queued_;
  std::map<Key, MonotonicTime> progressed_;  // by Deployment: when its rollout last progressed
  int pods_created_ = 0;
};

}  // namespace lastgood::simulation
