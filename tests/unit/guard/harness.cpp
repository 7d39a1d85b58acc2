#include "harness.hpp"

#include <algorithm>
#include <array>

#include "guard/drill.hpp"
#include "guard/gates/request_gates.hpp"
#include "guard/needs.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard::test {

using api::MeasurementResult;

namespace {

constexpr const char* mark = "lastgood.dev/rolled-back-by";

api::Measurement measurement(const std::string& check, MeasurementResult result, Reason reason) {
  return {.check = check, .result = result, .reason = reason, .message = "as the test says"};
}

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

api::Measurement pass(const std::string& check) {
  return measurement(check, MeasurementResult::Pass, Reason::Passed);
}
api::Measurement fails(const std::string& check) {
  return measurement(check, MeasurementResult::Fail, Reason::WrongStatus);
}
api::Measurement unknown(const std::string& check) {
  return measurement(check, MeasurementResult::Unknown, Reason::NoPodsToProbe);
}
api::Measurement fails_at_once(const std::string& check) {
  api::Measurement out = measurement(check, MeasurementResult::Fail, Reason::CrashLoop);
  out.immediate = true;
  return out;
}
api::Measurement fails_as_before(const std::string& check, bool before) {
  api::Measurement out = fails(check);
  out.baseline = api::BaselineResult{.result = MeasurementResult::Fail,
                                     .reason = Reason::WrongStatus,
                                     .message = "500 too",
                                     .revision = "revision 1 (web-v1)",
                                     .before = before,
                                     .at = noon};
  return out;
}

policy::EffectivePolicy web_policy() {
  policy::EffectivePolicy out{.kind = policy::EffectivePolicy::Kind::RollbackPolicy,
                              .name = "RollbackPolicy/web"};
  out.spec.bake_time = 10min;
  out.spec.verify_for = 5min;
  out.spec.checks = {{.name = "health", .interval = 10s, .failure_threshold = 3}};
  return out;
}

policy::EffectivePolicy broken_policy() {
  return {.kind = policy::EffectivePolicy::Kind::Broken,
          .name = "RollbackPolicy/web",
          .reason = Reason::PolicyNotFound,
          .message = "There is none"};
}

api::ReplicaSet replica_set(const std::string& hash, bool is_current, std::int64_t number) {
  api::ReplicaSet out;
  out.meta.uid = Uid("rs-" + hash);
  out.meta.created = noon + std::chrono::seconds(number);
  out.hash = TemplateHash(hash);
  out.revision = number;
  out.is_current = is_current;
  return out;
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

DeploymentHarness& DeploymentHarness::ship_without_set(const std::string& hash) {
  change_template(hash);
  std::erase_if(sets, [&](const auto& set) { return set.hash.value == hash; });
  return *this;
}

DeploymentHarness& DeploymentHarness::ship(const std::string& hash) {
  change_template(hash);
  std::int64_t newest = 0;
  for (const auto& set : sets) newest = std::max(newest, set.revision);
  const auto known = std::ranges::find(sets, TemplateHash(hash), &api::ReplicaSet::hash);
  if (known != sets.end()) {
    known->revision = newest + 1;
  } else {
    sets.push_back(replica_set(hash, false, newest + 1));
  }
  return *this;
}

DeploymentHarness& DeploymentHarness::roll_out() {
  auto& d = deployment;
  d.observed_generation = d.meta.generation;
  d.updated_replicas = d.status_replicas = d.ready_replicas = d.available_replicas = d.replicas;
  return *this;
}

DeploymentHarness& DeploymentHarness::half_roll_out() {
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
  sets.clear();
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

DeploymentHarness& DeploymentHarness::suspend(bool value) {
  policy.spec.suspend = value;
  return *this;
}

DeploymentHarness& DeploymentHarness::pause(bool value) {
  deployment.paused = value;
  deployment.meta.generation += 1;
  deployment.observed_generation = deployment.meta.generation;
  return *this;
}

DeploymentHarness& DeploymentHarness::ask(api::RollbackSpec spec) {
  request = api::Rollback{
      .meta = {.key = {.namespace_ = "shop", .name = "by-hand-" + std::to_string(server.size())}}};
  request->spec = std::move(spec);
  request->spec.deployment = "web";
  return *this;
}

DeploymentHarness& DeploymentHarness::approve() {
  if (rollback) rollback->spec.approved = true;
  return *this;
}

Inputs DeploymentHarness::inputs(std::vector<api::Measurement> measurements) const {
  Inputs out{.deployment = deployment,
             .policy = policy,
             .guard = guard,
             .rollback = rollback,
             .request = request};
  out.breaker = breaker;
  out.group = group;
  out.initiator = initiator;
  const auto target = wanted_target(out, guard);
  if (preflight && target) {
    out.preflight = preflight;
    out.preflight->generation = deployment.meta.generation;
    out.preflight->target = target->snapshot;
    out.preflight->at = now;
  }
  const Needs needed = needs(deployment, policy, guard, rollback);
  if (needed.replica_sets) {
    out.replica_sets = sets;
    out.author = author;
    for (auto& set : *out.replica_sets)
      set.is_current = set.hash.value == deployment.template_digest.value;
  }
  // What was asked before the template changed may still arrive.
  std::erase_if(measurements, [&](const api::Measurement& one) {
    if (needed.replica_sets) return false;
    return one.check == "rollout" ? !needed.rollout_measurement : !needed.check_measurements;
  });
  out.measurements = std::move(measurements);
  return out;
}

DeploymentHarness& DeploymentHarness::look(std::vector<api::Measurement> measurements) {
  last = decide(inputs(std::move(measurements)), now);
  guard = last.guard;
  if (last.rollback) {
    rollback->status = *last.rollback;
    server[rollback->meta.key.name] = *rollback;
  }
  if (last.request) {
    request->status = *last.request;
    server[request->meta.key.name] = *request;
    if (api::finished(request->status.phase)) request.reset();
  }
  events.insert(events.end(), last.events.begin(), last.events.end());
  if (executor) act_on(last.action);
  if (worth_writing(written, guard)) {
    written = guard;
    persisted.push_back(guard);
  }
  return *this;
}

void DeploymentHarness::act_on(const Action& decided) {
  if (const auto* start = std::get_if<StartRollback>(&decided)) record(*start);
  if (const auto* bound = std::get_if<BindRequest>(&decided)) bind(*bound);
  if (const auto* run = std::get_if<RunDrill>(&decided)) drill(*run);
  if (const auto* observed = std::get_if<RecordObserved>(&decided); observed && can_record)
    server.try_emplace(observed->record.meta.key.name, observed->record);
  if (std::holds_alternative<ResumeRollback>(decided)) carry_out();
  const auto* keep = std::get_if<CreateSnapshot>(&decided);
  if (keep && can_snapshot)
    set_snapshot(guard, keep->revision.hash, "web-" + keep->revision.hash.value);
}

void DeploymentHarness::record(const StartRollback& start) {
  if (!can_record) return;
  const std::string& name = start.record.meta.key.name;
  if (server.try_emplace(name, start.record).second) records += 1;
  rollback = server.at(name);
  if (start.execute) carry_out();
}

void DeploymentHarness::bind(const BindRequest& bound) {
  if (!can_record) return;
  rollback = bound.record;
  server[rollback->meta.key.name] = *rollback;
  request.reset();
}

void DeploymentHarness::drill(const RunDrill& run) {
  if (!can_record) return;
  api::Rollback record = run.record;
  record.status =
      drill_outcome(record, inputs().preflight.value_or(api::Preflight{}), 20ms, policy.spec, now);
  record_drill(guard, record);
  server[record.meta.key.name] = record;
  if (request && request->meta.key.name == record.meta.key.name) request.reset();
}

void DeploymentHarness::put_back() {
  if (steps_allowed-- <= 0) return;
  change_template(rollback->spec.to.hash.value);
  deployment.meta.annotations[mark] = rollback->meta.key.name;
  template_changes += 1;
  if (steps_allowed-- <= 0) return;
  rollback->status =
      rollback::advance(rollback->status, RollbackPhase::TemplateRestored, "put back", now);
}

// As the plan of rollback/ says, from what is on the Deployment.
void DeploymentHarness::carry_out() {
  if (api::finished(rollback->status.phase)) return;
  const bool is_ours = deployment.meta.annotations.contains(mark) &&
                       deployment.meta.annotations.at(mark) == rollback->meta.key.name &&
                       on_deployment() == rollback->spec.to.hash.value;
  if (!is_ours &&
      (on_deployment() != rollback->spec.from.hash.value || rollback->status.template_restored)) {
    rollback->status =
        rollback::advance(rollback->status, RollbackPhase::Superseded, "a person was faster", now);
  } else if (is_ours) {
    if (steps_allowed-- > 0)
      rollback->status =
          rollback::advance(rollback->status, RollbackPhase::Restored, "put back", now);
  } else {
    put_back();
    if (rollback->status.template_restored && steps_allowed-- > 0)
      rollback->status =
          rollback::advance(rollback->status, RollbackPhase::Restored, "put back", now);
  }
  server[rollback->meta.key.name] = *rollback;
}

DeploymentHarness& DeploymentHarness::watch(Duration duration,
                                            const std::vector<api::Measurement>& measurements) {
  for (const Time end = now + duration; now < end;) {
    now += 10s;
    look(measurements);
  }
  return *this;
}

DeploymentHarness& DeploymentHarness::watch_well(Duration duration) {
  return watch(duration, {pass("rollout"), pass("health")});
}

DeploymentHarness& DeploymentHarness::fail_thrice() { return watch(30s, {fails("health")}); }

DeploymentHarness& DeploymentHarness::restart() { return restart_with(written); }

DeploymentHarness& DeploymentHarness::restart_with(const api::GuardStatus& persisted_guard) {
  guard = persisted_guard;
  written = persisted_guard;
  reset_results(guard, now);
  rollback.reset();
  for (const auto& [name, one] : server) {
    if (one.spec.drill || one.status.phase == RollbackPhase::Observed || !api::is_bound(one.spec))
      continue;
    const bool concerns = !api::finished(one.status.phase) ||
                          rollback::is_named_after(deployment, one) || name == guard.rollback ||
                          rollback::is_marked_by(deployment, one);
    if (one.spec.deployment_uid == deployment.meta.uid && concerns) rollback = one;
  }
  steps_allowed = 100;
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
  return static_cast<ActionKind>(last.action.index());
}

int DeploymentHarness::emitted(Reason reason) const {
  return static_cast<int>(std::ranges::count(events, reason, &EventRecord::reason));
}

std::optional<Duration> DeploymentHarness::requeue_at() const {
  return last.requeue_at ? std::optional(*last.requeue_at - now) : std::nullopt;
}

}  // namespace lastgood::guard::test
