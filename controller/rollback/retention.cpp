#include "rollback/retention.hpp"

#include <algorithm>
#include <utility>

namespace lastgood::rollback {

namespace {

// Without status.finished, the time of the creation.
Time end_of(const api::Rollback& rollback) {
  if (rollback.status.finished) return *rollback.status.finished;
  return rollback.meta.created.value_or(Time{});
}

bool is_newer(const api::Rollback& a, const api::Rollback& b) {
  return std::pair(end_of(a), a.meta.key.name) > std::pair(end_of(b), b.meta.key.name);
}

}  // namespace

std::vector<std::string> rollbacks_to_delete(std::vector<api::Rollback> rollbacks,
                                             std::string_view named_by_guard) {
  std::erase_if(rollbacks, [](const api::Rollback& rollback) {
    return !api::finished(rollback.status.phase);
  });
  std::ranges::sort(rollbacks, is_newer);
  std::vector<std::string> out;
  std::size_t newer_that_changed_template = 0;
  std::size_t newer_others = 0;
  for (const api::Rollback& rollback : rollbacks) {
    std::size_t& newer =
        rollback.status.template_restored ? newer_that_changed_template : newer_others;
    if (newer++ >= max_rollbacks && rollback.meta.key.name != named_by_guard)
      out.push_back(rollback.meta.key.name);
  }
  std::ranges::reverse(out);
  return out;
}

}  // namespace lastgood::rollback
