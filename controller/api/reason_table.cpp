// Joins the parts of the table. The texts of the entries are Markdown, because docs/reference.md is
// generated from them.
#include "api/reason_table.hpp"

#include <vector>

namespace lastgood::api {

std::span<const ReasonEntry> reason_table() {
  static const std::vector<ReasonEntry> table = [] {
    std::vector<ReasonEntry> entries;
    for (const auto part :
         {state_reasons(), hold_reasons(), rejection_reasons(), preflight_reasons(),
          policy_reasons(), check_reasons(), metrics_reasons(), event_reasons()}) {
      entries.insert(entries.end(), part.begin(), part.end());
    }
    return entries;
  }();
  return table;
}

}  // namespace lastgood::api
