#include "unit/guard/group/group_harness.hpp"

#include <algorithm>

#include "rollback/record.hpp"

namespace lastgood::guard::test {

using api::RollbackPhase;

namespace {

constexpr std::array member_names{"db", "api", "web"};

std::size_t index_of(const std::string& name) {
  return static_cast<std::size_t>(std::ranges::find(member_names, name) - member_names.begin());
}

DeploymentHarness make_member(std::size_t member) {
  DeploymentHarness harness;
  harness.deployment.meta.key.name = member_names[member];
  harness.deployment.meta.uid = Uid(std::string(member_names[member]) + "-uid");
  harness.policy.group = "shop";
  harness.policy.group_order = static_cast<int>(member);
  harness.policy.spec.bake_time = 1min;
  harness.policy.spec.verify_for = 30s;
  harness.policy.spec.cooldown = 0s;
  harness.policy.spec.limit.count = 20;
  harness.ship("v1").roll_out();
  return harness;
}

}  // namespace

GroupHarness::GroupHarness() : members{make_member(0), make_member(1), make_member(2)} {
  for (int i = 0; i < 3; ++i) reconcile(0, Checks::NotMeasured);
}

void GroupHarness::ship(std::size_t member, bool is_good) {
  const std::string name = "v" + std::to_string(++shipped_);
  if (!is_good) bad_templates.insert(name);
  members[member].ship(name);
  user_actions[member].shipped = members[member].now;
  user_actions[member].runs_users_template = true;
  user_actions[member].good.reset();
  reconcile_one(member, Checks::NotMeasured);
}

void GroupHarness::leave_group(std::size_t member) {
  members[member].policy.group.clear();
  user_actions[member].left_group = members[member].now;
}

void GroupHarness::join_group(std::size_t member) {
  if (!is_in_group(member)) is_known_as_member_[member] = false;
  members[member].policy.group = "shop";
}

void GroupHarness::unblock_all() {
  for (std::size_t member = 0; member < group_size; ++member) {
    DeploymentHarness& harness = members[member];
    join_group(member);
    harness.unsuspend();
    if (harness.deployment.paused) harness.unpause();
    harness.policy.spec.mode = api::Mode::Enforce;
    harness.preflight->ready = api::ConditionStatus::True;
    harness.breaker = {};
    harness.can_record = true;
    harness.writes_allowed = 100;
  }
  for (DeploymentHarness& harness : members) harness.approve();
}

void GroupHarness::restart() {
  is_known_as_member_ = {};
  for (DeploymentHarness& harness : members) harness.restart();
}

std::vector<GroupMember> GroupHarness::other_members(std::size_t member) const {
  std::vector<GroupMember> found;
  for (std::size_t other = 0; is_in_group(member) && other < group_size; ++other) {
    if (other == member || !is_in_group(other)) continue;
    const DeploymentHarness& harness = members[other];
    GroupMember out{.deployment = member_names[other],
                    .blocked_because = "it is not reconciled yet"};
    if (is_known_as_member_[other]) {
      out.order = harness.policy.group_order;
      out.guard = harness.guard;
      out.rollback = harness.rollback;
      out.blocked_because = harness.last_plan.blocked_because;
      out.mode = harness.policy.spec.mode;
      out.is_patched =
          harness.rollback && rollback::is_patched_by(harness.deployment, *harness.rollback);
    }
    found.push_back(std::move(out));
  }
  return found;
}

void GroupHarness::reconcile_one(std::size_t member, Checks checks) {
  DeploymentHarness& harness = members[member];
  harness.group = other_members(member);
  harness.initiator.reset();
  for (const DeploymentHarness& other : members) {
    const auto followed = harness.rollback
                              ? other.stored_rollbacks.find(harness.rollback->spec.caused_by)
                              : other.stored_rollbacks.end();
    if (followed != other.stored_rollbacks.end()) harness.initiator = followed->second;
  }
  Measurements measurements;
  if (checks == Checks::Measured) {
    const bool is_bad = bad_templates.contains(harness.deployed_template());
    measurements = {pass("rollout"), is_bad ? fails("health") : pass("health")};
  }
  const int changes = harness.restorations;
  const int good = harness.emitted(Reason::ReleaseGood);
  harness.reconcile(std::move(measurements));
  is_known_as_member_[member] = true;
  if (harness.emitted(Reason::ReleaseGood) > good) user_actions[member].good = harness.now;
  record_group_rollback(member);
  if (harness.restorations > changes) record_restoration(member);
}

void GroupHarness::record_group_rollback(std::size_t member) {
  const DeploymentHarness& harness = members[member];
  const auto* start = std::get_if<StartRollback>(&harness.last_plan.action);
  if (!start || !start->record.spec.group || find_group_rollback(start->record.meta.key.name))
    return;
  GroupRollbackRecord record{.initiator = member,
                             .name = start->record.meta.key.name,
                             .at = harness.now,
                             .released = start->record.spec.released.value_or(harness.now)};
  for (const std::string& name : start->record.spec.group->members)
    record.members.push_back(index_of(name));
  if (harness.can_record) group_rollbacks.push_back(record);
  on_group_rollback(record);
}

void GroupHarness::record_restoration(std::size_t member) {
  const api::Rollback& rollback = *members[member].rollback;
  const bool is_initiator = rollback.spec.group.has_value();
  Restoration restoration{
      .member = member,
      .rollback = rollback,
      .group_rollback = is_initiator ? rollback.meta.key.name : rollback.spec.caused_by,
      .at = members[member].now};
  on_restoration(restoration);
  user_actions[member].runs_users_template = false;
  restorations.push_back(std::move(restoration));
}

void GroupHarness::reconcile(std::size_t first, Checks checks) {
  for (std::size_t i = 0; i < group_size; ++i) reconcile_one((first + i) % group_size, checks);
}

void GroupHarness::pass_time(Duration time, std::size_t first, Checks checks) {
  for (DeploymentHarness& harness : members) harness.pass_time(time);
  reconcile(first, checks);
}

void GroupHarness::settle(std::size_t first) {
  constexpr int rounds = 40;
  for (int i = 0; i < rounds; ++i) {
    pass_time(10s, first, Checks::Measured);
    for (DeploymentHarness& harness : members) harness.roll_out();
  }
}

const GroupRollbackRecord* GroupHarness::find_group_rollback(const std::string& name) const {
  const auto found = std::ranges::find(group_rollbacks, name, &GroupRollbackRecord::name);
  return found == group_rollbacks.end() ? nullptr : &*found;
}

bool GroupHarness::can_roll_back(std::size_t member) const {
  const DeploymentHarness& harness = members[member];
  return !harness.policy.spec.suspend && !harness.deployment.paused &&
         harness.policy.spec.mode != api::Mode::Observe &&
         harness.preflight->ready == api::ConditionStatus::True &&
         harness.guard.state != api::State::Frozen;
}

bool GroupHarness::has_newer_choice(std::size_t member, Time since) const {
  return user_actions[member].shipped >= since || user_actions[member].left_group >= since;
}

namespace {

struct StepType {
  const char* name;
  int weight;  // how often it is chosen, relative to the other types
  void (*run)(GroupHarness&, std::size_t member, int argument);
};

// `member` gets a bad release, and the members after it get good ones, except:
//   argument 1, 2  the release of the first or second member after it is bad too
//   argument 4     the second member after it is not released
void release_together(GroupHarness& group, std::size_t member, int argument) {
  const std::size_t count = argument == 4 ? 2 : group_size;
  for (std::size_t i = 0; i < count; ++i)
    group.ship((member + i) % group_size, i != 0 && argument != static_cast<int>(i));
  for (DeploymentHarness& harness : group.members) harness.roll_out();
  group.pass_time(10s, member, Checks::Measured);
}

void measure(GroupHarness& group, std::size_t member, int argument) {
  for (int i = 0; i <= argument; ++i) group.pass_time(10s, member, Checks::Measured);
}

void roll_out_and_measure(GroupHarness& group, std::size_t member, int argument) {
  for (int i = 0; i <= argument; ++i) {
    for (DeploymentHarness& harness : group.members) harness.roll_out();
    group.pass_time(10s, member, Checks::Measured);
  }
}

// Good releases become good, and restored revisions are verified.
void bake(GroupHarness& group, std::size_t member, int) {
  roll_out_and_measure(group, member, 0);
  for (int i = 0; i < 2; ++i) group.pass_time(1min, member, Checks::Measured);
}

void change_health(GroupHarness& group, std::size_t member, int argument) {
  if (argument < 3) {
    group.bad_templates.erase(group.members[member].deployed_template());
  } else {
    group.bad_templates.insert(group.members[member].deployed_template());
  }
}

const std::vector<StepType> step_types = {
    {"release together", 8, release_together},
    {"release", 6,
     [](GroupHarness& group, std::size_t member, int argument) {
       group.ship(member, argument < 3);
     }},
    {"roll out", 3,
     [](GroupHarness& group, std::size_t member, int) { group.members[member].roll_out(); }},
    {"measure", 8, measure},
    {"roll out and measure", 6, roll_out_and_measure},
    {"pass a second", 6,
     [](GroupHarness& group, std::size_t member, int) {
       group.pass_time(1s, member, Checks::NotMeasured);
     }},
    {"bake", 6, bake},
    {"change health", 2, change_health},
    {"suspend", 2,
     [](GroupHarness& group, std::size_t member, int argument) {
       group.members[member].set_suspended(argument < 2);
     }},
    {"pause", 1,
     [](GroupHarness& group, std::size_t member, int argument) {
       group.members[member].set_paused(argument < 2);
     }},
    {"mode", 2,
     [](GroupHarness& group, std::size_t member, int argument) {
       group.members[member].policy.spec.mode = argument < 2   ? api::Mode::Approve
                                                : argument < 3 ? api::Mode::Observe
                                                               : api::Mode::Enforce;
     }},
    {"approve", 2,
     [](GroupHarness& group, std::size_t member, int) { group.members[member].approve(); }},
    {"preflight", 2,
     [](GroupHarness& group, std::size_t member, int argument) {
       group.members[member].preflight->ready =
           argument < 2 ? api::ConditionStatus::False : api::ConditionStatus::True;
     }},
    {"order", 2,
     [](GroupHarness& group, std::size_t member, int argument) {
       group.members[member].policy.group_order = argument - 2;
     }},
    {"leave group", 1,
     [](GroupHarness& group, std::size_t member, int) { group.leave_group(member); }},
    {"join group", 2,
     [](GroupHarness& group, std::size_t member, int) { group.join_group(member); }},
    {"breaker", 1,
     [](GroupHarness& group, std::size_t, int argument) {
       for (DeploymentHarness& harness : group.members)
         harness.breaker = {.is_open = argument < 2, .message = "many"};
     }},
    {"restart", 2, [](GroupHarness& group, std::size_t, int) { group.restart(); }},
    {"cannot record", 1,
     [](GroupHarness& group, std::size_t member, int argument) {
       group.members[member].can_record = argument > 1;
     }},
    {"limit writes", 1,
     [](GroupHarness& group, std::size_t member, int argument) {
       group.members[member].writes_allowed = argument;
     }},
};

}  // namespace

void showValue(const GroupStep& step, std::ostream& out) {
  out << step_types[static_cast<std::size_t>(step.type)].name << " " << member_names[step.member]
      << " " << step.argument;
}

rc::Gen<std::vector<GroupHistory>> group_histories() {
  std::vector<int> weighted;
  for (std::size_t i = 0; i < step_types.size(); ++i)
    weighted.insert(weighted.end(), static_cast<std::size_t>(step_types[i].weight),
                    static_cast<int>(i));
  const auto step = rc::gen::map(
      rc::gen::tuple(rc::gen::elementOf(weighted), rc::gen::inRange<std::size_t>(0, group_size),
                     rc::gen::inRange(0, 5)),
      [](const auto& parts) {
        return GroupStep{.type = std::get<0>(parts),
                         .member = std::get<1>(parts),
                         .argument = std::get<2>(parts)};
      });
  return rc::gen::container<std::vector<GroupHistory>>(
      4, rc::gen::scale(0.4, rc::gen::container<GroupHistory>(step)));
}

void run_history(GroupHarness& group, const GroupHistory& history) {
  for (const GroupStep& step : history) {
    step_types[static_cast<std::size_t>(step.type)].run(group, step.member, step.argument);
    group.reconcile(step.member, Checks::NotMeasured);
  }
}

}  // namespace lastgood::guard::test
