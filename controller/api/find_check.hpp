// Finds a check of a policy, or the status of a check, by the name of the check.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

namespace lastgood::api {

// `CheckType`: Check or CheckStatus. Null if no check has this name. The pointer is valid as long
// as the list does not change.
template <class CheckType>
[[nodiscard]] const CheckType* find_check(const std::vector<CheckType>& checks,
                                          std::string_view name) {
  const auto found = std::ranges::find(checks, name, &CheckType::name);
  return found == checks.end() ? nullptr : &*found;
}

}  // namespace lastgood::api
