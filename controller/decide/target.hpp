// Which revision is put back. One rule, one place.
#pragma once

#include <optional>
#include <string>

#include "api/guard.hpp"

namespace lastgood::decide {

struct Target {
  std::optional<api::Revision> revision = {};
  std::string why_not;  // for a person, when there is none
};

// The newest revision that is good or presumed good, is not the current one, is not quarantined, and whose template is kept.
[[nodiscard]] Target choose_target(const api::GuardStatus& guard);

}  // namespace lastgood::decide
