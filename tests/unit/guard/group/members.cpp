#include "unit/guard/group/members.hpp"

namespace lastgood::guard::test {

DeploymentHarness baking_in_group(api::Mode mode) {
  DeploymentHarness harness;
  harness.policy.group = "shop";
  harness.policy.spec.mode = mode;
  harness.ship("v1").roll_out().reconcile().reconcile().pass_time(1h);
  return harness.ship("v2").reconcile().roll_out().reconcile({pass("rollout")});
}

GroupMember member(const std::string& name, int order) {
  GroupMember out{.deployment = name, .order = order};
  out.guard.deployment_uid = Uid(name + "-uid");
  out.guard.policy = "RollbackPolicy/web";
  out.guard.state = api::State::Evaluating;
  out.guard.current =
      api::Revision{.hash = TemplateHash(name + "2"), .number = 2, .since = noon + 5s};
  out.guard.evaluation_started = noon + 5s;
  return out;
}

GroupMember initiator(const std::string& name, std::vector<std::string> members) {
  GroupMember out = member(name);
  api::Rollback rollback;
  rollback.meta.key = {.namespace_ = "shop", .name = name + "-2-9f"};
  rollback.spec.deployment = name;
  rollback.spec.from = *out.guard.current;
  rollback.spec.to.hash = TemplateHash(name + "1");
  rollback.spec.check = "health";
  rollback.spec.reason = Reason::WrongStatus;
  rollback.spec.detected = noon + 29s;
  rollback.spec.group = api::GroupRollback{.name = "shop", .members = std::move(members)};
  out.guard.rollback = rollback.meta.key.name;
  out.guard.state = api::State::RollingBack;
  out.rollback = std::move(rollback);
  return out;
}

GroupMember member_released_with(const DeploymentHarness& harness, const std::string& name) {
  GroupMember out = member(name);
  out.guard.evaluation_started = out.guard.current->since = harness.now;
  return out;
}

GroupMember initiator_now(const DeploymentHarness& harness, const std::string& name,
                          std::vector<std::string> members) {
  GroupMember out = initiator(name, std::move(members));
  out.rollback->spec.detected = harness.now + 1s;
  return out;
}

api::Rollback member_rollback(const std::string& caused_by, RollbackPhase phase,
                              std::optional<Time> restored) {
  api::Rollback out;
  out.spec.caused_by = caused_by;
  out.status.phase = phase;
  out.status.template_restored = restored;
  return out;
}

}  // namespace lastgood::guard::test
