// Which revision a rollback would go to, or in a person's words why there is none. Knows no API calls.
#pragma once

#include <expected>
#include <string>

#include "api/guard.hpp"

namespace lastgood::rollback {

struct NoTarget {
  std::string reason;   // NoLastGood, NotKept
  std::string message;  // for a person
  bool operator==(const NoTarget&) const = default;
};

using Target = std::expected<api::Revision, NoTarget>;

// The newest revision that is good or presumed good, is not the current one, was not rolled back since, and is kept.
[[nodiscard]] Target choose_target(const api::GuardStatus& status);

}  // namespace lastgood::rollback
