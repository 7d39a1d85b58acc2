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
  return std::tie(a.spec.generation, a.spec.detected) > std::tie(b.spec.generation, b.spec.detected);
}

}  // namespace

bool concerns(const api::Rollback& rollback, const api::Deployment& deployment, const api::GuardStatus& guard) {
  if (rollback.spec.drill || !api::is_bound(rollback.spec) || rollback.spec.mode == api::Mode::Observe) return false;
  if (rollback.spec.deployment != deployment.meta.key.name || rollback.spec.deployment_uid != deployment.meta.uid) return false;
  // Finished, it still says that this release was rolled back, or how what the memory speaks of has ended.
  return !api::finished(rollback.status.phase) || rollback::is_named_after(deployment, rollback) ||
         rollback.meta.key.name == guard.rollback || rollback::is_marked_by(deployment, rollback);
}

namespace {

// It was there, it waited, and it is gone: a person deleted it while nobody led.
void note_declined(Memory& memory, const api::Deployment& deployment, const kube::Stores& stores, Time now) {
  api::GuardStatus& guard = memory.guard;
  if (guard.pending.empty() || stores.rollbacks.find({.namespace_ = deployment.meta.key.namespace_, .name = guard.pending}))
    return;
  guard.declined = api::Declined{.rollback = guard.pending, .at = now};
  guard.pending.clear();
}

}  // namespace

Memory recall(const api::Deployment& deployment, const kube::Stores& stores, Time now) {
  Memory memory;
  memory.deployment_uid = deployment.meta.uid;
  if (const auto guard = stores.guards.find(deployment.meta.key)) {
    memory.guard_uid = guard->meta.uid;
    memory.guard_owner = guard->meta.owner;
    memory.guard = guard->status;
    memory.written = guard->status;
    forget_answers(memory.guard, now);
  }
  stores.rollbacks.for_each_in(deployment.meta.key.namespace_, [&](const auto& rollback) {
    if (!concerns(*rollback, deployment, memory.guard)) return;
    if (memory.rollback && !comes_before(*rollback, *memory.rollback)) return;
    memory.rollback = *rollback;
    memory.rollback_written = rollback->status;
  });
  note_declined(memory, deployment, stores, now);
  return memory;
}

bool is_stranger(const policy::EffectivePolicy& guarding, const Memory& memory) {
  return guarding.kind == policy::EffectivePolicy::Kind::None && memory.guard_uid.empty();
}

namespace {

const api::Check* find_check(const std::vector<api::Check>& checks, const std::string& name) {
  const auto found = std::ranges::find(checks, name, &api::Check::name);
  return found == checks.end() ? nullptr : &*found;
}

bool is_asked_still(const InboxSample& entry, const api::PolicySpec& spec) {
  if (!entry.asked) return true;
  const api::Check* now = find_check(spec.checks, entry.sample.check);
  return now && now->http == entry.asked->http;
}

}  // namespace

std::vector<api::Sample> take_samples(Memory& memory, const api::PolicySpec& spec) {
  std::vector<api::Sample> samples;
  for (InboxSample& entry : memory.inbox) {
    const bool is_current = memory.guard.current && entry.hash == memory.guard.current->hash;
    if (is_current && is_asked_still(entry, spec)) samples.push_back(std::move(entry.sample));
  }
  memory.inbox.clear();
  return samples;
}

std::vector<std::string> take_due(Memory& memory, const Needs& needs, const api::PolicySpec& spec, Steady now) {
  std::vector<std::string> due = memory.schedule.take_due(needs, spec, now);
  std::erase_if(due, [&](const std::string& check) { return memory.asking[check]; });
  for (const std::string& check : due) memory.asking[check] = true;
  return due;
}

std::optional<Steady> next_look(const Memory& memory, const policy::EffectivePolicy& guarding, std::optional<Time> wake, Time now,
                                Steady steady) {
  std::optional<Steady> next = memory.schedule.next();
  const auto sooner = [&](Steady when) {
    if (!next || when < *next) next = when;
  };
  if (wake) sooner(steady + std::max(*wake - now, Duration::zero()));
  if (memory.rollback && !api::finished(memory.rollback->status.phase)) sooner(steady + soon);
  if (memory.config_map && guarding.kind == policy::EffectivePolicy::Kind::Broken) sooner(steady + Duration{10'000});
  return next;
}

void take_sight(World& world, std::optional<TemplateSight> sight) {
  if (!sight) return;
  world.replica_sets = std::move(sight->sets);
  world.author = std::move(sight->author);
  world.template_problem = std::move(sight->problem);
}

void take_preflight(Memory& memory) {
  if (memory.preflight && memory.preflight->reason == "TargetGone") note_gone(memory.guard, memory.preflight->target);
}

std::vector<api::Rollback> records_of(const api::Deployment& deployment, const kube::Stores& stores) {
  std::vector<api::Rollback> records;
  stores.rollbacks.for_each_in(deployment.meta.key.namespace_, [&](const auto& rollback) {
    if (rollback->spec.deployment == deployment.meta.key.name) records.push_back(*rollback);
  });
  return records;
}

void note_when_decided(const Act& act, Memory& memory, Steady now) {
  const auto* starting = std::get_if<StartRollback>(&act);
  const bool begins = starting && starting->carry_out;
  const bool goes_on = std::holds_alternative<CarryOutRollback>(act) && memory.rollback &&
                       memory.rollback->status.phase == api::RollbackPhase::Pending;
  if (!goes_on) memory.decided.reset();
  if ((begins || goes_on) && !memory.decided) memory.decided = now;
}

void call_off_deleted(Memory& memory, const api::Rollback& gone, Time now) {
  auto& rollback = memory.rollback;
  if (!rollback || rollback->meta.uid != gone.meta.uid || rollback->status.template_restored) return;
  if (api::finished(rollback->status.phase)) return;
  rollback->status =
      rollback::advance(rollback->status, api::RollbackPhase::Superseded, "A person deleted it before anything was touched", now);
  if (!api::is_by_hand(rollback->spec)) memory.guard.declined = api::Declined{.rollback = rollback->meta.key.name, .at = now};
}

void take_back(Decision& decision, const World& world, Memory& memory) {
  if (!std::holds_alternative<BindRequest>(decision.act)) return;
  memory.guard = world.guard;
  std::erase_if(decision.facts, [](const Fact& fact) { return fact.reason == "RollbackStarted"; });
}

bool is_thawed(const api::DeploymentGuard& guard) { return guard.status.state == api::State::Frozen && !guard.status.freeze; }

std::optional<Memory> stranger_of_group(const api::Deployment& deployment, const std::string& group) {
  if (group.empty()) return {};
  Memory memory{.deployment_uid = deployment.meta.uid};
  memory.guard.deployment_uid = deployment.meta.uid;
  memory.guard.reason = "NotOptedIn";
  memory.group = group;
  memory.cannot = "it is not guarded; opt it in, or take its lastgood.dev/group away";
  memory.is_stranger = true;
  return memory;
}

void show_to_group(Memory& memory, const policy::EffectivePolicy& guarding, const Decision& decision) {
  memory.group = guarding.group;
  memory.group_order = guarding.group_order;
  memory.mode = guarding.spec.mode;
  memory.cannot = decision.cannot;
}

bool changes_for_group(const Memory& memory, const policy::EffectivePolicy& guarding, const Decision& decision) {
  if (guarding.group.empty()) return false;
  return memory.group != guarding.group || memory.mode != guarding.spec.mode || memory.guard.state != decision.guard.state ||
         memory.guard.reason != decision.guard.reason || memory.cannot != decision.cannot ||
         memory.guard.rollback != decision.guard.rollback || decision.rollback.has_value();
}

bool answers_request(const World& world, const Decision& decision) {
  if (!world.request) return false;
  const bool is_acted_upon =
      std::holds_alternative<BindRequest>(decision.act) || std::holds_alternative<RunDrill>(decision.act);
  const bool is_refused = decision.request && api::finished(decision.request->phase);
  return is_refused || is_acted_upon;
}

std::optional<std::string> outcome_to_tell(const Memory& memory) {
  if (!memory.rollback || !api::finished(memory.rollback->status.phase)) return {};
  if (memory.rollback_written.phase == memory.rollback->status.phase) return {};
  return api::to_string(memory.rollback->status.phase);
}

}  // namespace lastgood::guard
