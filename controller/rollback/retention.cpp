#include "rollback/retention.hpp"

#include <algorithm>
#include <utility>

namespace lastgood::rollback {

namespace {

// A record that was written whole, as that of a drill is, may have no time of its own but the server's.
Time age_of(const api::Rollback& rollback) {
  if (rollback.status.finished) return *rollback.status.finished;
  return rollback.meta.created.value_or(Time{});
}

bool is_newer(const api::Rollback& a, const api::Rollback& b) {
  return std::pair(age_of(a), a.meta.key.name) > std::pair(age_of(b), b.meta.key.name);
}

}  // namespace

std::vector<std::string> superfluous_rollbacks(std::vector<api::Rollback> rollbacks, std::string_view in_guard) {
  std::erase_if(rollbacks, [](const api::Rollback& one) { return !api::finished(one.status.phase); });
  std::ranges::sort(rollbacks, is_newer);
  std::vector<std::string> out;
  for (std::size_t i = most_rollbacks; i < rollbacks.size(); ++i)
    if (rollbacks[i].meta.key.name != in_guard) out.push_back(rollbacks[i].meta.key.name);
  std::ranges::reverse(out);
  return out;
}

}  // namespace lastgood::rollback
