// Which revision is put back. One rule, one place.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/guard.hpp"

namespace lastgood::guard {

// Good or presumed good.
[[nodiscard]] bool is_proven(const api::Revision& revision);

// Those of the remembered that are proven and kept, the newest verdict first: a revision put back
// and proven again is newer than its place in the list.
[[nodiscard]] std::vector<const api::Revision*> proven_with_snapshot(const api::GuardStatus& guard);

struct Target {
  std::optional<api::Revision> revision = {};
  std::string why_not;  // for a person, when there is none
  bool is_past_mark =
      false;  // there would be one, but for a revision that must not be gone back past
};

// The revision marked no-rollback-past that stands between the present one and that one, the
// present one included; null when none does. Those remembered before it are newer.
[[nodiscard]] const api::Revision* mark_before(const api::GuardStatus& guard,
                                               const api::Revision& target);

// The newest revision that is good or presumed good, is not the current one, is not quarantined,
// whose template is kept, and that can be reached without going past a mark.
[[nodiscard]] Target choose_target(const api::GuardStatus& guard);

// What a person calls the last good one: the current revision when it is proven, else the target.
[[nodiscard]] std::optional<api::Revision> last_good(const api::GuardStatus& guard);

}  // namespace lastgood::guard
