#include "decide/target.hpp"

#include <fmt/format.h>

namespace lastgood::decide {

using api::Revision;
using api::RevisionVerdict;

Target choose_target(const api::GuardStatus& guard) {
  const Revision* not_kept = nullptr;
  const Revision* newest = nullptr;
  for (const Revision& revision : guard.revisions) {
    if (guard.current && revision.hash == guard.current->hash) continue;
    if (revision.verdict != RevisionVerdict::Good && revision.verdict != RevisionVerdict::PresumedGood) continue;
    if (revision.kept_as.empty()) {
      not_kept = &revision;
      continue;
    }
    // Put back and proven again, a revision is newer than its place in the list: the verdict's time decides.
    if (!newest || revision.since > newest->since) newest = &revision;
  }
  if (newest) return {.revision = *newest, .why_not = {}};
  if (not_kept) {
    return {
        .revision = {},
        .why_not = fmt::format("revision {} was good, but its template was not kept before the next one came", not_kept->number)};
  }
  return {.revision = {}, .why_not = "no earlier revision of this Deployment was ever proven good"};
}

}  // namespace lastgood::decide
