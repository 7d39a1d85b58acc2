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
      gateway_(ports.kube, leadership, api::Lane::Normal),
      rollback_gateway_(ports.kube, leadership, api::Lane::Rollback),
      event_gateway_(ports.kube, leadership, api::Lane::Background),
      gatherer_(gateway_, ports.clock, stores, pod_view),
      references_(gateway_, ports.clock, options_.read_secrets),
      metrics_sender_(gateway_, ports.files, ports.http, ports.clock,
                      options_.metrics.prometheus_credentials),
      metrics_runner_(metrics_sender_, ports.kube, gateway_, ports.clock, options_.metrics),
      pod_metrics_runner_(ports.http, ports.clock),
      check_runner_(
          tasks, gatherer_, references_, metrics_runner_, pod_metrics_runner_, ports.prober,
          ports.clock, ports.telemetry,
          [this](const Key& key, guard::InboxEntry entry) { post(key, std::move(entry)); }),
      preflight_runner_(gateway_, ports.clock, references_),
      executor_(rollback_gateway_, preflight_runner_, ports.clock, ports.telemetry),
      status_writer_(gateway_),
      event_recorder_(event_gateway_, ports.clock, options_.identity),
      alert_receiver_(
          stores, gatherer_, states_, leadership, ports.clock,
          [this](const Key& key, guard::InboxEntry entry) { post(key, std::move(entry)); },
          [this](const api::Deployment& deployment) {
            return unreadable_.blocks(deployment, stores_).has_value();
          }) {}

asio::awaitable<Result<std::optional<MonotonicTime>>> Reconciler::reconcile(Key key) {
  const runtime::Term term = leadership_.term();
  const DeploymentPtr deployment = stores_.deployments.find(key);
  if (!deployment) {
    states_.forget(key);
    pod_view_.want(key, {});
    left_alone_.erase(key);
    co_return co_await reject_request(key, /*exists=*/false, term);
  }
  if (auto unreadable = unreadable_.blocks(*deployment, stores_))
    co_return co_await leave_alone(deployment, *std::move(unreadable), term);
  left_alone_.erase(key);
  // Share the ownership: forget_all() may forget the state during the reconcile.
  const StatePtr state = states_.open(*deployment, stores_, ports_.clock.now());
  co_return co_await reconcile_deployment(deployment, state, term);
}

asio::awaitable<Result<std::optional<MonotonicTime>>> Reconciler::leave_alone(
    DeploymentPtr deployment, guard::UnreadableObject because_of, runtime::Term term) {
  const Key key = deployment->meta.key;
  pod_view_.want(key, {});
  states_.forget(key);
  if (auto member = guard::left_alone_group_member(*deployment, guard::text_of(because_of)))
    states_.set_unmanaged(key, std::move(*member));
  const auto reported = left_alone_.find(key);
  if (reported != left_alone_.end() && reported->second == because_of)
    co_return std::optional<MonotonicTime>{};
  std::vector<guard::EventRecord> events{guard::event_of(because_of)};
  left_alone_.insert_or_assign(key, std::move(because_of));
  co_await event_recorder_.record(*deployment, std::move(events), {}, term);
  co_return std::optional<MonotonicTime>{};
}

asio::awaitable<Result<std::optional<MonotonicTime>>> Reconciler::reconcile_deployment(
    DeploymentPtr deployment, StatePtr state, runtime::Term term) {
  const Key key = deployment->meta.key;
  const auto inputs = co_await gather(deployment, state, term);
  if (states_.end_gather(key)) enqueue(key);
  if (!inputs) co_return std::unexpected(inputs.error());
  // An object has become unreadable during the reads: the next reconcile reports it.
  if (unreadable_.blocks(*deployment, stores_))
    co_return std::optional(ports_.clock.monotonic_now());
  if (guard::is_unmanaged(inputs->policy, *state)) {
    pod_view_.want(key, {});
    states_.forget(key);
    if (auto member = guard::unmanaged_group_member(*deployment, inputs->policy.group))
      states_.set_unmanaged(key, std::move(*member));
    co_return co_await reject_request(key, /*exists=*/true, term);
  }
  const Time now = ports_.clock.now();
  const guard::Plan plan = guard::decide(*inputs, now);
  if (plan.guard.state != state->guard->state) {
    ports_.telemetry.state_entered(api::to_string(plan.guard.state),
                                   api::to_string(plan.guard.reason));
  }
  if (plan.opt_in_lost) ports_.telemetry.opt_in_lost();
  const bool concerns_group = guard::changes_for_group(*state, inputs->policy, plan);
  const guard::PlanDecided decided{.deployment = *deployment,
                                   .policy = inputs->policy,
                                   .plan = plan,
                                   .now = now,
                                   .at = ports_.clock.monotonic_now()};
  states_.apply(key, decided);
  // The state is forgotten if the term has ended during the reads: a standby watches no pods.
  if (states_.find(key))
    pod_view_.want(key, guard::pods_wanted(*deployment, inputs->policy, state->guard));
  const auto done = co_await execute_and_publish(*inputs, plan, state, term);
  if (done && guard::answers_request(*inputs, plan)) requests_.answered(inputs->request->meta.uid);
  if (concerns_group) enqueue_group(key, state->group);
  if (!done) co_return std::unexpected(done.error());
  co_return guard::next_reconcile_at(*state, inputs->policy, plan.requeue_at, ports_.clock.now(),
                                     ports_.clock.monotonic_now());
}

asio::awaitable<Result<guard::Inputs>> Reconciler::gather(DeploymentPtr deployment, StatePtr state,
                                                          runtime::Term term) {
  const Key& key = deployment->meta.key;
  guard::Inputs inputs{.deployment = *deployment};
  states_.apply(key, co_await gatherer_.config_map(*deployment, state->config_map));
  inputs.policy = gatherer_.policy(*deployment, state->config_map);
  const guard::Needs needs =
      guard::needs(*deployment, inputs.policy, state->guard, state->rollback.copy());
  if (needs.replica_sets) {
    auto observation = co_await gatherer_.observe_template(*deployment);
    if (!observation) co_return std::unexpected(observation.error());
    guard::apply_observation(inputs, std::move(*observation));
  }
  // A check whose run has ended during the reads may start again.
  states_.drain(*deployment, stores_, ports_.clock.now());
  start_due_checks(deployment, *state, inputs.policy, needs);
  // A check without I/O has its measurement already.
  states_.drain(*deployment, stores_, ports_.clock.now());
  set_known_inputs(*state, inputs);
  if (guard::is_preflight_due(inputs, ports_.clock.now())) {
    const api::Revision target = *guard::wanted_target(inputs, inputs.guard);
    guard::PreflightEnded ended;
    ended.preflight = co_await preflight_runner_.check(*deployment, target, term);
    states_.apply(key, ended);
    states_.drain(*deployment, stores_, ports_.clock.now());
    set_known_inputs(*state, inputs);
  }
  gather_fleet(inputs);
  co_return inputs;
}

void Reconciler::start_due_checks(const DeploymentPtr& deployment, const guard::GuardState& state,
                                  const policy::EffectivePolicy& policy,
                                  const guard::Needs& needs) {
  const guard::ChecksStarted due =
      guard::due_checks(state, needs, policy.spec, stores_.deployments.size(),
                        ports_.clock.monotonic_now(), ports_.clock.now());
  states_.apply(deployment->meta.key, due);
  if (due.names.empty()) return;
  check_runner_.start({.deployment = deployment,
                       .revision = *state.guard->current,
                       .spec = policy.spec,
                       .rolled_out = state.guard->rolled_out,
                       .released = state.guard->evaluation_started,
                       .due = due.names,
                       .responders = state.responders,
                       .passed = guard::passed_for_current(state.guard, policy.spec),
                       .known_before = guard::known_before(state.guard, policy.spec),
                       .only_for_baseline = guard::only_for_baseline(
                           state.guard, state.rollback.copy(), policy.spec, ports_.clock.now()),
                       .baselines = guard::baseline_candidates(state.guard),
                       .not_established = guard::not_established(state.guard, policy.spec),
                       .alerts = state.guard->alerts,
                       .compared_with = guard::compared_with(state.guard),
                       .confirmation = guard::confirms_by_list(state.guard)
                                           ? Confirmation::LiveList
                                           : Confirmation::PodView});
}

void Reconciler::set_known_inputs(const guard::GuardState& state, guard::Inputs& inputs) {
  const Key& key = inputs.deployment.meta.key;
  inputs.guard = *state.guard;
  inputs.loaded = state.loaded;
  inputs.guarded = states_.index().guarded();
  inputs.measurements = guard::usable_measurements(state, inputs.policy.spec);
  inputs.rollback = state.rollback.copy();
  inputs.request = requests_.oldest(key, stores_);
  inputs.preflight = state.preflight;
  inputs.snapshot_error = state.snapshot_error;
  inputs.observed_record = state.observed_record;
  inputs.group = guard::other_members(key, inputs.policy.group, states_, stores_);
}

void Reconciler::gather_fleet(guard::Inputs& inputs) {
  inputs.initiator = guard::initiator_rollback_in_watch(inputs.rollback, stores_);
  if (!guard::needs_fleet_count(inputs.guard, inputs.measurements)) return;
  const Time now = ports_.clock.now();
  guard::FleetView view = guard::observe_fleet(
      fleet_memory_, states_, stores_, options_.fleet, options_.breaker_override(),
      inputs.deployment.meta.key, inputs.policy.group, now);
  inputs.breaker = std::move(view.breaker);
  inputs.other_failures = std::move(view.other_failures);
  inputs.min_other_failures = view.min_other_failures;
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

asio::awaitable<Result<void>> Reconciler::execute_and_publish(const guard::Inputs& inputs,
                                                              const guard::Plan& plan,
                                                              StatePtr state, runtime::Term term) {
  const Key& key = inputs.deployment.meta.key;
  const Executor::Context context{
      .deployment = inputs.deployment,
      .policy = inputs.policy,
      .state = *state,
      .term = term,
      .is_deleted =
          [this, &key](const Uid& rollback) { return states_.is_rollback_deleted(key, rollback); },
      .is_stopping = options_.is_stopping};
  const guard::ActionOutcome outcome = co_await executor_.execute(plan.action, context);
  const guard::ActionEnded ended{.inputs = inputs, .plan = plan, .outcome = outcome};
  states_.apply(key, ended);
  auto events = guard::events_after(ended, *state);
  const auto published = co_await publish(inputs, plan, std::move(events), *state, term);
  if (auto error = guard::error_of(outcome)) co_return std::unexpected(*std::move(error));
  co_return published;
}

asio::awaitable<Result<void>> Reconciler::publish(const guard::Inputs& inputs,
                                                  const guard::Plan& plan,
                                                  std::vector<guard::EventRecord> events,
                                                  const guard::GuardState& state,
                                                  runtime::Term term) {
  const api::Deployment& deployment = inputs.deployment;
  const Key& key = deployment.meta.key;
  if (const auto outcome = guard::outcome_to_report(state))
    ports_.telemetry.rollback_finished(*outcome);
  // A patched template is recorded before the Events, which may be slow. The end of a Rollback and
  // the status of the guard follow the Events: if the controller is killed before them, the next
  // leader decides again and emits them.
  guard::RollbackWritten rollback;
  const bool is_first = guard::has_open_rollback(state);
  if (is_first) rollback = co_await status_writer_.rollback(state, term);
  states_.apply(key, rollback);
  states_.apply(
      key, co_await event_recorder_.record(deployment, std::move(events), state.emitted, term));
  if (!is_first) rollback = co_await status_writer_.rollback(state, term);
  states_.apply(key, rollback);
  auto request = Result<void>{};
  if (rollback.overtaken_by) {
    options_.store_rollback(*rollback.overtaken_by);
    load_again(key);
    co_return std::unexpected(*rollback.error);
  }
  if (plan.request) request = co_await status_writer_.request(*inputs.request, *plan.request, term);
  const guard::GuardWritten guard = co_await status_writer_.guard(deployment, state, term);
  states_.apply(key, guard);
  if (guard.overtaken_by) {
    // The watch may not have the newest Rollback yet.
    if (auto stored = guard::stored_rollback(state)) options_.store_rollback(*std::move(stored));
    options_.store_guard(*guard.overtaken_by);
    load_again(key);
  }
  if (rollback.error) co_return std::unexpected(*rollback.error);
  if (!request) co_return request;
  if (guard.error) co_return std::unexpected(*guard.error);
  co_return co_await garbage_collect(deployment, state, term);
}

void Reconciler::load_again(const Key& key) {
  log::warn("another writer has changed a status; the state is loaded again",
            {{"deployment", key.str()}});
  states_.forget(key);
}

asio::awaitable<Result<void>> Reconciler::garbage_collect(const api::Deployment& deployment,
                                                          const guard::GuardState& state,
                                                          runtime::Term term) {
  const Key& key = deployment.meta.key;
  if (state.records_changed) {
    const guard::RecordsCollected collected = co_await executor_.garbage_collect_records(
        guard::records_of(deployment, stores_), state, term);
    states_.apply(key, collected);
    if (collected.error) co_return std::unexpected(*collected.error);
  }
  if (state.snapshots_changed) {
    const guard::SnapshotsCollected collected =
        co_await executor_.garbage_collect_snapshots(deployment, state, term);
    states_.apply(key, collected);
    if (collected.error) co_return std::unexpected(*collected.error);
  }
  co_return Result<void>{};
}

void Reconciler::post(const Key& key, guard::InboxEntry entry) {
  // The end of a check enqueues the key even without a measurement: the check may be due again.
  const auto priority = guard::is_urgent(entry) ? kube::Priority::Urgent : kube::Priority::Normal;
  if (states_.post(key, std::move(entry))) options_.enqueue(key, priority);
}

void Reconciler::forget_all() {
  states_.forget_all();
  pod_view_.clear();
  fleet_memory_ = {};
  left_alone_.clear();
  requests_.forget_answered();
}

void Reconciler::begin_term() {
  forget_all();
  stores_.guards.for_each([&](const auto& guard) { states_.add_unloaded(guard->meta.key); });
}

void Reconciler::on_rollout(const Key& key) {
  post(key, guard::RolloutChanged{.at = ports_.clock.monotonic_now()});
}

void Reconciler::on_guard_deleted(const Key& key, const Uid& uid) {
  post(key, guard::GuardDeleted{.guard = uid});
}

void Reconciler::on_freeze_removed(const Key& key, const Uid& uid) {
  post(key, guard::FreezeRemoved{.guard = uid});
}

void Reconciler::update_unreadable() {
  for (const guard::UnreadableObject& object : unreadable_.update(stores_))
    log::error("cannot read an object; nothing is done with its Deployment until it can be read",
               {{"kind", object.kind}, {"name", object.key.str()}, {"problem", object.problem}});
  ports_.telemetry.unreadable_objects("DeploymentGuard", unreadable_.guards());
  ports_.telemetry.unreadable_objects("Rollback", unreadable_.rollbacks());
}

void Reconciler::on_rollback(const api::Rollback& rollback) {
  if (!rollback.problem.empty()) return;
  requests_.add(rollback);
  const Key key{.namespace_ = rollback.meta.key.namespace_, .name = rollback.spec.deployment};
  post(key, guard::RollbackSeen{.rollback = rollback.meta.uid,
                                .approved = rollback.spec.approved,
                                .is_finished = api::finished(rollback.status.phase)});
  // post() enqueues nothing for a Deployment without a state, but the Rollback may be a request.
  enqueue(key);
}

void Reconciler::on_rollback_deleted(const api::Rollback& rollback) {
  post({.namespace_ = rollback.meta.key.namespace_, .name = rollback.spec.deployment},
       guard::RollbackDeleted{.rollback = rollback.meta.uid, .at = ports_.clock.now()});
}

void Reconciler::enqueue_group(const Key& key, const std::string& group) {
  for (const guard::GroupMember& member : guard::other_members(key, group, states_, stores_))
    enqueue({.namespace_ = key.namespace_, .name = member.deployment});
}

std::vector<std::shared_ptr<const api::Deployment>> Reconciler::with_policy_conflict() const {
  std::vector<std::shared_ptr<const api::Deployment>> found;
  for (const Key& key : states_.index().with_policy_conflict()) {
    if (auto deployment = stores_.deployments.find(key)) found.push_back(std::move(deployment));
  }
  return found;
}

std::int64_t Reconciler::count_guarded_by(const std::string& namespace_,
                                          const std::string& policy) const {
  return static_cast<std::int64_t>(states_.index().guarded_by(namespace_, policy));
}

std::size_t Reconciler::count_guarded() const { return states_.index().guarded(); }

}  // namespace lastgood::shell
