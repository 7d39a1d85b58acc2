#include "shell/reconciler.hpp"

#include "base/log.hpp"
#include "guard/drill.hpp"
#include "guard/decide.hpp"
#include "guard/preflight.hpp"
#include "rollback/record.hpp"
#include "guard/gates/request_gates.hpp"
#include "guard/target.hpp"
#include "guard/fleet.hpp"
#include "guard/state.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;

Reconciler::Reconciler(Ports ports, const kube::Stores& stores, const runtime::Leadership& leadership, runtime::TaskGroup& tasks, Options options)
    : ports_(ports),
      stores_(stores),
      leadership_(leadership),
      options_(std::move(options)),
      gateway_(ports.kube, leadership),
      observer_(gateway_, ports.clock, stores),
      sampler_(tasks, observer_, ports.prober, ports.clock, ports.telemetry,
               [this](const Key& key, const Uid& uid, const std::string& check, std::optional<guard::InboxSample> sample) {
                 deliver(key, uid, check, std::move(sample));
               }),
      preflighter_(gateway_, ports.clock, options_.read_secrets),
      executor_(gateway_, preflighter_, ports.clock, ports.telemetry),
      publisher_(gateway_, ports.clock, options_.identity) {}

asio::awaitable<Result<std::optional<Steady>>> Reconciler::reconcile(Key key) {
  const runtime::Term term = leadership_.term();
  const Seen deployment = stores_.deployments.find(key);
  if (!deployment) {
    memories_.erase(key);
    co_return co_await refuse_request(key, false, term);
  }
  // Held on to: a guard that is deleted meanwhile takes it out of the map.
  const std::shared_ptr<guard::Memory> memory = remember(*deployment);
  co_return co_await look(deployment, memory, term);
}

asio::awaitable<Result<std::optional<Steady>>> Reconciler::look(Seen deployment, std::shared_ptr<guard::Memory> memory, runtime::Term term) {
  const Steady began = ports_.clock.steady();
  auto world = co_await gather(deployment, *memory, term);
  if (!world) co_return std::unexpected(world.error());
  if (guard::is_stranger(world->guarding, *memory)) {
    memories_.erase(deployment->meta.key);
    if (auto shown = guard::stranger_of_group(*deployment, world->guarding.group))
      memories_[deployment->meta.key] = std::make_shared<guard::Memory>(std::move(*shown));
    co_return co_await refuse_request(deployment->meta.key, true, term);
  }
  guard::Decision decision = guard::decide(*world, ports_.clock.now());
  if (decision.guard.state != memory->guard.state) {
    ports_.telemetry.state_entered(api::to_string(decision.guard.state), decision.guard.reason);
  }
  const bool is_news = guard::changes_for_group(*memory, world->guarding, decision);
  memory->guard = decision.guard;
  guard::show_to_group(*memory, world->guarding, decision);
  if (decision.rollback) memory->rollback->status = *decision.rollback;
  // The act comes first: what people read can wait the few milliseconds that users of a bad release cannot.
  const auto acted = co_await executor_.carry_out(decision.act, world->guarding, *deployment, *memory, term);
  if (!acted) guard::take_back(decision, *world, *memory);
  if (auto fact = guard::drill_to_tell(world->guard, memory->guard)) decision.facts.push_back(std::move(*fact));
  const auto published = co_await publish(*world, decision, *memory, term);
  if (acted && published && guard::answers_request(*world, decision)) requests_.answered(world->request->meta.uid);
  if (is_news) wake_group(deployment->meta.key, memory->group);
  ports_.telemetry.reconciled(ports_.clock.steady() - began);
  if (!acted) co_return std::unexpected(acted.error());
  if (!published) co_return std::unexpected(published.error());
  co_return guard::next_look(*memory, world->guarding, decision.wake, ports_.clock.now(), ports_.clock.steady());
}

asio::awaitable<Result<guard::World>> Reconciler::gather(Seen deployment, guard::Memory& memory, runtime::Term term) {
  guard::World world{.deployment = *deployment};
  world.guarding = co_await observer_.guarding(*deployment, memory.config_map);
  const guard::Needs needs = guard::needs(*deployment, world.guarding, memory.guard, memory.rollback);
  if (needs.replica_sets) {
    auto sight = co_await observer_.template_sight(*deployment);
    if (!sight) co_return std::unexpected(sight.error());
    guard::take_sight(world, std::move(*sight));
  }
  std::vector<std::string> due = guard::take_due(memory, needs, world.guarding.spec, ports_.clock.steady());
  if (!due.empty()) {
    const auto other = guard::choose_target(memory.guard).revision;
    sampler_.start({.deployment = deployment,
                    .revision = *memory.guard.current,
                    .spec = world.guarding.spec,
                    .rolled_out = memory.guard.rolled_out,
                    .due = std::move(due),
                    .other = other,
                    .other_name = other ? rollback::name_of(*deployment, *other) : ""});
  }
  world.guard = memory.guard;
  world.request = requests_.oldest(deployment->meta.key, stores_);
  world.rollback = memory.rollback;
  world.preflight = memory.preflight;
  world.group = guard::others_of_group(deployment->meta.key, world.guarding.group, memories_, stores_);
  if (guard::is_preflight_due(world, ports_.clock.now())) {
    memory.preflight = co_await preflighter_.check(*deployment, *guard::wanted_target(world, world.guard), term);
    guard::take_preflight(memory);
    world.preflight = memory.preflight;
  }
  // Once more: while something was read, a person may have said something.
  world.guard = memory.guard;
  world.samples = guard::take_samples(memory, world.guarding.spec);
  world.rollback = memory.rollback;
  look_around(*deployment, world);
  co_return world;
}

void Reconciler::look_around(const api::Deployment& deployment, guard::World& world) {
  world.group = guard::others_of_group(deployment.meta.key, world.guarding.group, memories_, stores_);
  world.call = guard::call_followed_by(world.rollback, stores_);
  if (!guard::may_be_put_back(world.guard, world.samples)) return;
  const Time now = ports_.clock.now();
  const guard::Closing closing = options_.breaker_closed();
  const guard::Fleet fleet = guard::count_fleet(memories_, stores_, options_.breaker, closing, now);
  above_ = guard::last_above(options_.breaker, fleet, closing, above_, now);
  world.breaker = guard::judge_fleet(options_.breaker, fleet, closing, above_, now);
}

asio::awaitable<Result<std::optional<Steady>>> Reconciler::refuse_request(Key key, bool exists, runtime::Term term) {
  const auto request = requests_.oldest(key, stores_);
  if (!request) co_return std::optional<Steady>{};
  if (const auto wait = guard::still_to_wait(*request, ports_.clock.now())) co_return std::optional(ports_.clock.steady() + *wait);
  const auto written =
      co_await publisher_.request(*request, guard::refuse_unguarded(*request, exists, ports_.clock.now()), term);
  if (!written) co_return std::unexpected(written.error());
  requests_.answered(request->meta.uid);
  // There may be another.
  co_return std::optional<Steady>{ports_.clock.steady()};
}

asio::awaitable<Result<void>> Reconciler::publish(const guard::World& world, const guard::Decision& decision, guard::Memory& memory,
                                                  runtime::Term term) {
  const api::Deployment& deployment = world.deployment;
  co_await publisher_.facts(deployment, decision.facts, memory, term);
  if (const auto outcome = guard::outcome_to_tell(memory)) ports_.telemetry.rollback_finished(*outcome);
  const auto rollback = co_await publisher_.rollback(memory, term);
  auto request = Result<void>{};
  if (decision.request) request = co_await publisher_.request(*world.request, *decision.request, term);
  const auto guard = co_await publisher_.guard(deployment, memory, term);
  if (!rollback) co_return rollback;
  if (!request) co_return request;
  if (!guard) co_return guard;
  if (memory.records_changed) {
    const auto tidied = co_await executor_.tidy_records(guard::records_of(deployment, stores_), memory, term);
    if (!tidied) co_return tidied;
  }
  if (memory.kept_changed) co_return co_await executor_.tidy_kept(deployment, memory, term);
  co_return Result<void>{};
}

std::shared_ptr<guard::Memory> Reconciler::remember(const api::Deployment& deployment) {
  std::shared_ptr<guard::Memory>& memory = memories_[deployment.meta.key];
  if (!memory || memory->deployment_uid != deployment.meta.uid || memory->is_stranger)
    memory = std::make_shared<guard::Memory>(guard::recall(deployment, stores_, ports_.clock.now()));
  return memory;
}

void Reconciler::deliver(const Key& key, const Uid& uid, const std::string& check, std::optional<guard::InboxSample> sample) {
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
  guard::call_off_deleted(*memory->second, rollback, ports_.clock.now());
  options_.wake(key);
}

void Reconciler::wake_group(const Key& key, const std::string& group) {
  for (const guard::GroupMember& member : guard::others_of_group(key, group, memories_, stores_))
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

}  // namespace lastgood::shell
