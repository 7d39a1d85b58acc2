// Which revision a rollback restores.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/guard.hpp"

namespace lastgood::guard {

// Good or presumed good.
[[nodiscard]] bool is_proven(const api::Revision& revision);

// The proven revisions with a snapshot, the newest verdict first. An old revision that was restored
// and verified has a newer verdict than revisions before it in `guard.revisions`.
[[nodiscard]] std::vector<const api::Revision*> proven_with_snapshot(const api::GuardStatus& guard);

struct TargetChoice {
  std::optional<api::Revision> revision = {};
  std::string why_not;        // for users: why there is no target; empty if there is one
  bool is_past_mark = false;  // the reason is a mark: see blocking_mark
};

// The revision with the mark no-rollback-past that forbids restoring `target`: the current
// revision, or one that is newer than `target`. Null if there is none. `guard.revisions` is newest
// first.
[[nodiscard]] const api::Revision* blocking_mark(const api::GuardStatus& guard,
                                                 const api::Revision& target);

// The first of proven_with_snapshot other than the current revision, if no mark forbids restoring
// it.
[[nodiscard]] TargetChoice choose_target(const api::GuardStatus& guard);

// The current revision if it is proven, else the first of proven_with_snapshot other than the
// current revision. Marks are ignored: a revision that must not be restored can still be good.
[[nodiscard]] std::optional<api::Revision> last_good(const api::GuardStatus& guard);

}  // namespace lastgood::guard
