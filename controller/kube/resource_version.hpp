// Compares resource versions. Built-in API servers use decimal numbers of any length. Versions in
// another format cannot be compared.
#pragma once

#include <algorithm>
#include <compare>
#include <optional>
#include <string_view>

#include "base/names.hpp"

namespace lastgood::kube {

// No value if `a` or `b` is not a decimal number.
[[nodiscard]] inline std::optional<std::strong_ordering> compare_versions(
    const ResourceVersion& a, const ResourceVersion& b) {
  const auto numeric = [](std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  };
  const auto significant = [](std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
    return text;
  };
  if (!numeric(a.value) || !numeric(b.value)) return std::nullopt;
  const std::string_view x = significant(a.value);
  const std::string_view y = significant(b.value);
  if (x.size() != y.size()) return x.size() <=> y.size();
  return x <=> y;
}

// Whether `a` is older than `b`. False if the two cannot be compared.
[[nodiscard]] inline bool older(const ResourceVersion& a, const ResourceVersion& b) {
  const auto order = compare_versions(a, b);
  return order && *order < 0;
}

}  // namespace lastgood::kube
