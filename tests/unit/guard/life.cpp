#include "life.hpp"

#include <algorithm>

#include "guard/needs.hpp"
#include "guard/drill.hpp"
#include "rollback/record.hpp"
#include "guard/gates/request_gates.hpp"

namespace lastgood::guard::test {

using api::RollbackPhase;
using api::SampleResult;

namespace {

constexpr const char* mark = "lastgood.dev/rolled-back-by";

api::Sample sample(const std::string& check, SampleResult result, std::string reason) {
  return {.check = check, .result = result, .reason = std::move(reason), .message = "as the test says"};
}

}  // namespace

api::Sample pass(const std::string& check) { return sample(check, SampleResult::Pass, "Answered"); }
api::Sample fails(const std::string& check) { return sample(check, SampleResult::Fail, "WrongStatus"); }
api::Sample unknown(const std::string& check) { return sample(check, SampleResult::Unknown, "NoPodToAsk"); }
api::Sample fails_at_once(const std::string& check) {
  api::Sample out = sample(check, SampleResult::Fail, "CrashLoop");
  out.immediate = true;
  return out;
}
api::Sample fails_as_before(const std::string& check, bool before) {
  api::Sample out = fails(check);
  out.comparison = api::Comparison{.result = SampleResult::Fail,
                                   .reason = "WrongStatus",
                                   .message = "500 too",
                                   .revision = "revision 1 (web-v1)",
                                   .before = before,
                                   .at = noon};
  return out;
}

policy::EffectivePolicy web_policy() {
  policy::EffectivePolicy out{.kind = policy::EffectivePolicy::Kind::RollbackPolicy, .name = "RollbackPolicy/web"};
  out.spec.bake_time = 10min;
  out.spec.verify_for = 5min;
  out.spec.checks = {{.name = "health", .interval = 10s, .failure_threshold = 3}};
  return out;
}

policy::EffectivePolicy broken_policy() {
  return {.kind = policy::EffectivePolicy::Kind::Broken, .name = "RollbackPolicy/web", .reason = "PolicyNotFound", .message = "There is none"};
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

Life::Life() {
  deployment.meta.key = {.namespace_ = "shop", .name = "web"};
  deployment.meta.uid = Uid("1b4e-uid");
  deployment.replicas = 3;
}

void Life::change_template(const std::string& hash) {
  deployment.meta.generation += 1;
  deployment.template_digest = TemplateDigest(hash);
  deployment.updated_replicas = 0;
}

Life& Life::ship_without_set(const std::string& hash) {
  change_template(hash);
  std::erase_if(sets, [&](const auto& set) { return set.hash.value == hash; });
  return *this;
}

Life& Life::ship(const std::string& hash) {
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

Life& Life::roll_out() {
  auto& d = deployment;
  d.observed_generation = d.meta.generation;
  d.updated_replicas = d.status_replicas = d.ready_replicas = d.available_replicas = d.replicas;
  return *this;
}

Life& Life::half_roll_out() {
  roll_out();
  deployment.updated_replicas -= 1;
  return *this;
}

Life& Life::scale(std::int64_t replicas) {
  deployment.replicas = replicas;
  deployment.meta.generation += 1;
  deployment.observed_generation = deployment.meta.generation;
  return *this;
}

Life& Life::pass_time(Duration duration) {
  now += duration;
  return *this;
}

Life& Life::recreate() {
  deployment.meta.uid = Uid("2c5f-uid");
  deployment.meta.generation = 1;
  deployment.meta.annotations.clear();
  sets.clear();
  rollback.reset();
  return *this;
}

Life& Life::opt_out() {
  guarding = {};
  return *this;
}

Life& Life::opt_in() {
  guarding = web_policy();
  return *this;
}

Life& Life::break_policy() {
  guarding = broken_policy();
  return *this;
}

Life& Life::suspend(bool value) {
  guarding.spec.suspend = value;
  return *this;
}

Life& Life::pause(bool value) {
  deployment.paused = value;
  deployment.meta.generation += 1;
  deployment.observed_generation = deployment.meta.generation;
  return *this;
}

Life& Life::ask(api::RollbackSpec spec) {
  request = api::Rollback{.meta = {.key = {.namespace_ = "shop", .name = "by-hand-" + std::to_string(server.size())}}};
  request->spec = std::move(spec);
  request->spec.deployment = "web";
  return *this;
}

Life& Life::approve() {
  if (rollback) rollback->spec.approved = true;
  return *this;
}

World Life::world(std::vector<api::Sample> samples) const {
  World out{.deployment = deployment, .guarding = guarding, .guard = guard, .rollback = rollback, .request = request};
  out.breaker = breaker;
  out.group = group;
  out.call = call;
  const auto target = wanted_target(out, guard);
  if (preflight && target) {
    out.preflight = preflight;
    out.preflight->generation = deployment.meta.generation;
    out.preflight->target = target->kept_as;
    out.preflight->at = now;
  }
  const Needs needed = needs(deployment, guarding, guard, rollback);
  if (needed.replica_sets) {
    out.replica_sets = sets;
    out.author = author;
    for (auto& set : *out.replica_sets) set.is_current = set.hash.value == deployment.template_digest.value;
  }
  // What was asked before the template changed may still arrive.
  std::erase_if(samples, [&](const api::Sample& one) {
    if (needed.replica_sets) return false;
    return one.check == "rollout" ? !needed.rollout_sample : !needed.check_samples;
  });
  out.samples = std::move(samples);
  return out;
}

Life& Life::look(std::vector<api::Sample> samples) {
  last = decide(world(std::move(samples)), now);
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
  facts.insert(facts.end(), last.facts.begin(), last.facts.end());
  if (executor) act_on(last.act);
  if (worth_writing(written, guard)) {
    written = guard;
    persisted.push_back(guard);
  }
  return *this;
}

void Life::act_on(const Act& decided) {
  if (const auto* start = std::get_if<StartRollback>(&decided)) record(*start);
  if (const auto* bound = std::get_if<BindRequest>(&decided)) bind(*bound);
  if (const auto* run = std::get_if<RunDrill>(&decided)) drill(*run);
  if (const auto* observed = std::get_if<RecordObserved>(&decided); observed && can_record)
    server.try_emplace(observed->record.meta.key.name, observed->record);
  if (std::holds_alternative<CarryOutRollback>(decided)) carry_out();
  const auto* keep = std::get_if<KeepRevision>(&decided);
  if (keep && can_keep) note_kept(guard, keep->revision.hash, "web-" + keep->revision.hash.value);
}

void Life::record(const StartRollback& start) {
  if (!can_record) return;
  const std::string& name = start.record.meta.key.name;
  if (server.try_emplace(name, start.record).second) records += 1;
  rollback = server.at(name);
  if (start.carry_out) carry_out();
}

void Life::bind(const BindRequest& bound) {
  if (!can_record) return;
  rollback = bound.record;
  server[rollback->meta.key.name] = *rollback;
  request.reset();
}

void Life::drill(const RunDrill& run) {
  if (!can_record) return;
  api::Rollback record = run.record;
  record.status = drill_outcome(record, world().preflight.value_or(api::Preflight{}), 20ms, guarding.spec, now);
  note_drill(guard, record);
  server[record.meta.key.name] = record;
  if (request && request->meta.key.name == record.meta.key.name) request.reset();
}

void Life::put_back() {
  if (steps_allowed-- <= 0) return;
  change_template(rollback->spec.to.hash.value);
  deployment.meta.annotations[mark] = rollback->meta.key.name;
  template_changes += 1;
  if (steps_allowed-- <= 0) return;
  rollback->status = rollback::advance(rollback->status, RollbackPhase::TemplateRestored, "put back", now);
}

// As the plan of rollback/ says, from what is on the Deployment.
void Life::carry_out() {
  if (api::finished(rollback->status.phase)) return;
  const bool is_ours = deployment.meta.annotations.contains(mark) &&
                       deployment.meta.annotations.at(mark) == rollback->meta.key.name &&
                       on_deployment() == rollback->spec.to.hash.value;
  if (!is_ours && (on_deployment() != rollback->spec.from.hash.value || rollback->status.template_restored)) {
    rollback->status = rollback::advance(rollback->status, RollbackPhase::Superseded, "a person was faster", now);
  } else if (is_ours) {
    if (steps_allowed-- > 0) rollback->status = rollback::advance(rollback->status, RollbackPhase::Restored, "put back", now);
  } else {
    put_back();
    if (rollback->status.template_restored && steps_allowed-- > 0)
      rollback->status = rollback::advance(rollback->status, RollbackPhase::Restored, "put back", now);
  }
  server[rollback->meta.key.name] = *rollback;
}

Life& Life::watch(Duration duration, const std::vector<api::Sample>& samples) {
  for (const Time end = now + duration; now < end;) {
    now += 10s;
    look(samples);
  }
  return *this;
}

Life& Life::watch_well(Duration duration) { return watch(duration, {pass("rollout"), pass("health")}); }

Life& Life::fail_thrice() { return watch(30s, {fails("health")}); }

Life& Life::restart() { return restart_with(written); }

Life& Life::restart_with(const api::GuardStatus& persisted_guard) {
  guard = persisted_guard;
  written = persisted_guard;
  forget_answers(guard, now);
  rollback.reset();
  for (const auto& [name, one] : server) {
    if (one.spec.drill || one.status.phase == RollbackPhase::Observed || !api::is_bound(one.spec)) continue;
    const bool concerns = !api::finished(one.status.phase) || rollback::is_named_after(deployment, one) || name == guard.rollback ||
                          rollback::is_marked_by(deployment, one);
    if (one.spec.deployment_uid == deployment.meta.uid && concerns) rollback = one;
  }
  steps_allowed = 100;
  return *this;
}

std::string Life::standing() const { return std::string(api::to_string(guard.state)) + " " + guard.reason; }

std::string Life::current() const {
  if (!guard.current) return "none";
  return guard.current->hash.value + " " + api::to_string(guard.current->verdict);
}

std::string Life::verdict(const std::string& hash) const {
  const auto found = std::ranges::find(guard.revisions, TemplateHash(hash), &api::Revision::hash);
  return found == guard.revisions.end() ? "forgotten" : api::to_string(found->verdict);
}

std::string Life::phase() const { return rollback ? api::to_string(rollback->status.phase) : "none"; }

std::string Life::act() const {
  constexpr const char* names[] = {
      "", "StartRollback", "CarryOutRollback", "KeepRevision", "BindRequest", "RecordObserved", "RunDrill"};
  return names[last.act.index()];
}

int Life::told(const std::string& reason) const { return static_cast<int>(std::ranges::count(facts, reason, &Fact::reason)); }

std::optional<Duration> Life::wake() const { return last.wake ? std::optional(*last.wake - now) : std::nullopt; }

}  // namespace lastgood::guard::test
