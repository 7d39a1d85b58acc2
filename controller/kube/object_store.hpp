// The objects of one kind, as of the last watch event. Corresponds to client-go's
// tools/cache/thread_safe_store.go, with one index and without locks. T has `meta`
// (api::ObjectMeta) and ==.
//
// The store never changes an object in place: a pointer that find() returned keeps its content.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/names.hpp"
#include "kube/changes.hpp"
#include "kube/resource_version.hpp"

namespace lastgood::kube {

template <class T>
class ObjectStore {
 public:
  using Pointer = std::shared_ptr<const T>;
  // The owner under which for_each_of() finds an object. An object without one is not indexed.
  using OwnerOf = std::optional<Key> (*)(const T&);

  ObjectStore() = default;  // indexes no object
  explicit ObjectStore(OwnerOf find_owner) : find_owner_(find_owner) {}

  // Null if the store has no object with this key.
  [[nodiscard]] Pointer find(const Key& key) const {
    const auto found = objects_.find(key);
    return found == objects_.end() ? nullptr : found->second;
  }
  // True if the store has exactly this version of this object.
  [[nodiscard]] bool has(const Key& key, const Uid& uid, const ResourceVersion& version) const {
    const Pointer stored = find(key);
    return stored && stored->meta.uid == uid && !version.empty() &&
           stored->meta.resource_version == version;
  }
  [[nodiscard]] std::size_t size() const { return objects_.size(); }

  Deltas<T> apply(Change<T> change) {
    if (auto* changed = std::get_if<Upsert<T>>(&change)) return upsert(std::move(changed->object));
    if (auto* remove = std::get_if<Remove>(&change)) return erase(remove->key, remove->uid);
    auto& replace = std::get<Replace<T>>(change);
    return replace_all(std::move(replace.objects), replace.namespace_);
  }

  // Returns no delta if the store has a newer version of the same object (same uid), or if the
  // object is equal to that in the store.
  Deltas<T> upsert(T object) {
    Pointer& slot = objects_[object.meta.key];
    if (slot && slot->meta.uid == object.meta.uid &&
        older(object.meta.resource_version, slot->meta.resource_version))
      return {};
    return put(slot, std::move(object));
  }

  // Returns no delta if the store has no object with this key and `uid`. An empty `uid` means any.
  Deltas<T> erase(const Key& key, const Uid& uid = {}) {
    const auto found = objects_.find(key);
    if (found == objects_.end() || (!uid.empty() && found->second->meta.uid != uid)) return {};
    Deltas<T> deltas{{.before = std::move(found->second), .after = nullptr}};
    objects_.erase(found);
    remove_from_index(*deltas.front().before);
    return deltas;
  }

  // Replaces the content of one namespace, or of all namespaces if `namespace_` is empty. Lower
  // resource versions are accepted: the server's storage may have been restored from a backup.
  // Removals come first in the result.
  Deltas<T> replace_all(std::vector<T> objects, std::string_view namespace_ = {}) {
    std::map<Key, Pointer> removed = extract(namespace_);
    Deltas<T> upserts;
    for (T& object : objects) {
      Pointer& slot = objects_[object.meta.key];
      if (auto old = removed.extract(object.meta.key)) slot = std::move(old.mapped());
      for (auto& delta : put(slot, std::move(object))) upserts.push_back(std::move(delta));
    }
    Deltas<T> deltas;
    for (auto& [key, before] : removed) {
      remove_from_index(*before);
      deltas.push_back({.before = std::move(before), .after = nullptr});
    }
    for (auto& delta : upserts) deltas.push_back(std::move(delta));
    return deltas;
  }

  // merge_page() and drop_missing() merge a list that is read in pages while the watch goes on.
  // `version` is the resource version of the list.
  //
  // Stores the objects of a page, except those whose version in the store is newer than the list.
  // Adds the keys of all objects to `listed`.
  Deltas<T> merge_page(std::vector<T> objects, const ResourceVersion& version,
                       std::set<Key>& listed) {
    Deltas<T> deltas;
    for (T& object : objects) {
      listed.insert(object.meta.key);
      const Pointer stored = find(object.meta.key);
      if (stored && older(version, stored->meta.resource_version)) continue;
      for (auto& delta : upsert(std::move(object))) deltas.push_back(std::move(delta));
    }
    return deltas;
  }

  // Removes the objects that are not in `listed`, if their version is older than the list. An empty
  // `namespace_` means all namespaces. The key of an object that exists but could not be parsed
  // must be in `listed`.
  Deltas<T> drop_missing(const std::set<Key>& listed, const ResourceVersion& version,
                         std::string_view namespace_) {
    std::vector<Key> removed;
    for (const auto& [key, object] : objects_) {
      const bool in_scope = namespace_.empty() || key.namespace_ == namespace_;
      if (in_scope && !listed.contains(key) && older(object->meta.resource_version, version))
        removed.push_back(key);
    }
    Deltas<T> deltas;
    for (const Key& key : removed)
      for (auto& delta : erase(key)) deltas.push_back(std::move(delta));
    return deltas;
  }

  // Calls visit(const Pointer&) for each object, in the order of the keys.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& [key, object] : objects_) visit(object);
  }

  // Calls visit(const Pointer&) for each object of one namespace, in the order of the names.
  template <class Visit>
  void for_each_in(std::string_view namespace_, Visit&& visit) const {
    for (auto at = objects_.lower_bound(lower_bound_of(namespace_));
         at != objects_.end() && at->first.namespace_ == namespace_; ++at) {
      visit(at->second);
    }
  }

  // Calls visit(const Pointer&) for each object of this owner, in the order of the keys.
  template <class Visit>
  void for_each_of(const Key& owner, Visit&& visit) const {
    const auto found = index_.find(owner);
    if (found == index_.end()) return;
    for (const Key& key : found->second) visit(objects_.at(key));
  }

 private:
  static Key lower_bound_of(std::string_view namespace_) {
    return {.namespace_ = std::string(namespace_), .name = {}};
  }

  Deltas<T> put(Pointer& slot, T object) {
    if (slot && *slot == object) return {};
    Pointer before = std::exchange(slot, std::make_shared<const T>(std::move(object)));
    if (before) remove_from_index(*before);
    if (const auto owner = owner_of(*slot)) index_[*owner].insert(slot->meta.key);
    if (before && before->meta.uid != slot->meta.uid) {
      return {{.before = std::move(before), .after = nullptr}, {.before = nullptr, .after = slot}};
    }
    return {{.before = std::move(before), .after = slot}};
  }

  std::map<Key, Pointer> extract(std::string_view namespace_) {
    if (namespace_.empty()) return std::exchange(objects_, {});
    std::map<Key, Pointer> extracted;
    auto at = objects_.lower_bound(lower_bound_of(namespace_));
    while (at != objects_.end() && at->first.namespace_ == namespace_)
      extracted.insert(objects_.extract(at++));
    return extracted;
  }

  [[nodiscard]] std::optional<Key> owner_of(const T& object) const {
    return find_owner_ ? find_owner_(object) : std::nullopt;
  }
  void remove_from_index(const T& object) {
    const auto owner = owner_of(object);
    const auto found = owner ? index_.find(*owner) : index_.end();
    if (found == index_.end()) return;
    found->second.erase(object.meta.key);
    if (found->second.empty()) index_.erase(found);
  }

  OwnerOf find_owner_ = nullptr;
  std::map<Key, Pointer> objects_;
  std::map<Key, std::set<Key>> index_;  // from the owner to the keys of its objects
};

}  // namespace lastgood::kube
