// Which revision a rollback restores.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/guard.hpp"

namespace lastgood::guard {

// Good or presumed good.
[[nodiscard]] bool is_proven(const api::Revision& revision);

// The proven revisions with a snapshot, the newest verdict first. A revision that was restored and
// verified is newer than its place in the list.
[[nodiscard]] std::vector<const api::Revision*> proven_with_snapshot(const api::GuardStatus& guard);

struct TargetChoice {
  std::optional<api::Revision> revision = {};
  std::string why_not;        // for users; empty with a target
  bool is_past_mark = false;  // a mark is between the current revision and the target
};

// The marked revision between the current one (included) and `target`; null without one. Revisions
// earlier in the list are newer.
[[nodiscard]] const api::Revision* mark_before(const api::GuardStatus& guard,
                                               const api::Revision& target);

// The newest proven revision that has a snapshot, is not the current one, is not quarantined, and
// is not past a mark.
[[nodiscard]] TargetChoice choose_target(const api::GuardStatus& guard);

// The current revision if it is proven, else the target.
[[nodiscard]] std::optional<api::Revision> last_good(const api::GuardStatus& guard);

}  // namespace lastgood::guard
