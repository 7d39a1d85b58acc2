#include "guard/request_index.hpp"

#include <algorithm>
#include <tuple>

namespace lastgood::guard {

bool is_request(const api::Rollback& rollback) {
  if (!rollback.problem.empty() || api::finished(rollback.status.phase)) return false;
  return rollback.spec.drill || !api::is_bound(rollback.spec);
}

std::optional<Duration> grace_left(const api::Rollback& request, Time now) {
  constexpr Duration grace{5'000};
  // creationTimestamp is rounded down to whole seconds, so the grace is up to 1 s shorter.
  const Duration age = now - request.meta.created.value_or(Time{});
  return age < grace ? std::optional(grace - std::max(age, Duration::zero())) : std::nullopt;
}

void RequestIndex::add(const api::Rollback& rollback) {
  if (!is_request(rollback)) {
    answered_.erase(rollback.meta.uid);
  } else {
    deployments_.insert(
        {.namespace_ = rollback.meta.key.namespace_, .name = rollback.spec.deployment});
  }
}

std::optional<api::Rollback> RequestIndex::oldest(const Key& deployment,
                                                  const kube::Stores& stores) {
  if (!deployments_.contains(deployment)) return {};
  std::optional<api::Rollback> oldest;
  const auto creation_order = [](const api::Rollback& one) {
    return std::tie(one.meta.created, one.meta.key.name);
  };
  stores.rollbacks.for_each_of(deployment, [&](const auto& rollback) {
    if (!is_request(*rollback)) return;
    if (answered_.contains(rollback->meta.uid)) return;
    if (!oldest || creation_order(*rollback) < creation_order(*oldest)) oldest = *rollback;
  });
  if (!oldest) deployments_.erase(deployment);
  return oldest;
}

}  // namespace lastgood::guard
