// The objects of one kind as the last watch event left them. T has `meta` (api::ObjectMeta) and ==.
// Holders of a pointer keep what they saw; the store never changes an object in place.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
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

  [[nodiscard]] Pointer find(const Key& key) const {
    const auto found = objects_.find(key);
    return found == objects_.end() ? nullptr : found->second;
  }
  [[nodiscard]] std::size_t size() const { return objects_.size(); }

  Deltas<T> apply(Change<T> change) {
    if (auto* one = std::get_if<Upsert<T>>(&change)) return upsert(std::move(one->object));
    if (auto* gone = std::get_if<Remove>(&change)) return erase(gone->key, gone->uid);
    auto& all = std::get<Replace<T>>(change);
    return replace_all(std::move(all.objects), all.namespace_);
  }

  // Nothing when an equal or a newer version of the same object (uid) is there already.
  Deltas<T> upsert(T object) {
    Pointer& slot = objects_[object.meta.key];
    if (slot && slot->meta.uid == object.meta.uid && older(object.meta.resource_version, slot->meta.resource_version)) return {};
    return put(slot, std::move(object));
  }

  // Nothing when another object has that name by now.
  Deltas<T> erase(const Key& key, const Uid& uid = {}) {
    const auto found = objects_.find(key);
    if (found == objects_.end() || (!uid.empty() && found->second->meta.uid != uid)) return {};
    Deltas<T> deltas{{.before = std::move(found->second), .after = nullptr}};
    objects_.erase(found);
    return deltas;
  }

  // A list is the truth even where its versions are lower: the server's storage may have been restored from a backup.
  // Removals come first.
  Deltas<T> replace_all(std::vector<T> objects, std::string_view namespace_ = {}) {
    std::map<Key, Pointer> gone = take_out(namespace_);
    Deltas<T> put_in;
    for (T& object : objects) {
      Pointer& slot = objects_[object.meta.key];
      if (auto old = gone.extract(object.meta.key)) slot = std::move(old.mapped());
      for (auto& delta : put(slot, std::move(object))) put_in.push_back(std::move(delta));
    }
    Deltas<T> deltas;
    for (auto& [key, before] : gone) deltas.push_back({.before = std::move(before), .after = nullptr});
    for (auto& delta : put_in) deltas.push_back(std::move(delta));
    return deltas;
  }

  // A list of that version, read beside the watch, of one namespace or (empty) of all: what is newer here stays. What it lacks is
  // gone, though the watch may not have told yet; `unread` are there, and could not be understood.
  Deltas<T> catch_up(std::vector<T> objects, const ResourceVersion& version, std::string_view namespace_,
                     const std::vector<Key>& unread = {}) {
    std::set<Key> there(unread.begin(), unread.end());
    for (const T& object : objects) there.insert(object.meta.key);
    std::vector<Key> gone;
    for (const auto& [key, object] : objects_) {
      const bool is_of_it = namespace_.empty() || key.namespace_ == namespace_;
      if (is_of_it && !there.contains(key) && older(object->meta.resource_version, version)) gone.push_back(key);
    }
    Deltas<T> deltas;
    const auto take = [&](Deltas<T> some) {
      for (auto& delta : some) deltas.push_back(std::move(delta));
    };
    for (const Key& key : gone) take(erase(key));
    for (T& object : objects) {
      const Pointer known = find(object.meta.key);
      if (!known || !older(version, known->meta.resource_version)) take(upsert(std::move(object)));
    }
    return deltas;
  }

  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& [key, object] : objects_) visit(object);
  }

  template <class Visit>
  void for_each_in(std::string_view namespace_, Visit&& visit) const {
    for (auto at = objects_.lower_bound(first_of(namespace_)); at != objects_.end() && at->first.namespace_ == namespace_; ++at) {
      visit(at->second);
    }
  }

 private:
  static Key first_of(std::string_view namespace_) { return {.namespace_ = std::string(namespace_), .name = {}}; }

  static Deltas<T> put(Pointer& slot, T object) {
    if (slot && *slot == object) return {};
    Pointer before = std::exchange(slot, std::make_shared<const T>(std::move(object)));
    if (before && before->meta.uid != slot->meta.uid) {
      return {{.before = std::move(before), .after = nullptr}, {.before = nullptr, .after = slot}};
    }
    return {{.before = std::move(before), .after = slot}};
  }

  std::map<Key, Pointer> take_out(std::string_view namespace_) {
    if (namespace_.empty()) return std::exchange(objects_, {});
    std::map<Key, Pointer> taken;
    auto at = objects_.lower_bound(first_of(namespace_));
    while (at != objects_.end() && at->first.namespace_ == namespace_) taken.insert(objects_.extract(at++));
    return taken;
  }

  std::map<Key, Pointer> objects_;
};

}  // namespace lastgood::kube
