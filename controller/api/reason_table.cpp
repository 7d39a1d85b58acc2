// Joins the entries of all places. The sentences are Markdown, for docs/reference.md.
#include "api/reason_table.hpp"

#include <vector>

namespace lastgood::api {

std::span<const ReasonEntry> reason_table() {
  static const std::vector<ReasonEntry> table = [] {
    std::vector<ReasonEntry> entries;
    for (const auto place :
         {state_reasons(), hold_reasons(), rejection_reasons(), preflight_reasons(),
          policy_reasons(), check_reasons(), event_reasons()}) {
      entries.insert(entries.end(), place.begin(), place.end());
    }
    return entries;
  }();
  return table;
}

}  // namespace lastgood::api
