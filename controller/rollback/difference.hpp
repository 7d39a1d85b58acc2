// How two pod templates differ, for a person to read in an incident report: lists whose elements
// have a name are compared by it. Must not know why they differ. Values that a template spells out
// and that look secret are not repeated.
#pragma once

#include <vector>

#include "api/rollback.hpp"
#include "codec/objects.hpp"

namespace lastgood::rollback {

inline constexpr std::size_t max_changes = 20;
inline constexpr std::size_t max_value = 256;  // bytes

// Images first, then in the order of their paths. Of more than max_changes the last entry says how
// many there are besides.
[[nodiscard]] std::vector<api::Change> changes_between(const codec::Json& bad_template,
                                                       const codec::Json& snapshot_template);

}  // namespace lastgood::rollback
