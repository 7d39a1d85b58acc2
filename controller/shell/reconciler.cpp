#include "shell/reconciler.hpp"

#include "base/log.hpp"
#include "guard/guard.hpp"
#include "guard/state.hpp"
#include "rollback/record.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;

Reconciler::Reconciler(Ports ports, const kube::Stores& stores, PodView& pod_view,
                       const runtime::Leadership& leadership, runtime::TaskGroup& tasks,
                       Options options)
    : ports_(ports),
      stores_(stores),
      pod_view_(pod_view),
      leadership_(leadership),
      options_(std::move(options)),
      gateway_(ports.kube, leadership),
      gatherer_(gateway_, ports.clock, stores, pod_view),
      references_(gateway_, ports.clock, options_.read_secrets),
      check_runner_(
          tasks, gatherer_, references_, ports.prober, ports.clock, ports.telemetry,
          [this](const Key& key, guard::InboxEntry entry) { post(key, std::move(entry)); }),
      preflight_runner_(gateway_, ports.clock, references_),
      executor_(gateway_, preflight_runner_, ports.clock, ports.telemetry),
      status_writer_(gateway_),
      event_recorder_(gateway_, ports.clock, options_.identity) {}

asio::awaitable<Result<std::optional<MonotonicTime>>> Reconciler::reconcile(Key key) {
  const runtime::Term term = leadership_.term();
  const DeploymentPtr deployment = stores_.deployments.find(key);
  if (!deployment) {
    states_.forget(key);
    pod_view_.want(key, {});
    co_return co_await reject_request(key, /*exists=*/false, term);
  }
  // Share the ownership: forget_all() may erase the state during the reconcile.
  const std::shared_ptr<guard::GuardState> state =
      states_.open(*deployment, stores_, ports_.clock.now());
  co_return co_await reconcile_deployment(deployment, state, term);
}

asio::awaitable<Result<std::optional<MonotonicTime>>> Reconciler::reconcile_deployment(
    DeploymentPtr deployment, std::shared_ptr<guard::GuardState> state, runtime::Term term) {
  auto inputs = co_await gather(deployment, *state, term);
  if (!inputs) co_return std::unexpected(inputs.error());
  if (guard::is_unmanaged(inputs->policy, *state)) {
    pod_view_.want(deployment->meta.key, {});
    states_.forget(deployment->meta.key);
    if (auto member = guard::unmanaged_group_member(*deployment, inputs->policy.group))
      states_.set_unmanaged(deployment->meta.key, std::move(*member));
    co_return co_await reject_request(deployment->meta.key, /*exists=*/true, term);
  }
  guard::Plan plan = guard::decide(*inputs, ports_.clock.now());
  if (plan.guard.state != state->guard.state) {
    ports_.telemetry.state_entered(api::to_string(plan.guard.state),
                                   api::to_string(plan.guard.reason));
  }
  if (plan.opt_in_lost) ports_.telemetry.opt_in_lost();
  const bool concerns_group = guard::changes_for_group(*state, inputs->policy, plan);
  state->guard = plan.guard;
  pod_view_.want(deployment->meta.key,
                 guard::pods_wanted(*deployment, inputs->policy, state->guard));
  guard::publish_to_group(*state, inputs->policy, plan);
  if (plan.rollback) state->rollback->status = *plan.rollback;
  // Execute the action before the status and the Events are written, to restore the template
  // sooner.
  const auto executed =
      co_await executor_.execute(plan.action, inputs->policy, *deployment, *state, term);
  if (!executed) guard::undo_binding(plan, *inputs, *state);
  if (auto event = guard::drill_event(inputs->guard, state->guard))
    plan.events.push_back(std::move(*event));
  const auto published = co_await publish(*inputs, plan, *state, term);
  if (executed && published && guard::answers_request(*inputs, plan))
    requests_.answered(inputs->request->meta.uid);
  if (concerns_group) enqueue_group(deployment->meta.key, state->group);
  if (!executed) co_return std::unexpected(executed.error());
  if (!published) co_return std::unexpected(published.error());
  co_return guard::next_reconcile_at(*state, inputs->policy, plan.requeue_at, ports_.clock.now(),
                                     ports_.clock.monotonic_now());
}

asio::awaitable<Result<guard::Inputs>> Reconciler::gather(DeploymentPtr deployment,
                                                          guard::GuardState& state,
                                                          runtime::Term term) {
  guard::Inputs inputs{.deployment = *deployment};
  inputs.policy = co_await gatherer_.policy(*deployment, state.config_map);
  const guard::Needs needs = guard::needs(*deployment, inputs.policy, state.guard, state.rollback);
  if (needs.replica_sets) {
    auto observation = co_await gatherer_.observe_template(*deployment);
    if (!observation) co_return std::unexpected(observation.error());
    guard::apply_observation(inputs, std::move(*observation));
  }
  std::vector<std::string> due =
      guard::take_due_checks(state, needs, inputs.policy.spec, ports_.clock.monotonic_now());
  if (!due.empty()) {
    check_runner_.start({.deployment = deployment,
                         .revision = *state.guard.current,
                         .spec = inputs.policy.spec,
                         .rolled_out = state.guard.rolled_out,
                         .due = std::move(due),
                         .responders = state.responders,
                         .baselines = guard::baseline_candidates(state.guard),
                         .not_established = guard::not_established(state.guard, inputs.policy.spec),
                         .confirmation = guard::confirms_by_list(state.guard)
                                             ? Confirmation::LiveList
                                             : Confirmation::PodView});
  }
  inputs.guard = state.guard;
  inputs.request = requests_.oldest(deployment->meta.key, stores_);
  inputs.rollback = state.rollback;
  inputs.preflight = state.preflight;
  inputs.snapshot_error = state.snapshot_error;
  inputs.group = guard::other_members(deployment->meta.key, inputs.policy.group, states_, stores_);
  if (guard::is_preflight_due(inputs, ports_.clock.now())) {
    state.preflight = co_await preflight_runner_.check(
        *deployment, *guard::wanted_target(inputs, inputs.guard), term);
    guard::clear_missing_snapshot(state);
    inputs.preflight = state.preflight;
  }
  // More may have arrived during the reads.
  states_.open(*deployment, stores_, ports_.clock.now());
  inputs.guard = state.guard;
  inputs.measurements = guard::take_measurements(state, inputs.policy.spec);
  inputs.rollback = state.rollback;
  gather_fleet(*deployment, inputs);
  co_return inputs;
}

void Reconciler::gather_fleet(const api::Deployment& deployment, guard::Inputs& inputs) {
  inputs.group = guard::other_members(deployment.meta.key, inputs.policy.group, states_, stores_);
  inputs.initiator = guard::initiator_rollback_in_watch(inputs.rollback, stores_);
  if (!guard::needs_fleet_count(inputs.guard, inputs.measurements)) return;
  const Time now = ports_.clock.now();
  guard::FleetView view = guard::observe_fleet(fleet_memory_, states_, stores_, options_.breaker,
                                               options_.breaker_override(), deployment.meta.key,
                                               inputs.policy.group, now);
  inputs.breaker = std::move(view.breaker);
  inputs.other_failures = std::move(view.other_failures);
}

asio::awaitable<Result<std::optional<MonotonicTime>>> Reconciler::reject_request(
    Key key, bool exists, runtime::Term term) {
  const auto request = requests_.oldest(key, stores_);
  if (!request) co_return std::optional<MonotonicTime>{};
  if (const auto wait = guard::grace_left(*request, ports_.clock.now()))
    co_return std::optional(ports_.clock.monotonic_now() + *wait);
  const auto written = co_await status_writer_.request(
      *request, guard::reject_unguarded(*request, exists, ports_.clock.now()), term);
  if (!written) co_return std::unexpected(written.error());
  requests_.answered(request->meta.uid);
  // The Deployment may have another request: reconcile again at once.
  co_return std::optional<MonotonicTime>{ports_.clock.monotonic_now()};
}

asio::awaitable<Result<void>> Reconciler::publish(const guard::Inputs& inputs,
                                                  const guard::Plan& plan, guard::GuardState& state,
                                                  runtime::Term term) {
  const api::Deployment& deployment = inputs.deployment;
  co_await event_recorder_.record(deployment, plan.events, state, term);
  if (const auto outcome = guard::outcome_to_report(state))
    ports_.telemetry.rollback_finished(*outcome);
  const auto rollback = co_await status_writer_.rollback(state, term);
  auto request = Result<void>{};
  if (plan.request) request = co_await status_writer_.request(*inputs.request, *plan.request, term);
  const auto guard = co_await status_writer_.guard(deployment, state, term);
  if (!rollback) co_return rollback;
  if (!request) co_return request;
  if (!guard) co_return guard;
  if (state.records_changed) {
    const auto collected = co_await executor_.garbage_collect_records(
        guard::records_of(deployment, stores_), state, term);
    if (!collected) co_return collected;
  }
  if (state.snapshots_changed)
    co_return co_await executor_.garbage_collect_snapshots(deployment, state, term);
  co_return Result<void>{};
}

void Reconciler::post(const Key& key, guard::InboxEntry entry) {
  // The end of a check alone is no reason for a reconcile.
  const bool is_news = !std::holds_alternative<guard::CheckEnded>(entry);
  if (states_.post(key, std::move(entry)) && is_news) options_.enqueue(key);
}

void Reconciler::forget_all() {
  states_.forget_all();
  pod_view_.clear();
  fleet_memory_ = {};
  requests_.forget_answered();
}

void Reconciler::on_pods(const Key& key) {
  post(key, guard::PodsChanged{.at = ports_.clock.monotonic_now()});
}

void Reconciler::on_guard_deleted(const Key& key, const Uid& uid) {
  post(key, guard::GuardDeleted{.guard = uid});
}

void Reconciler::on_freeze_removed(const Key& key, const Uid& uid) {
  post(key, guard::FreezeRemoved{.guard = uid});
}

void Reconciler::on_rollback(const api::Rollback& rollback) {
  requests_.add(rollback);
  const Key key{.namespace_ = rollback.meta.key.namespace_, .name = rollback.spec.deployment};
  post(key, guard::RollbackSeen{.rollback = rollback.meta.uid,
                                .approved = rollback.spec.approved,
                                .is_finished = api::finished(rollback.status.phase)});
  // It may be a request for a Deployment without a state.
  options_.enqueue(key);
}

void Reconciler::on_rollback_deleted(const api::Rollback& rollback) {
  post({.namespace_ = rollback.meta.key.namespace_, .name = rollback.spec.deployment},
       guard::RollbackDeleted{.rollback = rollback.meta.uid, .at = ports_.clock.now()});
}

void Reconciler::enqueue_group(const Key& key, const std::string& group) {
  for (const guard::GroupMember& member : guard::other_members(key, group, states_, stores_))
    options_.enqueue({.namespace_ = key.namespace_, .name = member.deployment});
}

std::int64_t Reconciler::count_guarded_by(const std::string& namespace_,
                                          const std::string& policy) const {
  std::int64_t count = 0;
  states_.for_each([&](const Key& key, const guard::GuardState& state) {
    if (key.namespace_ == namespace_ && state.guard.policy == policy) ++count;
  });
  return count;
}

std::size_t Reconciler::count_guarded() const {
  std::size_t count = 0;
  states_.for_each([&](const Key&, const guard::GuardState& state) {
    if (!state.guard.policy.empty()) ++count;
  });
  return count;
}

}  // namespace lastgood::shell
