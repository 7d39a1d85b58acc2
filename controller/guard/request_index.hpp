// Manual Rollbacks without an answer, by their Deployment.
#pragma once

#include <optional>
#include <set>

#include "kube/stores.hpp"

namespace lastgood::guard {

// A manual Rollback whose spec the controller has not filled in yet (see BindRequest), or a drill
// that is not finished. False for a Rollback that cannot be read: it gets no answer.
[[nodiscard]] bool is_request(const api::Rollback& rollback);

// The time that a request for an unknown or unguarded Deployment still waits before it is rejected.
// The Deployment may have been applied together with the request. Empty: it is rejected now.
[[nodiscard]] std::optional<Duration> grace_left(const api::Rollback& request, Time now);

class RequestIndex {
 public:
  void add(const api::Rollback& rollback);

  // An answered request is not returned again before the watch shows the answer.
  void answered(const Uid& rollback) { answered_.insert(rollback); }
  void forget_answered() { answered_.clear(); }

  // The oldest request for that Deployment, from the watch.
  [[nodiscard]] std::optional<api::Rollback> oldest(const Key& deployment,
                                                    const kube::Stores& stores);

 private:
  std::set<Key> deployments_;  // those that may have a request: only they are searched
  std::set<Uid> answered_;     // Rollbacks
};

}  // namespace lastgood::guard
