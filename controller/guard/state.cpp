#include "guard/state.hpp"

#include <algorithm>
#include <tuple>

#include "guard/decide.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

namespace {

constexpr Duration soon{1000};

// An unfinished one before one that is only remembered, and the latest of them.
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
  if (rollback.spec.drill || !api::is_bound(rollback.spec) ||
      rollback.spec.mode == api::Mode::Observe)
    return false;
  if (rollback.spec.deployment != deployment.meta.key.name ||
      rollback.spec.deployment_uid != deployment.meta.uid)
    return false;
  // Finished, it still says that this release was rolled back, or how what the state speaks of has
  // ended.
  return !api::finished(rollback.status.phase) || rollback::is_named_after(deployment, rollback) ||
         rollback.meta.key.name == guard.rollback || rollback::is_marked_by(deployment, rollback);
}

namespace {

// It was there, it waited, and it is gone: a person deleted it while nobody led.
void note_declined(GuardState& state, const api::Deployment& deployment, const kube::Stores& stores,
                   Time now) {
  api::GuardStatus& guard = state.guard;
  if (guard.pending.empty() ||
      stores.rollbacks.find({.namespace_ = deployment.meta.key.namespace_, .name = guard.pending}))
    return;
  guard.declined = api::Declined{.rollback = guard.pending, .at = now};
  guard.pending.clear();
}

}  // namespace

GuardState load(const api::Deployment& deployment, const kube::Stores& stores, Time now) {
  GuardState state;
  state.deployment_uid = deployment.meta.uid;
  if (const auto guard = stores.guards.find(deployment.meta.key)) {
    state.guard_uid = guard->meta.uid;
    state.guard_owner = guard->meta.owner;
    state.guard = guard->status;
    state.written = guard->status;
    reset_results(state.guard, now);
  }
  stores.rollbacks.for_each_in(deployment.meta.key.namespace_, [&](const auto& rollback) {
    if (!concerns(*rollback, deployment, state.guard)) return;
    if (state.rollback && !comes_before(*rollback, *state.rollback)) return;
    state.rollback = *rollback;
    state.rollback_written = rollback->status;
  });
  note_declined(state, deployment, stores, now);
  return state;
}

bool is_unmanaged(const policy::EffectivePolicy& policy, const GuardState& state) {
  return policy.kind == policy::EffectivePolicy::Kind::None && state.guard_uid.empty();
}

namespace {

const api::Check* find_check(const std::vector<api::Check>& checks, const std::string& name) {
  const auto found = std::ranges::find(checks, name, &api::Check::name);
  return found == checks.end() ? nullptr : &*found;
}

bool is_asked_still(const InboxMeasurement& entry, const api::PolicySpec& spec) {
  if (!entry.asked) return true;
  const api::Check* now = find_check(spec.checks, entry.measurement.check);
  return now && now->http == entry.asked->http;
}

}  // namespace

std::vector<api::Measurement> take_measurements(GuardState& state, const api::PolicySpec& spec) {
  std::vector<api::Measurement> measurements;
  for (InboxMeasurement& entry : state.inbox) {
    const bool is_current = state.guard.current && entry.hash == state.guard.current->hash;
    if (is_current && is_asked_still(entry, spec))
      measurements.push_back(std::move(entry.measurement));
  }
  state.inbox.clear();
  return measurements;
}

std::vector<std::string> take_due(GuardState& state, const Needs& needs,
                                  const api::PolicySpec& spec, MonotonicTime now) {
  std::vector<std::string> due = state.schedule.take_due(needs, spec, now);
  std::erase_if(due, [&](const std::string& check) { return state.asking[check]; });
  for (const std::string& check : due) state.asking[check] = true;
  return due;
}

std::optional<MonotonicTime> next_reconcile(const GuardState& state,
                                            const policy::EffectivePolicy& policy,
                                            std::optional<Time> requeue_at, Time now,
                                            MonotonicTime monotonic) {
  std::optional<MonotonicTime> next = state.schedule.next();
  const auto sooner = [&](MonotonicTime when) {
    if (!next || when < *next) next = when;
  };
  if (requeue_at) sooner(monotonic + std::max(*requeue_at - now, Duration::zero()));
  if (state.rollback && !api::finished(state.rollback->status.phase)) sooner(monotonic + soon);
  if (state.config_map && policy.kind == policy::EffectivePolicy::Kind::Broken)
    sooner(monotonic + Duration{10'000});
  return next;
}

void take_sight(Inputs& inputs, std::optional<TemplateSight> sight) {
  if (!sight) return;
  inputs.replica_sets = std::move(sight->sets);
  inputs.author = std::move(sight->author);
  inputs.template_problem = std::move(sight->problem);
}

void take_preflight(GuardState& state) {
  if (state.preflight && state.preflight->reason == Reason::SnapshotMissing)
    clear_snapshot(state.guard, state.preflight->target);
}

std::vector<api::Rollback> records_of(const api::Deployment& deployment,
                                      const kube::Stores& stores) {
  std::vector<api::Rollback> records;
  stores.rollbacks.for_each_in(deployment.meta.key.namespace_, [&](const auto& rollback) {
    if (rollback->spec.deployment == deployment.meta.key.name) records.push_back(*rollback);
  });
  return records;
}

void note_when_decided(const Action& action, GuardState& state, MonotonicTime now) {
  const auto* starting = std::get_if<StartRollback>(&action);
  const bool begins = starting && starting->carry_out;
  const bool goes_on = std::holds_alternative<ResumeRollback>(action) && state.rollback &&
                       state.rollback->status.phase == api::RollbackPhase::Pending;
  if (!goes_on) state.decided.reset();
  if ((begins || goes_on) && !state.decided) state.decided = now;
}

void call_off_deleted(GuardState& state, const api::Rollback& gone, Time now) {
  auto& rollback = state.rollback;
  if (!rollback || rollback->meta.uid != gone.meta.uid || rollback->status.template_restored)
    return;
  if (api::finished(rollback->status.phase)) return;
  rollback->status = rollback::advance(rollback->status, api::RollbackPhase::Superseded,
                                       "A person deleted it before anything was touched", now);
  if (!api::is_manual(rollback->spec))
    state.guard.declined = api::Declined{.rollback = rollback->meta.key.name, .at = now};
}

void take_back(Plan& plan, const Inputs& inputs, GuardState& state) {
  if (!std::holds_alternative<BindRequest>(plan.action)) return;
  state.guard = inputs.guard;
  std::erase_if(plan.events,
                [](const EventRecord& event) { return event.reason == Reason::RollbackStarted; });
}

bool is_thawed(const api::DeploymentGuard& guard) {
  return guard.status.state == api::State::Frozen && !guard.status.freeze;
}

std::optional<GuardState> unmanaged_group_member(const api::Deployment& deployment,
                                                 const std::string& group) {
  if (group.empty()) return {};
  GuardState state{.deployment_uid = deployment.meta.uid};
  state.guard.deployment_uid = deployment.meta.uid;
  state.guard.reason = Reason::NotOptedIn;
  state.group = group;
  state.cannot = "it is not guarded; opt it in, or take its lastgood.dev/group away";
  state.is_unmanaged = true;
  return state;
}

void show_to_group(GuardState& state, const policy::EffectivePolicy& policy, const Plan& plan) {
  state.group = policy.group;
  state.group_order = policy.group_order;
  state.mode = policy.spec.mode;
  state.cannot = plan.cannot;
}

bool changes_for_group(const GuardState& state, const policy::EffectivePolicy& policy,
                       const Plan& plan) {
  if (policy.group.empty()) return false;
  return state.group != policy.group || state.mode != policy.spec.mode ||
         state.guard.state != plan.guard.state || state.guard.reason != plan.guard.reason ||
         state.cannot != plan.cannot || state.guard.rollback != plan.guard.rollback ||
         plan.rollback.has_value();
}

bool answers_request(const Inputs& inputs, const Plan& plan) {
  if (!inputs.request) return false;
  const bool is_acted_upon = std::holds_alternative<BindRequest>(plan.action) ||
                             std::holds_alternative<RunDrill>(plan.action);
  const bool is_refused = plan.request && api::finished(plan.request->phase);
  return is_refused || is_acted_upon;
}

std::optional<std::string> outcome_to_tell(const GuardState& state) {
  if (!state.rollback || !api::finished(state.rollback->status.phase)) return {};
  if (state.rollback_written.phase == state.rollback->status.phase) return {};
  return api::to_string(state.rollback->status.phase);
}

}  // namespace lastgood::guard
