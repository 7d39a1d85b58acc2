#include "golden.hpp"

#include "rollback/record.hpp"

namespace lastgood::guard::test {

World breached_world() {
  Life life;
  life.ship("v1").roll_out().look().look().ship("v2").look().roll_out().look({pass("rollout")}).watch(20s, {fails("health")});
  life.executor = false;
  life.watch(10s, {fails("health")});
  World world = life.world();
  world.guard.state = api::State::Watching;
  world.guard.reason = "CheckFailing";
  world.guard.rollback.clear();
  return world;
}

World pending_world() {
  World world = breached_world();
  const Decision decision = decide(world, moment);
  world.guard = decision.guard;
  world.rollback = std::get<StartRollback>(decision.act).record;
  world.preflight->target = world.rollback->spec.to.kept_as;
  return world;
}

World requested_world() {
  World world = breached_world();
  world.guard.state = api::State::Idle;
  world.guard.checks.clear();
  for (api::Revision* one : {&*world.guard.current, &world.guard.revisions.front()}) {
    one->verdict = api::RevisionVerdict::Good;
    one->kept_as = "web-v2";
  }
  world.request = api::Rollback{.meta = {.key = {.namespace_ = "shop", .name = "by-hand"}}, .spec = {.deployment = "web"}};
  return world;
}

api::Rollback finished_rollback(const World& world, api::RollbackPhase phase) {
  api::Rollback out;
  out.meta.key.name = rollback::rollback_name(world.deployment);
  out.spec.deployment_uid = world.deployment.meta.uid;
  out.spec.from.hash = TemplateHash("v2");
  out.spec.check = "health";
  out.spec.detected = moment;
  out.status.phase = phase;
  if (phase == api::RollbackPhase::Failed || phase == api::RollbackPhase::Succeeded) out.status.template_restored = moment;
  return out;
}

GroupMember member(const std::string& name, int order) {
  GroupMember out{.deployment = name, .order = order};
  out.guard.deployment_uid = Uid(name + "-uid");
  out.guard.policy = "RollbackPolicy/web";
  out.guard.state = api::State::Watching;
  out.guard.current = api::Revision{.hash = TemplateHash(name + "2"), .number = 2, .since = noon + 5s};
  out.guard.watch_started = noon + 5s;
  return out;
}

GroupMember leader(const std::string& name, std::vector<std::string> members) {
  GroupMember out = member(name);
  api::Rollback rollback;
  rollback.meta.key = {.namespace_ = "shop", .name = name + "-2-9f"};
  rollback.spec.deployment = name;
  rollback.spec.from = *out.guard.current;
  rollback.spec.to.hash = TemplateHash(name + "1");
  rollback.spec.check = "health";
  rollback.spec.reason = "WrongStatus";
  rollback.spec.detected = moment - 1s;
  rollback.spec.group = api::GroupCall{.name = "shop", .members = std::move(members)};
  out.guard.rollback = rollback.meta.key.name;
  out.guard.state = api::State::RollingBack;
  out.rollback = std::move(rollback);
  return out;
}

}  // namespace lastgood::guard::test
