#include "shell/alert_receiver.hpp"

#include <algorithm>

namespace lastgood::shell {

namespace asio = boost::asio;

namespace {

constexpr Duration poll_interval{20};

}  // namespace

std::vector<AlertReceiver::Target> AlertReceiver::targets_of(
    const std::vector<api::ReceivedAlert>& alerts) const {
  std::vector<Target> targets;
  stores_.deployments.for_each([&](const auto& deployment) {
    const Key& key = deployment->meta.key;
    const guard::GuardState* const state = states_.find(key);
    const auto policy = gatherer_.policy(
        *deployment, state ? state->config_map : std::optional<policy::ConfigMapRead>());
    auto found = guard::alerts_for(key, policy.spec, alerts);
    if (found.empty() || is_left_alone_(*deployment)) return;
    targets.push_back({.deployment = key, .uid = deployment->meta.uid, .alerts = std::move(found)});
  });
  return targets;
}

bool AlertReceiver::is_stored(const Target& target) const {
  const guard::GuardState* const state = states_.find(target.deployment);
  if (!state || state->deployment_uid != target.uid) return false;
  const auto& stored = state->written->alerts;
  return guard::with_alerts(stored, target.alerts) == stored;
}

asio::awaitable<Result<void>> AlertReceiver::store(std::vector<api::ReceivedAlert> alerts) {
  const runtime::Term term = leadership_.term();
  const std::vector<Target> targets = targets_of(alerts);
  const auto has_state = [&](const Target& target) { return states_.find(target.deployment); };
  if (!std::ranges::all_of(targets, has_state))
    co_return fail(ErrorKind::Cancelled, "the state of a Deployment is not loaded yet");
  const MonotonicTime deadline = clock_.monotonic_now() + store_timeout;
  for (const Target& target : targets) {
    if (is_stored(target)) continue;
    post_(target.deployment,
          guard::AlertsArrived{.deployment = target.uid, .alerts = target.alerts});
  }
  const auto all_stored = [&] {
    return std::ranges::all_of(targets, [&](const Target& target) { return is_stored(target); });
  };
  while (!all_stored()) {
    if (leadership_.term() != term)
      co_return fail(ErrorKind::Cancelled, "this replica is not the leader any more");
    if (clock_.monotonic_now() >= deadline)
      co_return fail(ErrorKind::TimedOut, "the status of a DeploymentGuard could not be written");
    co_await clock_.sleep_until(clock_.monotonic_now() + poll_interval);
  }
  co_return Result<void>{};
}

}  // namespace lastgood::shell
