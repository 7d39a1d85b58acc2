// Identifiers that must not be mixed up: strings with their own types, and the key of an object.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace lastgood {

template <class Tag>
struct StrongName {
  std::string value;

  StrongName() = default;
  explicit StrongName(std::string text) : value(std::move(text)) {}

  [[nodiscard]] bool empty() const { return value.empty(); }
  auto operator<=>(const StrongName&) const = default;
};

using Uid = StrongName<struct UidTag>;                          // metadata.uid
using ResourceVersion = StrongName<struct ResourceVersionTag>;  // metadata.resourceVersion
using TemplateHash = StrongName<struct TemplateHashTag>;        // label pod-template-hash

// Our own digest of the bytes of spec.template. It only shows that the template may have changed.
// The identity of a revision is its TemplateHash.
using TemplateDigest = StrongName<struct TemplateDigestTag>;

// The namespace and name of an object. Sorted by namespace first.
struct Key {
  std::string namespace_;
  std::string name;

  auto operator<=>(const Key&) const = default;
  [[nodiscard]] std::string str() const { return namespace_ + "/" + name; }
};

}  // namespace lastgood

template <>
struct std::hash<lastgood::Key> {
  std::size_t operator()(const lastgood::Key& key) const noexcept {
    return std::hash<std::string>{}(key.namespace_) * 31 + std::hash<std::string>{}(key.name);
  }
};
