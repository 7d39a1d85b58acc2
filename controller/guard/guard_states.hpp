// The states of all Deployments that were reconciled in this term, and the inbox of each. The
// states change only by fold() and apply(): this class gives out only const states.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "guard/fleet_index.hpp"
#include "guard/guard_state.hpp"
#include "guard/inbox.hpp"
#include "guard/outcomes.hpp"
#include "kube/stores.hpp"

namespace lastgood::guard {

class GuardStates {
 public:
  // Null if the Deployment was not reconciled in this term.
  [[nodiscard]] const GuardState* find(const Key& deployment) const;

  // Calls visit(key, state) for each Deployment.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [key, entry] : entries_) visit(key, *entry.state);
  }

  // Appends the entry to the inbox, and returns whether the Deployment must be reconciled for it.
  // Returns false while a reconcile gathers its inputs: that reconcile folds the entry, or
  // end_gather() reports it. Appends nothing and returns false if the state is not known, because
  // the next reconcile loads it, or if the entry is about another object (is_about() in apply.hpp).
  bool post(const Key& deployment, InboxEntry entry);

  // True if the inbox says that a user deleted this Rollback.
  [[nodiscard]] bool is_rollback_deleted(const Key& deployment, const Uid& rollback) const;

  // Called when a reconcile begins to gather its inputs. Returns the state, after all entries of
  // the inbox were folded into it. The state is first loaded if it is not known, belongs to another
  // Deployment with the same name, or was set by set_unmanaged(). The returned object changes with
  // each drain() and apply(), until the state is forgotten.
  std::shared_ptr<const GuardState> open(const api::Deployment& deployment,
                                         const kube::Stores& stores, Time now);

  // Folds the inbox into the state.
  void drain(const api::Deployment& deployment, const kube::Stores& stores, Time now);

  // Called when the reconcile has gathered its inputs. Returns whether entries have arrived since
  // the last drain(): only another reconcile folds them.
  bool end_gather(const Key& deployment);

  // Folds the outcome into the state. Does nothing if the state was forgotten, because the term is
  // over.
  void apply(const Key& deployment, const Outcome& outcome);

  // Called with each guard from the watch. While the Deployment is Idle and its status is stored
  // completely, the state uses the object of the store, so that there is one copy of it.
  void share_stored(const api::DeploymentGuard& guard);

  // Replaces the state of a Deployment that has a group but has not opted in.
  void set_unmanaged(const Key& deployment, GuardState state);

  // The guarded Deployments that may count for the breaker or as a shared cause.
  [[nodiscard]] const FleetIndex& index() const { return index_; }
  // Called with each change of a Deployment in the watch. `after`: null if it is gone.
  void on_deployment(const Key& key, const api::Deployment* after) {
    index_.on_deployment(key, after);
  }
  // Called at the begin of a term with each guard in the store, after forget_all().
  void add_unloaded(const Key& key) { index_.on_unloaded(key); }

  void forget(const Key& deployment) {
    entries_.erase(deployment);
    index_.on_forgotten(deployment);
  }
  void forget_all() {
    entries_.clear();
    index_.clear();
  }

 private:
  struct Entry {
    std::shared_ptr<GuardState> state;
    Inbox inbox = {};
    bool is_gathering = false;                           // between open() and end_gather()
    std::optional<FleetIndex::Membership> indexed = {};  // what index_ has; absent: nothing yet
  };

  void index(const Key& deployment, Entry& entry);

  std::map<Key, Entry> entries_;
  FleetIndex index_;
};

}  // namespace lastgood::guard
