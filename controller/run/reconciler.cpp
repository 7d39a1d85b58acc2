#include "run/reconciler.hpp"

#include "base/log.hpp"
#include "decide/drill.hpp"
#include "decide/life.hpp"
#include "decide/preflight.hpp"
#include "decide/record.hpp"
#include "decide/request.hpp"
#include "decide/target.hpp"
#include "run/fleet.hpp"
#include "run/recall.hpp"

namespace lastgood::run {

namespace asio = boost::asio;

Reconciler::Reconciler(Ports ports, const Stores& stores, const Leadership& leadership, TaskGroup& tasks, Options options)
    : ports_(ports),
      stores_(stores),
      leadership_(leadership),
      options_(std::move(options)),
      gateway_(ports.kube, leadership),
      observer_(gateway_, ports.clock, stores),
      sampler_(tasks, observer_, ports.prober, ports.clock, ports.telemetry,
               [this](const Key& key, const Uid& uid, const std::string& check, std::optional<InboxSample> sample) {
                 deliver(key, uid, check, std::move(sample));
               }),
      preflighter_(gateway_, ports.clock, options_.read_secrets),
      executor_(gateway_, preflighter_, ports.clock, ports.telemetry),
      publisher_(gateway_, ports.clock, options_.identity) {}

asio::awaitable<Result<std::optional<Steady>>> Reconciler::reconcile(Key key) {
  const Term term = leadership_.term();
  const Seen deployment = stores_.deployments.find(key);
  if (!deployment) {
    memories_.erase(key);
    co_return co_await refuse_request(key, false, term);
  }
  // Held on to: a guard that is deleted meanwhile takes it out of the map.
  const std::shared_ptr<Memory> memory = remember(*deployment);
  co_return co_await look(deployment, memory, term);
}

asio::awaitable<Result<std::optional<Steady>>> Reconciler::look(Seen deployment, std::shared_ptr<Memory> memory, Term term) {
  const Steady began = ports_.clock.steady();
  auto world = co_await gather(deployment, *memory, term);
  if (!world) co_return std::unexpected(world.error());
  if (is_stranger(world->guarding, *memory)) {
    memories_.erase(deployment->meta.key);
    if (auto shown = stranger_of_group(*deployment, world->guarding.group))
      memories_[deployment->meta.key] = std::make_shared<Memory>(std::move(*shown));
    co_return co_await refuse_request(deployment->meta.key, true, term);
  }
  decide::Decision decision = decide::decide(*world, ports_.clock.now());
  if (decision.guard.state != memory->guard.state) {
    ports_.telemetry.state_entered(api::to_string(decision.guard.state), decision.guard.reason);
  }
  const bool is_news = changes_for_group(*memory, world->guarding, decision);
  memory->guard = decision.guard;
  show_to_group(*memory, world->guarding, decision);
  if (decision.rollback) memory->rollback->status = *decision.rollback;
  // The act comes first: what people read can wait the few milliseconds that users of a bad release cannot.
  const auto acted = co_await executor_.carry_out(decision.act, world->guarding, *deployment, *memory, term);
  if (!acted) take_back(decision, *world, *memory);
  if (auto fact = decide::drill_to_tell(world->guard, memory->guard)) decision.facts.push_back(std::move(*fact));
  const auto published = co_await publish(*world, decision, *memory, term);
  if (acted && published && answers_request(*world, decision)) requests_.answered(world->request->meta.uid);
  if (is_news) wake_group(deployment->meta.key, memory->group);
  ports_.telemetry.reconciled(ports_.clock.steady() - began);
  if (!acted) co_return std::unexpected(acted.error());
  if (!published) co_return std::unexpected(published.error());
  co_return next_look(*memory, world->guarding, decision.wake, ports_.clock.now(), ports_.clock.steady());
}

asio::awaitable<Result<decide::World>> Reconciler::gather(Seen deployment, Memory& memory, Term term) {
  decide::World world{.deployment = *deployment};
  world.guarding = co_await observer_.guarding(*deployment, memory.config_map);
  const decide::Needs needs = decide::needs(*deployment, world.guarding, memory.guard, memory.rollback);
  if (needs.replica_sets) {
    auto sight = co_await observer_.template_sight(*deployment);
    if (!sight) co_return std::unexpected(sight.error());
    take_sight(world, std::move(*sight));
  }
  std::vector<std::string> due = take_due(memory, needs, world.guarding.spec, ports_.clock.steady());
  if (!due.empty()) {
    const auto other = decide::choose_target(memory.guard).revision;
    sampler_.start({.deployment = deployment,
                    .revision = *memory.guard.current,
                    .spec = world.guarding.spec,
                    .rolled_out = memory.guard.rolled_out,
                    .due = std::move(due),
                    .other = other,
                    .other_name = other ? decide::name_of(*deployment, *other) : ""});
  }
  world.guard = memory.guard;
  world.request = requests_.oldest(deployment->meta.key, stores_);
  world.rollback = memory.rollback;
  world.preflight = memory.preflight;
  world.group = others_of_group(deployment->meta.key, world.guarding.group, memories_, stores_);
  if (decide::is_preflight_due(world, ports_.clock.now())) {
    memory.preflight = co_await preflighter_.check(*deployment, *decide::wanted_target(world, world.guard), term);
    take_preflight(memory);
    world.preflight = memory.preflight;
  }
  // Once more: while something was read, a person may have said something.
  world.guard = memory.guard;
  world.samples = take_samples(memory, world.guarding.spec);
  world.rollback = memory.rollback;
  look_around(*deployment, world);
  co_return world;
}

void Reconciler::look_around(const api::Deployment& deployment, decide::World& world) {
  world.group = others_of_group(deployment.meta.key, world.guarding.group, memories_, stores_);
  world.call = call_followed_by(world.rollback, stores_);
  if (!may_be_put_back(world.guard, world.samples)) return;
  const Time now = ports_.clock.now();
  const decide::Closing closing = options_.breaker_closed();
  const decide::Fleet fleet = count_fleet(memories_, stores_, options_.breaker, closing, now);
  above_ = decide::last_above(options_.breaker, fleet, closing, above_, now);
  world.breaker = decide::judge_fleet(options_.breaker, fleet, closing, above_, now);
}

asio::awaitable<Result<std::optional<Steady>>> Reconciler::refuse_request(Key key, bool exists, Term term) {
  const auto request = requests_.oldest(key, stores_);
  if (!request) co_return std::optional<Steady>{};
  if (const auto wait = still_to_wait(*request, ports_.clock.now())) co_return std::optional(ports_.clock.steady() + *wait);
  const auto written =
      co_await publisher_.request(*request, decide::refuse_unguarded(*request, exists, ports_.clock.now()), term);
  if (!written) co_return std::unexpected(written.error());
  requests_.answered(request->meta.uid);
  // There may be another.
  co_return std::optional<Steady>{ports_.clock.steady()};
}

asio::awaitable<Result<void>> Reconciler::publish(const decide::World& world, const decide::Decision& decision, Memory& memory,
                                                  Term term) {
  const api::Deployment& deployment = world.deployment;
  co_await publisher_.facts(deployment, decision.facts, memory, term);
  if (const auto outcome = outcome_to_tell(memory)) ports_.telemetry.rollback_finished(*outcome);
  const auto rollback = co_await publisher_.rollback(memory, term);
  auto request = Result<void>{};
  if (decision.request) request = co_await publisher_.request(*world.request, *decision.request, term);
  const auto guard = co_await publisher_.guard(deployment, memory, term);
  if (!rollback) co_return rollback;
  if (!request) co_return request;
  if (!guard) co_return guard;
  if (memory.records_changed) {
    const auto tidied = co_await executor_.tidy_records(records_of(deployment, stores_), memory, term);
    if (!tidied) co_return tidied;
  }
  if (memory.kept_changed) co_return co_await executor_.tidy_kept(deployment, memory, term);
  co_return Result<void>{};
}

std::shared_ptr<Memory> Reconciler::remember(const api::Deployment& deployment) {
  std::shared_ptr<Memory>& memory = memories_[deployment.meta.key];
  if (!memory || memory->deployment_uid != deployment.meta.uid || memory->is_stranger)
    memory = std::make_shared<Memory>(recall(deployment, stores_, ports_.clock.now()));
  return memory;
}

void Reconciler::deliver(const Key& key, const Uid& uid, const std::string& check, std::optional<InboxSample> sample) {
  const auto memory = memories_.find(key);
  if (memory == memories_.end() || memory->second->deployment_uid != uid) return;
  if (!sample) {
    memory->second->asking[check] = false;
    return;
  }
  memory->second->inbox.push_back(std::move(*sample));
  options_.wake(key);
}

void Reconciler::forget_all() {
  memories_.clear();
  above_.reset();
  requests_.forget_answers();
}

void Reconciler::guard_deleted(const Key& key, const Uid& uid) {
  const auto memory = memories_.find(key);
  if (memory == memories_.end() || memory->second->guard_uid != uid) return;
  memories_.erase(memory);
  options_.wake(key);
}

void Reconciler::freeze_removed(const Key& key, const Uid& uid) {
  const auto memory = memories_.find(key);
  if (memory == memories_.end() || memory->second->guard_uid != uid) return;
  memory->second->guard.freeze.reset();
  memory->second->written.freeze.reset();
  options_.wake(key);
}

void Reconciler::rollback_seen(const api::Rollback& rollback) {
  requests_.note(rollback);
  const Key key{.namespace_ = rollback.meta.key.namespace_, .name = rollback.spec.deployment};
  const auto memory = memories_.find(key);
  const bool is_known =
      memory != memories_.end() && memory->second->rollback && memory->second->rollback->meta.uid == rollback.meta.uid;
  if (is_known) memory->second->rollback->spec.approved = rollback.spec.approved;
  if (memory != memories_.end() && api::finished(rollback.status.phase)) memory->second->records_changed = true;
  options_.wake(key);
}

void Reconciler::rollback_deleted(const api::Rollback& rollback) {
  const Key key{.namespace_ = rollback.meta.key.namespace_, .name = rollback.spec.deployment};
  const auto memory = memories_.find(key);
  if (memory == memories_.end()) return;
  call_off_deleted(*memory->second, rollback, ports_.clock.now());
  options_.wake(key);
}

void Reconciler::wake_group(const Key& key, const std::string& group) {
  for (const decide::GroupMember& member : others_of_group(key, group, memories_, stores_))
    options_.wake({.namespace_ = key.namespace_, .name = member.deployment});
}

std::int64_t Reconciler::guarded_by(const std::string& namespace_, const std::string& policy) const {
  std::int64_t count = 0;
  for (const auto& [key, memory] : memories_) {
    if (key.namespace_ == namespace_ && memory->guard.policy == policy) ++count;
  }
  return count;
}

std::size_t Reconciler::guarded() const {
  std::size_t count = 0;
  for (const auto& [key, memory] : memories_) count += memory->guard.policy.empty() ? 0 : 1;
  return count;
}

}  // namespace lastgood::run
