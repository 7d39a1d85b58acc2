// Which revision is put back. One rule, one place.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/guard.hpp"

namespace lastgood::decide {

// Good or presumed good.
[[nodiscard]] bool is_proven(const api::Revision& revision);

// Those of the remembered that are proven and kept, the newest verdict first: a revision put back and proven again is newer
// than its place in the list.
[[nodiscard]] std::vector<const api::Revision*> proven_and_kept(const api::GuardStatus& guard);

struct Target {
  std::optional<api::Revision> revision = {};
  std::string why_not;  // for a person, when there is none
};

// The newest revision that is good or presumed good, is not the current one, is not quarantined, and whose template is kept.
[[nodiscard]] Target choose_target(const api::GuardStatus& guard);

// What a person calls the last good one: the current revision when it is proven, else the target.
[[nodiscard]] std::optional<api::Revision> last_good(const api::GuardStatus& guard);

}  // namespace lastgood::decide
