#include "run/reconciler.hpp"

#include "base/log.hpp"
#include "decide/life.hpp"
#include "run/recall.hpp"

namespace lastgood::run {

namespace asio = boost::asio;

Reconciler::Reconciler(Ports ports, const Stores& stores, const Leadership& leadership, TaskGroup& tasks, std::string identity,
                       std::function<void(const Key&)> wake)
    : ports_(ports),
      stores_(stores),
      leadership_(leadership),
      wake_(std::move(wake)),
      gateway_(ports.kube, leadership),
      observer_(gateway_, ports.clock, stores),
      sampler_(tasks, observer_, ports.prober, ports.clock, ports.telemetry,
               [this](const Key& key, const Uid& uid, const std::string& check, std::optional<InboxSample> sample) {
                 deliver(key, uid, check, std::move(sample));
               }),
      executor_(gateway_, ports.clock, ports.telemetry),
      publisher_(gateway_, ports.clock, std::move(identity)) {}

asio::awaitable<Result<std::optional<Steady>>> Reconciler::reconcile(Key key) {
  const Term term = leadership_.term();
  const Seen deployment = stores_.deployments.find(key);
  if (!deployment) {
    memories_.erase(key);
    co_return std::optional<Steady>{};
  }
  // Held on to: a guard that is deleted meanwhile takes it out of the map.
  const std::shared_ptr<Memory> memory = remember(*deployment);
  co_return co_await look(deployment, memory, term);
}

asio::awaitable<Result<std::optional<Steady>>> Reconciler::look(Seen deployment, std::shared_ptr<Memory> memory, Term term) {
  const Steady began = ports_.clock.steady();
  auto world = co_await gather(deployment, *memory);
  if (!world) co_return std::unexpected(world.error());
  if (is_stranger(world->guarding, *memory)) {
    memories_.erase(deployment->meta.key);
    co_return std::optional<Steady>{};
  }
  const decide::Decision decision = decide::decide(*world, ports_.clock.now());
  if (decision.guard.state != memory->guard.state) {
    ports_.telemetry.state_entered(api::to_string(decision.guard.state), decision.guard.reason);
  }
  memory->guard = decision.guard;
  if (decision.rollback) memory->rollback->status = *decision.rollback;
  // The act comes first: what people read can wait the few milliseconds that users of a bad release cannot.
  const auto acted = co_await executor_.carry_out(decision.act, *deployment, *memory, term);
  const auto published = co_await publish(*deployment, decision, *memory, term);
  ports_.telemetry.reconciled(ports_.clock.steady() - began);
  if (!acted) co_return std::unexpected(acted.error());
  if (!published) co_return std::unexpected(published.error());
  co_return next_look(*memory, world->guarding, decision.wake, ports_.clock.now(), ports_.clock.steady());
}

asio::awaitable<Result<decide::World>> Reconciler::gather(Seen deployment, Memory& memory) {
  decide::World world{.deployment = *deployment};
  world.guarding = co_await observer_.guarding(*deployment, memory.config_map);
  forget_changed_checks(memory, world.guarding.spec);
  const decide::Needs needs = decide::needs(*deployment, world.guarding, memory.guard, memory.rollback);
  if (needs.replica_sets) {
    auto sets = co_await observer_.replica_sets(*deployment);
    if (!sets) co_return std::unexpected(sets.error());
    world.replica_sets = std::move(*sets);
  }
  std::vector<std::string> due = take_due(memory, needs, world.guarding.spec, ports_.clock.steady());
  if (!due.empty()) {
    sampler_.start({.deployment = deployment,
                    .revision = *memory.guard.current,
                    .spec = world.guarding.spec,
                    .rolled_out = memory.guard.rolled_out,
                    .due = std::move(due)});
  }
  world.guard = memory.guard;
  world.samples = take_samples(memory, world.guarding.spec);
  world.rollback = memory.rollback;
  co_return world;
}

asio::awaitable<Result<void>> Reconciler::publish(const api::Deployment& deployment, const decide::Decision& decision,
                                                  Memory& memory, Term term) {
  co_await publisher_.facts(deployment, decision.facts, memory, term);
  if (const auto outcome = outcome_to_tell(memory)) ports_.telemetry.rollback_finished(*outcome);
  const auto rollback = co_await publisher_.rollback(memory, term);
  const auto guard = co_await publisher_.guard(deployment, memory, term);
  if (!rollback) co_return rollback;
  if (!guard) co_return guard;
  if (memory.kept_changed) co_return co_await executor_.tidy_kept(deployment, memory, term);
  co_return Result<void>{};
}

std::shared_ptr<Memory> Reconciler::remember(const api::Deployment& deployment) {
  std::shared_ptr<Memory>& memory = memories_[deployment.meta.key];
  if (!memory || memory->deployment_uid != deployment.meta.uid) memory = std::make_shared<Memory>(recall(deployment, stores_));
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
  wake_(key);
}

void Reconciler::forget_all() { memories_.clear(); }

void Reconciler::guard_deleted(const Key& key, const Uid& uid) {
  const auto memory = memories_.find(key);
  if (memory == memories_.end() || memory->second->guard_uid != uid) return;
  memories_.erase(memory);
  wake_(key);
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
