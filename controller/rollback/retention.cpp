#include "rollback/retention.hpp"

#include <algorithm>
#include <utility>

namespace lastgood::rollback {

namespace {

// A record that was written whole, as that of a drill is, may have no time of its own but the
// server's.
Time age_of(const api::Rollback& rollback) {
  if (rollback.status.finished) return *rollback.status.finished;
  return rollback.meta.created.value_or(Time{});
}

bool is_newer(const api::Rollback& a, const api::Rollback& b) {
  return std::pair(age_of(a), a.meta.key.name) > std::pair(age_of(b), b.meta.key.name);
}

}  // namespace

std::vector<std::string> superfluous_rollbacks(std::vector<api::Rollback> rollbacks,
                                               std::string_view in_guard) {
  std::erase_if(rollbacks,
                [](const api::Rollback& one) { return !api::finished(one.status.phase); });
  std::ranges::sort(rollbacks, is_newer);
  std::vector<std::string> out;
  std::size_t done = 0;
  std::size_t not_done = 0;
  for (const api::Rollback& one : rollbacks) {
    std::size_t& before = one.status.template_restored ? done : not_done;
    if (before++ >= max_rollbacks && one.meta.key.name != in_guard)
      out.push_back(one.meta.key.name);
  }
  std::ranges::reverse(out);
  return out;
}

}  // namespace lastgood::rollback
