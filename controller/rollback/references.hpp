// The objects in the namespace to which a pod template refers, required or optional.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "codec/objects.hpp"

namespace lastgood::rollback {

enum class ReferenceKind : std::uint8_t {
  ConfigMap,
  Secret,
  ServiceAccount,
  PersistentVolumeClaim
};
[[nodiscard]] const char* to_string(ReferenceKind kind);

struct Reference {
  ReferenceKind kind = ReferenceKind::ConfigMap;
  std::string name;
  bool optional = false;  // a pod starts without the object
  auto operator<=>(const Reference&) const = default;
};

inline constexpr std::size_t max_references = 64;

// At most max_references, each object once: the required objects first, then by kind and name. An
// object is required if one of its uses is not optional.
[[nodiscard]] std::vector<Reference> references_of(const codec::Json& pod_template);

}  // namespace lastgood::rollback
