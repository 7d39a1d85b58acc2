#include "guard/unreadable.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lastgood::guard {

namespace {

UnreadableObject object_of(const api::DeploymentGuard& guard) {
  return {.kind = "DeploymentGuard", .key = guard.meta.key, .problem = guard.problem};
}
UnreadableObject object_of(const api::Rollback& rollback) {
  return {.kind = "Rollback", .key = rollback.meta.key, .problem = rollback.problem};
}

template <class T>
using Objects = std::map<Key, std::shared_ptr<const T>>;

// Replaces `known` by the unreadable objects of the store. Appends the new ones to `found`.
template <class T>
void search(const kube::ObjectStore<T>& store, Objects<T>& known,
            std::vector<UnreadableObject>& found) {
  Objects<T> now;
  store.for_each([&](const auto& object) {
    if (object->problem.empty()) return;
    const auto before = known.find(object->meta.key);
    const bool is_known = before != known.end() && before->second->meta.uid == object->meta.uid &&
                          before->second->problem == object->problem;
    if (!is_known) found.push_back(object_of(*object));
    now.emplace(object->meta.key, object);
  });
  known = std::move(now);
}

bool may_be_of(const api::Rollback& rollback, const api::Deployment& deployment,
               const api::DeploymentGuard* guard) {
  const std::string& name = rollback.meta.key.name;
  if (guard && (guard->status->rollback == name || guard->status->pending == name)) return true;
  if (!rollback.spec.deployment.empty())
    return rollback.spec.deployment == deployment.meta.key.name;
  return rollback.meta.owner == deployment.meta.uid ||
         name.starts_with(deployment.meta.key.name + "-");
}

}  // namespace

std::string text_of(const UnreadableObject& object) {
  return fmt::format(
      "{} {} cannot be read: {}. Nothing is done with this Deployment until it can be read: "
      "install the version of Lastgood that wrote it, or correct or delete it",
      object.kind, object.key.name, object.problem);
}

api::EventRecord event_of(const UnreadableObject& object) {
  return {.type = api::EventType::Warning,
          .reason = api::Reason::StateUnreadable,
          .action = api::EventAction::None,
          .note = text_of(object)};
}

std::vector<UnreadableObject> UnreadableObjects::update(const kube::Stores& stores) {
  std::vector<UnreadableObject> found;
  search(stores.guards, guards_, found);
  search(stores.rollbacks, rollbacks_, found);
  return found;
}

std::optional<UnreadableObject> UnreadableObjects::blocks(const api::Deployment& deployment,
                                                          const kube::Stores& stores) const {
  const Key& key = deployment.meta.key;
  if (const auto guard = guards_.find(key); guard != guards_.end())
    return object_of(*guard->second);
  const auto first = rollbacks_.lower_bound({.namespace_ = key.namespace_, .name = {}});
  if (first == rollbacks_.end() || first->first.namespace_ != key.namespace_) return {};

  const auto guard = stores.guards.find(key);
  for (auto at = first; at != rollbacks_.end() && at->first.namespace_ == key.namespace_; ++at) {
    if (may_be_of(*at->second, deployment, guard.get())) return object_of(*at->second);
  }
  std::optional<UnreadableObject> initiator;
  stores.rollbacks.for_each_of(key, [&](const auto& rollback) {
    if (rollback->spec.caused_by.empty() || api::finished(rollback->status.phase)) return;
    const auto found =
        rollbacks_.find({.namespace_ = key.namespace_, .name = rollback->spec.caused_by});
    if (found != rollbacks_.end()) initiator = object_of(*found->second);
  });
  return initiator;
}

}  // namespace lastgood::guard
