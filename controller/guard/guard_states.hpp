// The states of all Deployments that were reconciled in this term, and the inbox of each. The
// states change only by fold() and apply(): this class gives out only const states.
#pragma once

#include <map>
#include <memory>

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

  // Appends to the inbox, and returns whether the Deployment must be reconciled for that. Not if a
  // reconcile gathers its inputs: it folds the entry. Appends nothing if the state is not known or
  // if the entry is about another object than the state: the next reconcile loads what it needs.
  bool post(const Key& deployment, InboxEntry entry);

  // True if the inbox says that a user deleted this Rollback.
  [[nodiscard]] bool is_rollback_deleted(const Key& deployment, const Uid& rollback) const;

  // The state with all entries of the inbox. It is loaded if it is not known, is that of another
  // Deployment with the same name, or was reset because the Deployment had not opted in. It changes
  // with each drain() and apply(), until it is forgotten. A reconcile gathers its inputs from now
  // on, until end_gather().
  std::shared_ptr<const GuardState> open(const api::Deployment& deployment,
                                         const kube::Stores& stores, Time now);

  // Folds the inbox into the state.
  void drain(const api::Deployment& deployment, const kube::Stores& stores, Time now);

  // Returns whether the inbox has entries that no reconcile folds: those since the last drain().
  bool end_gather(const Key& deployment);

  // Folds the outcome into the state. Does nothing if the state was forgotten, because the term is
  // over.
  void apply(const Key& deployment, const Outcome& outcome);

  // Replaces the state of a Deployment that has a group but has not opted in.
  void set_unmanaged(const Key& deployment, GuardState state);

  void forget(const Key& deployment) { entries_.erase(deployment); }
  void forget_all() { entries_.clear(); }

 private:
  struct Entry {
    std::shared_ptr<GuardState> state;
    Inbox inbox = {};
    bool is_gathering = false;  // between open() and end_gather()
  };

  std::map<Key, Entry> entries_;
};

}  // namespace lastgood::guard
