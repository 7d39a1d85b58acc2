#include "guard/failure_log.hpp"

#include <algorithm>

namespace lastgood::guard {

using api::CheckStatus;
using api::State;

namespace {

bool is_failing(const CheckStatus& check, Time now) {
  const bool fails = check.consecutive_failures > 0 || check.breached;
  const auto& seen = check.last_failure ? check.last_failure : check.first_failure;
  return fails && check.first_failure && now - *seen < failure_memory;
}

template <class Condition>
std::optional<Time> first_failure_of(const api::GuardStatus& guard, Time now, Condition condition) {
  std::optional<Time> earliest;
  for (const CheckStatus& check : guard.checks) {
    if (is_failing(check, now) && condition(check))
      earliest = std::min(earliest.value_or(*check.first_failure), *check.first_failure);
  }
  return earliest;
}

bool was_available(const api::GuardStatus& guard) {
  using api::RevisionVerdict;
  return guard.current && (guard.current->verdict == RevisionVerdict::Good ||
                           guard.current->verdict == RevisionVerdict::PresumedGood);
}

// The Deployment became unavailable when replicas were added.
bool was_just_scaled_up(const api::Deployment& deployment,
                        const std::optional<SeenReplicas>& replicas, Time unavailable_since) {
  // The Deployment controller updates the condition Available some time after spec.replicas.
  constexpr std::chrono::seconds controller_delay{10};
  if (!replicas) return false;
  if (deployment.replicas > replicas->count) return true;
  return replicas->raised_at && unavailable_since >= *replicas->raised_at - controller_delay &&
         unavailable_since <= *replicas->raised_at + controller_delay;
}

}  // namespace

void FailureLog::record(const Key& deployment, Time began, Time now) {
  const auto [span, is_new] = spans_.try_emplace(deployment, began, now);
  if (is_new) return;
  const bool continues = now - span->second.last_seen < failure_memory;
  span->second.began = continues ? std::min(span->second.began, began) : began;
  span->second.last_seen = now;
}

void FailureLog::forget_old(Time now) {
  std::erase_if(spans_,
                [&](const auto& entry) { return now - entry.second.last_seen >= failure_memory; });
}

std::optional<Time> FailureLog::began(const Key& deployment) const {
  const auto span = spans_.find(deployment);
  return span == spans_.end() ? std::nullopt : std::optional(span->second.began);
}

std::optional<Time> failing_since(const api::GuardStatus& guard, Time now) {
  const bool is_evaluated = guard.state == State::Evaluating || guard.state == State::Held ||
                            guard.state == State::RollingBack;
  if (guard.policy.empty() || !is_evaluated) return {};
  return first_failure_of(guard, now, [](const CheckStatus&) { return true; });
}

SeenReplicas see_replicas(const std::optional<SeenReplicas>& before, std::int64_t count, Time now) {
  SeenReplicas seen = before.value_or(SeenReplicas{.count = count});
  if (count > seen.count) seen.raised_at = now;
  seen.count = count;
  return seen;
}

std::optional<Time> began_to_fail(const api::GuardStatus& guard, const api::Deployment& deployment,
                                  const std::optional<SeenReplicas>& replicas, Time now) {
  if (guard.policy.empty()) return {};
  if (guard.state != State::Idle)
    return first_failure_of(guard, now, [](const CheckStatus& check) { return check.passed_once; });
  if (!was_available(guard) || guard.template_digest != deployment.template_digest) return {};
  const auto available =
      std::ranges::find(deployment.conditions, "Available", &api::DeploymentCondition::type);
  const bool is_unavailable =
      available != deployment.conditions.end() && available->status == api::ConditionStatus::False;
  if (!is_unavailable || !available->last_update) return {};
  return was_just_scaled_up(deployment, replicas, *available->last_update) ? std::nullopt
                                                                           : available->last_update;
}

}  // namespace lastgood::guard
