// What a pod template needs to find in its namespace before a pod of it can start: by kind and
// name, read from the template alone. Must not know whether it is there.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "codec/objects.hpp"

namespace lastgood::rollback {

enum class Referent : std::uint8_t { ConfigMap, Secret, ServiceAccount, PersistentVolumeClaim };
[[nodiscard]] const char* to_string(Referent kind);

struct Reference {
  Referent kind = Referent::ConfigMap;
  std::string name;
  bool optional = false;  // a pod starts without it
  auto operator<=>(const Reference&) const = default;
};

inline constexpr std::size_t max_references = 64;

// Each once, those that must be there first, then by kind and name; not optional when one of its
// uses is not. At most max_references.
[[nodiscard]] std::vector<Reference> references_of(const codec::Json& pod_template);

}  // namespace lastgood::rollback
