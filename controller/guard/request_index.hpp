// Rollbacks that people ask for and that were not answered yet, by the Deployment that they mean.
// Pure.
#pragma once

#include <optional>
#include <set>

#include "kube/stores.hpp"

namespace lastgood::guard {

// Waits for an answer: made by a person and not bound, or a drill that was begun and not finished.
[[nodiscard]] bool is_request(const api::Rollback& rollback);

// Before a request is refused because its Deployment is not known or not guarded: what was applied
// with it may show up later.
[[nodiscard]] std::optional<Duration> still_to_wait(const api::Rollback& request, Time now);

class RequestIndex {
 public:
  void note(const api::Rollback& rollback);

  // What was answered is not answered again until the watch shows it.
  void answered(const Uid& rollback) { answered_.insert(rollback); }
  void reset_results() { answered_.clear(); }

  // The oldest for that Deployment, as the watch has it.
  [[nodiscard]] std::optional<api::Rollback> oldest(const Key& deployment,
                                                    const kube::Stores& stores);

 private:
  std::set<Key> deployments_;  // that some Rollback may ask for: most never have one, and are not
                               // searched for
  std::set<Uid> answered_;
};

}  // namespace lastgood::guard
