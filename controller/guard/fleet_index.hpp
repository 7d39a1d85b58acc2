// Facts of the whole fleet, so that nothing visits all Deployments: the guarded Deployments that
// may count for the breaker or as a shared cause, how many each policy governs, and which have a
// conflict of policies. It is kept by difference: call the functions at each change.
//
//   a state of this term     noteworthy if it is not Idle, or if it has past rollbacks
//   a Deployment             noteworthy while its condition Available is not True
//   a guard without a state  noteworthy until its Deployment is reconciled in this term
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <utility>

#include "api/workload.hpp"
#include "guard/guard_state.hpp"

namespace lastgood::guard {

class FleetIndex {
 public:
  // The facts of one state.
  struct Membership {
    InternedString policy;   // as in GuardStatus; empty: the Deployment is not guarded
    bool is_active = false;  // guarded, and not Idle or with past rollbacks
    bool has_policy_conflict = false;
    bool operator==(const Membership&) const = default;
  };
  [[nodiscard]] static Membership membership_of(const GuardState& state);

  // Called with a new state, and after each change of its membership.
  void on_state(const Key& key, const Membership& membership);
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
  [[nodiscard]] std::size_t guarded() const { return policies_.size(); }
  // Of these, the number in one namespace that this policy governs.
  [[nodiscard]] std::size_t guarded_by(const InternedString& namespace_,
                                       const InternedString& policy) const;
  [[nodiscard]] const std::set<Key>& with_policy_conflict() const { return conflicting_; }
  [[nodiscard]] const std::set<Key>& unloaded() const { return unloaded_; }

  // Calls visit(key) once for each noteworthy Deployment with a state, in the order of the keys.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const Key& key : active_) visit(key);
    for (const Key& key : unavailable_) {
      if (!active_.contains(key) && policies_.contains(key)) visit(key);
    }
  }

 private:
  void remove_policy(const Key& key);

  std::map<Key, InternedString> policies_;  // of the guarded ones
  std::map<std::pair<InternedString, InternedString>, std::size_t> governed_;  // namespace, policy
  std::set<Key> conflicting_;
  std::set<Key> active_;       // of the guarded ones
  std::set<Key> unavailable_;  // Deployments, guarded or not
  std::set<Key> unloaded_;
};

}  // namespace lastgood::guard
