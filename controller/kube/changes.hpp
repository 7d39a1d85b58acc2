// What a watch tells a store, and what the store tells whoever listens.
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
  Uid uid;  // only the object of this uid; empty: whichever it is
};

// What there is now, of one namespace or (empty) of all: everything else is gone, whether or not anybody saw it go.
template <class T>
struct Replace {
  std::string namespace_;
  std::vector<T> objects;
};

template <class T>
using Change = std::variant<Upsert<T>, Remove, Replace<T>>;

// before only: removed. after only: added. Both: changed, and of the same uid. An object made again under its old name is
// two of these, removed and added.
template <class T>
struct Delta {
  std::shared_ptr<const T> before;
  std::shared_ptr<const T> after;

  // NOLINTNEXTLINE(clang-analyzer-core.uninitialized.UndefReturn): one of the two is always there.
  [[nodiscard]] const Key& key() const { return after ? after->meta.key : before->meta.key; }
};

template <class T>
using Deltas = std::vector<Delta<T>>;

}  // namespace lastgood::kube
