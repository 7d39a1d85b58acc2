#include "guard/target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace lastgood::guard {

using api::Revision;
using api::RevisionVerdict;

bool is_proven(const Revision& revision) {
  return revision.verdict == RevisionVerdict::Good ||
         revision.verdict == RevisionVerdict::PresumedGood;
}

std::vector<const Revision*> proven_with_snapshot(const api::GuardStatus& guard) {
  std::vector<const Revision*> found;
  for (const Revision& revision : guard.revisions) {
    if (!is_proven(revision) || revision.snapshot.empty()) continue;
    found.insert(
        std::ranges::upper_bound(found, revision.since, std::ranges::greater{}, &Revision::since),
        &revision);
  }
  return found;
}

const Revision* blocking_mark(const api::GuardStatus& guard, const Revision& target) {
  if (guard.current && guard.current->hash == target.hash) return nullptr;
  if (guard.current && guard.current->no_rollback_past) return &*guard.current;
  for (const Revision& revision : guard.revisions) {
    if (revision.hash == target.hash) return nullptr;
    if (revision.no_rollback_past) return &revision;
  }
  return nullptr;
}

TargetChoice choose_target(const api::GuardStatus& guard) {
  const auto is_other = [&](const Revision& revision) {
    return !guard.current || revision.hash != guard.current->hash;
  };
  for (const Revision* revision : proven_with_snapshot(guard)) {
    if (!is_other(*revision)) continue;
    const Revision* mark = blocking_mark(guard, *revision);
    if (!mark) return {.revision = *revision, .why_not = {}};
    return {.revision = {},
            .why_not = fmt::format("revision {} has the mark lastgood.dev/no-rollback-past, so "
                                   "revision {} cannot be restored",
                                   mark->number, revision->number),
            .is_past_mark = true};
  }
  const auto no_snapshot = std::ranges::find_if(guard.revisions, [&](const Revision& revision) {
    return is_other(revision) && is_proven(revision);
  });
  if (no_snapshot == guard.revisions.end()) {
    return {.revision = {}, .why_not = "no other revision is proven good and has a snapshot"};
  }
  return {.revision = {},
          .why_not = fmt::format("revision {} was good but has no snapshot", no_snapshot->number)};
}

std::optional<Revision> last_good(const api::GuardStatus& guard) {
  if (guard.current && is_proven(*guard.current)) return guard.current;
  for (const Revision* revision : proven_with_snapshot(guard)) {
    if (!guard.current || revision->hash != guard.current->hash) return *revision;
  }
  return {};
}

}  // namespace lastgood::guard
