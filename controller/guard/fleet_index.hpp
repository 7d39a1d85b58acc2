// The guarded Deployments that may count for the breaker or as a shared cause, so that no reconcile
// visits the whole fleet. It is kept by difference: call the functions at each change.
//
//   a state of this term     noteworthy if it is not Idle, or if it has past rollbacks
//   a Deployment             noteworthy while its condition Available is not True
//   a guard without a state  noteworthy until its Deployment is reconciled in this term
#pragma once

#include <cstddef>
#include <set>

#include "api/workload.hpp"
#include "guard/guard_state.hpp"

namespace lastgood::guard {

class FleetIndex {
 public:
  // Called after each change of a state.
  void on_state(const Key& key, const GuardState& state);
  // The state was forgotten: the Deployment is gone or no longer guarded.
  void on_forgotten(const Key& key);
  // A new term begins with this guard, which has no state yet.
  void on_unloaded(const Key& key) { unloaded_.insert(key); }
  // All states were forgotten.
  void clear();

  // Called with each change of a Deployment. These facts survive clear(). `after`: null if it is
  // gone.
  void on_deployment(const Key& key, const api::Deployment* after);

  // The number of states that a policy governs. Guards without a state do not count.
  [[nodiscard]] std::size_t guarded() const { return guarded_.size(); }
  [[nodiscard]] const std::set<Key>& unloaded() const { return unloaded_; }

  // Calls visit(key) once for each noteworthy Deployment with a state, in the order of the keys.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const Key& key : active_) visit(key);
    for (const Key& key : unavailable_) {
      if (!active_.contains(key) && guarded_.contains(key)) visit(key);
    }
  }

 private:
  std::set<Key> guarded_;
  std::set<Key> active_;       // of guarded_
  std::set<Key> unavailable_;  // Deployments, guarded or not
  std::set<Key> unloaded_;
};

}  // namespace lastgood::guard
