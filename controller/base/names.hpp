// Identifiers that must not be mixed up: strings with their own types, and the key of an object.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

#include "base/interned_string.hpp"

namespace lastgood {

template <class Tag, class Text = InternedString>
struct StrongName {
  Text value;

  StrongName() = default;
  explicit StrongName(Text text) : value(std::move(text)) {}

  [[nodiscard]] bool empty() const { return value.empty(); }
  auto operator<=>(const StrongName&) const = default;
};

using Uid = StrongName<struct UidTag>;  // metadata.uid
// metadata.resourceVersion. Each change of an object has another one.
using ResourceVersion = StrongName<struct ResourceVersionTag, std::string>;
using TemplateHash = StrongName<struct TemplateHashTag>;  // label pod-template-hash

// Our own digest of the bytes of spec.template. It only shows that the template may have changed.
// The identity of a revision is its TemplateHash.
using TemplateDigest = StrongName<struct TemplateDigestTag>;

// The namespace and name of an object. Sorted by namespace first.
struct Key {
  InternedString namespace_;
  InternedString name;

  auto operator<=>(const Key&) const = default;
  [[nodiscard]] std::string str() const { return namespace_.str() + "/" + name.str(); }
};

}  // namespace lastgood

template <>
struct std::hash<lastgood::Key> {
  std::size_t operator()(const lastgood::Key& key) const noexcept {
    return key.namespace_.hash() * 31 + key.name.hash();
  }
};
