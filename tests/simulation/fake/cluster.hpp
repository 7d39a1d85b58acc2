// The Deployment controller, the ReplicaSet controller, the garbage collector and a kubelet, as small as will do: ReplicaSets
// by template, revision numbers, rolling updates, pods that start and get ready or do not, conditions. On virtual time.
// Must not know Lastgood.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "simulation/fake/server.hpp"

namespace lastgood::simulation {

// How the pods of one image do.
struct Health {
  bool starts = true;      // else its container exits again and again
  bool ready = true;       // its readiness probe
  int status = 200;        // of its health endpoint; 0: refuses
  Duration answers_in{5};  // its health endpoint
  bool hangs = false;      // its health endpoint never answers
};

class Cluster {
 public:
  Cluster(Server& server, VirtualClock& clock);

  // By image, the present and the future ones; what is not said is healthy.
  std::map<std::string, Health> health;

  // Of the pod at that address.
  [[nodiscard]] Health health_at(const std::string& ip) const;
  [[nodiscard]] bool has_pod_at(const std::string& ip) const;

  // The server's on_change.
  void changed(const std::string& plural, const codec::Json& object);
  // Pods look at their health again.
  void health_changed();

 private:
  using Json = codec::Json;
  void later(const Key& deployment);
  void sync(const Key& key);
  Json find_or_make_set(const Json& deployment, std::vector<Json>& sets);
  void number(const Json& deployment, const Json& set, const std::vector<Json>& sets);
  void scale(const Json& deployment, const Json& current, const std::vector<Json>& sets);
  void set_replicas(const Json& set, std::int64_t replicas);
  void write_status(const Json& deployment, const Json& current, const std::vector<Json>& sets);
  void tidy(const Json& deployment, const Json& current, const std::vector<Json>& sets);
  void sync_pods(const Key& set_key);
  void make_pod(const Json& set);
  void run_pod(const Key& pod, int restarts);
  void judge_pod(const Key& pod);
  void collect(const std::string& owner);
  [[nodiscard]] std::vector<Json> owned(const std::string& plural, const Json& owner) const;
  [[nodiscard]] const Health& health_of(const Json& object) const;

  Server& server_;
  VirtualClock& clock_;
  std::set<Key> due_;
  std::map<Key, Steady> progressed_;  // when each Deployment last got further
  int pods_ = 0;
};

}  // namespace lastgood::simulation
