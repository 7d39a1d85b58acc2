#include "guard/load.hpp"

#include <algorithm>
#include <tuple>

#include "guard/guard_status.hpp"
#include "policy/annotations.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

namespace {

constexpr Duration rollback_recheck_delay{1'000};
constexpr Duration config_map_recheck_delay{10'000};

// An unfinished Rollback comes before a finished one. Then a newer one comes before an older one.
bool comes_before(const api::Rollback& a, const api::Rollback& b) {
  const bool a_open = !api::finished(a.status.phase);
  const bool b_open = !api::finished(b.status.phase);
  if (a_open != b_open) return a_open;
  return std::tie(a.spec.generation, a.spec.detected) >
         std::tie(b.spec.generation, b.spec.detected);
}

}  // namespace

bool concerns(const api::Rollback& rollback, const api::Deployment& deployment,
              const api::GuardStatus& guard) {
  if (!rollback.problem.empty() || rollback.spec.drill || !api::is_bound(rollback.spec) ||
      rollback.spec.mode == api::Mode::Observe)
    return false;
  if (rollback.spec.deployment != deployment.meta.key.name ||
      rollback.spec.deployment_uid != deployment.meta.uid)
    return false;
  // A finished Rollback matters if it is about this release or if the status names it.
  return !api::finished(rollback.status.phase) ||
         rollback::has_name_of_generation(rollback, deployment) ||
         rollback.meta.key.name == guard.rollback || rollback::is_marked_by(deployment, rollback);
}

namespace {

// If the pending Rollback of the guard no longer exists, a user deleted it while no controller led.
void detect_declined(GuardState& state, const api::Deployment& deployment,
                     const kube::Stores& stores, Time now) {
  const std::string& pending = state.guard->pending;
  if (pending.empty() ||
      stores.rollbacks.find({.namespace_ = deployment.meta.key.namespace_, .name = pending}))
    return;
  api::GuardStatus& guard = state.guard.edit();
  guard.declined = api::Declined{.rollback = guard.pending, .at = now};
  guard.pending.clear();
}

}  // namespace

GuardState load(const api::Deployment& deployment, const kube::Stores& stores, Time now) {
  GuardState state;
  state.deployment_uid = deployment.meta.uid;
  state.loaded = now;
  if (const auto guard = stores.guards.find(deployment.meta.key)) {
    state.guard_uid = guard->meta.uid;
    state.guard_version = guard->meta.resource_version;
    state.guard_owner = guard->meta.owner;
    state.guard = guard->status;
    state.written = guard->status;
    // In Idle, the checks are those of a past evaluation. They stay, as without a restart.
    if (state.guard->state != api::State::Idle) reset_results(state.guard.edit(), now);
  }
  stores.rollbacks.for_each_of(deployment.meta.key, [&](const auto& rollback) {
    if (!concerns(*rollback, deployment, state.guard)) return;
    if (state.rollback && !comes_before(*rollback, *state.rollback)) return;
    state.rollback = *rollback;
    state.rollback_written = rollback->status;
  });
  detect_declined(state, deployment, stores, now);
  return state;
}

bool comes_first(const api::Deployment& deployment, const api::DeploymentGuard* guard) {
  return guard && !guard->status->policy.empty() &&
         (guard->status->state != api::State::Idle ||
          guard->status->template_digest != deployment.template_digest);
}

bool is_unmanaged(const EffectivePolicy& policy, const GuardState& state) {
  return policy.kind == EffectivePolicy::Kind::None && state.guard_uid.empty();
}

std::optional<MonotonicTime> next_reconcile_at(const GuardState& state,
                                               const EffectivePolicy& policy,
                                               std::optional<Time> requeue_at, Time now,
                                               MonotonicTime monotonic) {
  std::optional<MonotonicTime> next = state.schedule.next(state.running_checks);
  const auto at_latest = [&](MonotonicTime when) {
    if (!next || when < *next) next = when;
  };
  if (const auto turn = state.idle_schedule.next(state.running_checks)) at_latest(*turn);
  if (requeue_at) at_latest(monotonic + std::max(*requeue_at - now, Duration::zero()));
  if (state.rollback && !api::finished(state.rollback->status.phase))
    at_latest(monotonic + rollback_recheck_delay);
  if (state.config_map && policy.kind == EffectivePolicy::Kind::Broken)
    at_latest(monotonic + config_map_recheck_delay);
  return next;
}

std::vector<api::Rollback> records_of(const api::Deployment& deployment,
                                      const kube::Stores& stores) {
  std::vector<api::Rollback> records;
  stores.rollbacks.for_each_of(deployment.meta.key, [&](const auto& rollback) {
    if (rollback->problem.empty()) records.push_back(*rollback);
  });
  return records;
}

bool is_freeze_removed(const api::DeploymentGuard& guard) {
  return guard.status->state == api::State::Frozen && !guard.status->freeze;
}

std::optional<GuardState> unmanaged_group_member(const api::Deployment& deployment,
                                                 const std::string& group) {
  if (group.empty()) return {};
  GuardState state{.deployment_uid = deployment.meta.uid};
  state.guard.edit().deployment_uid = deployment.meta.uid;
  state.guard.edit().reason = Reason::NotOptedIn;
  state.group = group;
  state.blocked_because =
      "it is not guarded. Opt it in, or remove its annotation lastgood.dev/group";
  state.is_unmanaged = true;
  return state;
}

std::optional<GuardState> left_alone_group_member(const api::Deployment& deployment,
                                                  const std::string& why) {
  auto state =
      unmanaged_group_member(deployment, policy::parse_opt_in(deployment.meta.annotations).group);
  if (!state) return {};
  state->guard.edit().reason = Reason::StateUnreadable;
  state->blocked_because = why;
  return state;
}

bool changes_for_group(const GuardState& state, const EffectivePolicy& policy, const Plan& plan) {
  if (policy.group.empty()) return false;
  return state.group != policy.group || state.mode != policy.spec.mode ||
         state.guard->state != plan.guard.state || state.guard->reason != plan.guard.reason ||
         state.blocked_because != plan.blocked_because ||
         state.guard->rollback != plan.guard.rollback || plan.rollback.has_value();
}

bool answers_request(const Inputs& inputs, const Plan& plan) {
  if (!inputs.request) return false;
  const bool is_accepted = std::holds_alternative<BindRequest>(plan.action) ||
                           std::holds_alternative<RunDrill>(plan.action);
  const bool is_rejected = plan.request && api::finished(plan.request->phase);
  return is_rejected || is_accepted;
}

std::optional<api::Rollback> stored_rollback(const GuardState& state) {
  std::optional<api::Rollback> rollback = state.rollback.copy();
  if (rollback) rollback->status = state.rollback_written;
  return rollback;
}

bool has_open_rollback(const GuardState& state) {
  return state.rollback && !api::finished(state.rollback->status.phase);
}

std::optional<std::string> outcome_to_report(const GuardState& state) {
  if (!state.rollback || !api::finished(state.rollback->status.phase)) return {};
  if (state.rollback_written->phase == state.rollback->status.phase) return {};
  return api::to_string(state.rollback->status.phase);
}

}  // namespace lastgood::guard
