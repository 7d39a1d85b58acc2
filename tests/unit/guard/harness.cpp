#include "unit/guard/harness.hpp"

#include <algorithm>
#include <array>

#include "guard/drill.hpp"
#include "guard/established.hpp"
#include "guard/guard_status.hpp"
#include "guard/manual_request.hpp"
#include "guard/needs.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard::test {

namespace {

constexpr const char* rolled_back_by = "lastgood.dev/rolled-back-by";

}  // namespace

std::ostream& operator<<(std::ostream& out, ActionKind kind) {
  constexpr std::array names{"no action",   "StartRollback",  "ResumeRollback", "CreateSnapshot",
                             "BindRequest", "RecordObserved", "RunDrill"};
  static_assert(names.size() == std::variant_size_v<Action>);
  return out << names.at(static_cast<std::size_t>(kind));
}

std::ostream& operator<<(std::ostream& out, const HashAndVerdict& revision) {
  return out << revision.hash << ' ' << revision.verdict;
}

DeploymentHarness::DeploymentHarness() {
  deployment.meta.key = {.namespace_ = "shop", .name = "web"};
  deployment.meta.uid = Uid("1b4e-uid");
  deployment.replicas = 3;
}

void DeploymentHarness::change_template(const std::string& hash) {
  deployment.meta.generation += 1;
  deployment.template_digest = TemplateDigest(hash);
  deployment.updated_replicas = 0;
}

DeploymentHarness& DeploymentHarness::ship_without_replica_set(const std::string& hash) {
  change_template(hash);
  std::erase_if(replica_sets, [&](const auto& set) { return set.hash.value == hash; });
  return *this;
}

DeploymentHarness& DeploymentHarness::ship(const std::string& hash) {
  change_template(hash);
  std::int64_t newest = 0;
  for (const auto& set : replica_sets) newest = std::max(newest, set.revision);
  const auto existing = std::ranges::find(replica_sets, TemplateHash(hash), &api::ReplicaSet::hash);
  if (existing != replica_sets.end()) {
    existing->revision = newest + 1;
  } else {
    replica_sets.push_back(replica_set(hash, false, newest + 1));
  }
  return *this;
}

DeploymentHarness& DeploymentHarness::roll_out() {
  auto& d = deployment;
  d.observed_generation = d.meta.generation;
  d.updated_replicas = d.status_replicas = d.available_replicas = d.replicas;
  return *this;
}

DeploymentHarness& DeploymentHarness::roll_out_partly() {
  roll_out();
  deployment.updated_replicas -= 1;
  return *this;
}

DeploymentHarness& DeploymentHarness::scale(std::int64_t replicas) {
  deployment.replicas = replicas;
  deployment.meta.generation += 1;
  deployment.observed_generation = deployment.meta.generation;
  return *this;
}

DeploymentHarness& DeploymentHarness::pass_time(Duration duration) {
  now += duration;
  return *this;
}

DeploymentHarness& DeploymentHarness::recreate() {
  deployment.meta.uid = Uid("2c5f-uid");
  deployment.meta.generation = 1;
  deployment.meta.annotations.clear();
  replica_sets.clear();
  rollback.reset();
  return *this;
}

DeploymentHarness& DeploymentHarness::opt_out() {
  policy = {};
  return *this;
}

DeploymentHarness& DeploymentHarness::opt_in() {
  policy = web_policy();
  return *this;
}

DeploymentHarness& DeploymentHarness::break_policy() {
  policy = broken_policy();
  return *this;
}

DeploymentHarness& DeploymentHarness::repair_policy() {
  policy = web_policy();
  return *this;
}

DeploymentHarness& DeploymentHarness::set_suspended(bool value) {
  policy.spec.suspend = value;
  return *this;
}

DeploymentHarness& DeploymentHarness::set_paused(bool value) {
  deployment.paused = value;
  deployment.meta.generation += 1;
  deployment.observed_generation = deployment.meta.generation;
  return *this;
}

DeploymentHarness& DeploymentHarness::request_rollback(api::RollbackSpec spec) {
  request =
      api::Rollback{.meta = {.key = {.namespace_ = "shop",
                                     .name = "manual-" + std::to_string(stored_rollbacks.size())}}};
  request->spec = std::move(spec);
  request->spec.deployment = "web";
  return *this;
}

DeploymentHarness& DeploymentHarness::approve() {
  if (rollback) rollback->spec.approved = true;
  return *this;
}

Inputs DeploymentHarness::inputs(Measurements measurements) const {
  Inputs out{.deployment = deployment,
             .policy = policy,
             .guard = guard,
             .rollback = rollback,
             .request = request};
  out.breaker = breaker;
  out.group = group;
  out.initiator = initiator;
  out.observed_record = observed_record;
  const auto target = wanted_target(out, guard);
  if (preflight && target) {
    out.preflight = preflight;
    out.preflight->generation = deployment.meta.generation;
    out.preflight->target = target->snapshot;
    out.preflight->at = now;
  }
  const Needs needed = needs(deployment, policy, guard, rollback);
  if (needed.replica_sets) {
    out.replica_sets = replica_sets;
    out.author = author;
    for (auto& set : *out.replica_sets)
      set.is_current = set.hash.value == deployment.template_digest.value;
  }
  // Drop the measurements that decide() does not need. After a change of the template, when the
  // ReplicaSets are needed, keep all: a probe that started before the change may still return.
  std::erase_if(measurements, [&](const api::Measurement& one) {
    if (needed.replica_sets) return false;
    if (one.check == "rollout") return !needed.rollout_measurement;
    return !needed.check_measurements &&
           std::ranges::find(needed.idle_checks, one.check, &IdleCheck::name) ==
               needed.idle_checks.end();
  });
  out.measurements = std::move(measurements);
  return out;
}

DeploymentHarness& DeploymentHarness::reconcile(Measurements measurements) {
  last_plan = decide(inputs(std::move(measurements)), now);
  guard = last_plan.guard;
  if (establishes_checks && guard.state == api::State::Idle && guard.current && policy.governs()) {
    for (const api::Check& check : policy.spec.checks)
      record_pass(guard,
                  {.check = check.name,
                   .config_hash = api::config_hash_of(check.kind),
                   .revision = guard.current->hash},
                  policy.spec);
  }
  if (last_plan.rollback) {
    rollback->status = *last_plan.rollback;
    stored_rollbacks[rollback->meta.key.name] = *rollback;
  }
  if (last_plan.request) {
    request->status = *last_plan.request;
    stored_rollbacks[request->meta.key.name] = *request;
    if (api::finished(request->status.phase)) request.reset();
  }
  events.insert(events.end(), last_plan.events.begin(), last_plan.events.end());
  if (executes_actions) execute(last_plan.action);
  if (worth_writing(stored_guard, guard)) {
    stored_guard = guard;
    guard_writes.push_back(guard);
  }
  return *this;
}

void DeploymentHarness::execute(const Action& action) {
  if (const auto* start = std::get_if<StartRollback>(&action)) create_record(*start);
  if (const auto* bound = std::get_if<BindRequest>(&action)) bind_request(*bound);
  if (const auto* run = std::get_if<RunDrill>(&action)) run_drill(*run);
  if (const auto* record = std::get_if<RecordObserved>(&action); record && can_record) {
    observed_record = record->record.meta.key.name;
    stored_rollbacks.try_emplace(observed_record, record->record);
  }
  if (std::holds_alternative<ResumeRollback>(action)) execute_rollback();
  const auto* snapshot = std::get_if<CreateSnapshot>(&action);
  if (snapshot && can_snapshot)
    set_snapshot(guard, snapshot->revision.hash, "web-" + snapshot->revision.hash.value);
}

void DeploymentHarness::create_record(const StartRollback& start) {
  if (!can_record) return;
  const std::string& name = start.record.meta.key.name;
  if (stored_rollbacks.try_emplace(name, start.record).second) rollbacks_created += 1;
  rollback = stored_rollbacks.at(name);
  if (start.execute) execute_rollback();
}

void DeploymentHarness::bind_request(const BindRequest& bound) {
  if (!can_record) return;
  rollback = bound.record;
  stored_rollbacks[rollback->meta.key.name] = *rollback;
  request.reset();
}

void DeploymentHarness::run_drill(const RunDrill& run) {
  if (!can_record) return;
  api::Rollback record = run.record;
  record.status =
      drill_outcome(record, inputs().preflight.value_or(api::Preflight{}), 20ms, policy.spec, now);
  record_drill(guard, record);
  stored_rollbacks[record.meta.key.name] = record;
  if (request && request->meta.key.name == record.meta.key.name) request.reset();
}

void DeploymentHarness::restore_template() {
  if (writes_allowed-- <= 0) return;
  change_template(rollback->spec.to.hash.value);
  deployment.meta.annotations[rolled_back_by] = rollback->meta.key.name;
  restorations += 1;
  if (writes_allowed-- <= 0) return;
  rollback->status =
      rollback::advance(rollback->status, RollbackPhase::TemplateRestored, "restored", now);
}

// Imitates next_step() of controller/rollback: compares the annotation rolled-back-by and the
// template of the Deployment with the Rollback.
void DeploymentHarness::execute_rollback() {
  if (api::finished(rollback->status.phase)) return;
  const bool is_ours = deployment.meta.annotations.contains(rolled_back_by) &&
                       deployment.meta.annotations.at(rolled_back_by) == rollback->meta.key.name &&
                       deployed_template() == rollback->spec.to.hash.value;
  if (!is_ours && (deployed_template() != rollback->spec.from.hash.value ||
                   rollback->status.template_restored)) {
    rollback->status = rollback::advance(rollback->status, RollbackPhase::Superseded,
                                         "a user changed the template", now);
  } else {
    if (!is_ours) restore_template();
    if ((is_ours || rollback->status.template_restored) && writes_allowed-- > 0)
      rollback->status =
          rollback::advance(rollback->status, RollbackPhase::Restored, "restored", now);
  }
  stored_rollbacks[rollback->meta.key.name] = *rollback;
}

DeploymentHarness& DeploymentHarness::reconcile_for(Duration duration,
                                                    const Measurements& measurements) {
  for (const Time end = now + duration; now < end;) {
    now += 10s;
    reconcile(measurements);
  }
  return *this;
}

DeploymentHarness& DeploymentHarness::pass_checks_for(Duration duration) {
  return reconcile_for(duration, {pass("rollout"), pass("health")});
}

DeploymentHarness& DeploymentHarness::fail_three_times() {
  return reconcile_for(30s, {fails("health")});
}

DeploymentHarness& DeploymentHarness::restart() { return restart_with(stored_guard); }

DeploymentHarness& DeploymentHarness::restart_with(const api::GuardStatus& stored) {
  guard = stored;
  stored_guard = stored;
  reset_results(guard, now);
  rollback.reset();
  observed_record.clear();
  for (const auto& [name, one] : stored_rollbacks) {
    if (one.spec.drill || one.status.phase == RollbackPhase::Observed || !api::is_bound(one.spec))
      continue;
    const bool concerns_deployment =
        !api::finished(one.status.phase) || rollback::has_name_of_generation(one, deployment) ||
        name == guard.rollback || rollback::is_marked_by(deployment, one);
    if (one.spec.deployment_uid == deployment.meta.uid && concerns_deployment) rollback = one;
  }
  writes_allowed = 100;
  return *this;
}

std::optional<HashAndVerdict> DeploymentHarness::current() const {
  if (!guard.current) return {};
  return HashAndVerdict{.hash = guard.current->hash.value, .verdict = guard.current->verdict};
}

std::optional<RevisionVerdict> DeploymentHarness::verdict(const std::string& hash) const {
  const auto found = std::ranges::find(guard.revisions, TemplateHash(hash), &api::Revision::hash);
  return found == guard.revisions.end() ? std::nullopt : std::optional(found->verdict);
}

std::optional<RollbackPhase> DeploymentHarness::phase() const {
  return rollback ? std::optional(rollback->status.phase) : std::nullopt;
}

ActionKind DeploymentHarness::action() const {
  return static_cast<ActionKind>(last_plan.action.index());
}

int DeploymentHarness::emitted(Reason reason) const {
  return static_cast<int>(std::ranges::count(events, reason, &EventRecord::reason));
}

std::optional<Duration> DeploymentHarness::requeue_after() const {
  return last_plan.requeue_at ? std::optional(*last_plan.requeue_at - now) : std::nullopt;
}

DeploymentHarness running_v1() {
  DeploymentHarness harness;
  return harness.ship("v1").roll_out().reconcile().reconcile();
}

DeploymentHarness baking_v2(api::Mode mode) {
  DeploymentHarness harness = running_v1();
  harness.policy.spec.mode = mode;
  return harness.pass_time(1h).ship("v2").reconcile().roll_out().reconcile({pass("rollout")});
}

DeploymentHarness pending_rollback(api::Mode mode) {
  DeploymentHarness harness = baking_v2(mode);
  harness.writes_allowed = 0;
  harness.fail_three_times().writes_allowed = 100;
  return harness;
}

DeploymentHarness restored_v1() { return baking_v2().fail_three_times().pass_time(1s).reconcile(); }

}  // namespace lastgood::guard::test
