// Changes that a watch makes to an object store, and the deltas that the store reports.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/names.hpp"

namespace lastgood::kube {

template <class T>
struct Upsert {
  T object;
};

struct Remove {
  Key key;
  Uid uid;  // removes only the object with this uid; empty: any uid
};

// The complete content of one namespace, or of all namespaces if `namespace_` is empty. Objects
// that are missing here are removed, even if no DELETED event arrived for them.
template <class T>
struct Replace {
  std::string namespace_;
  std::vector<T> objects;
};

template <class T>
using Change = std::variant<Upsert<T>, Remove, Replace<T>>;

// - only `before`: the object was removed
// - only `after`: the object was added
// - both: the object changed, and kept its uid
//
// An object that was deleted and created again under the same name gives two deltas: removed, then
// added.
template <class T>
struct Delta {
  std::shared_ptr<const T> before;
  std::shared_ptr<const T> after;

  // NOLINTNEXTLINE(clang-analyzer-core.uninitialized.UndefReturn): one of the two is always set.
  [[nodiscard]] const Key& key() const { return after ? after->meta.key : before->meta.key; }
};

template <class T>
using Deltas = std::vector<Delta<T>>;

}  // namespace lastgood::kube
