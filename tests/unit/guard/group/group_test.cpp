// Which members a group rollback has, in which order, and what cancels the Rollback of a member.
#include "guard/group/group.hpp"

#include <catch2/catch.hpp>

#include "support/mentions.hpp"
#include "unit/guard/gates/golden.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;
using api::RollbackPhase;
using Names = std::vector<std::string>;

namespace {

struct MembersRow {
  const char* name;
  void (*given)(Inputs&);
  Names members;  // empty: no group rollback
};

const std::vector<MembersRow> member_rows = {
    {"the Deployment is in no group", [](Inputs& in) { in.group.clear(); }, {}},
    {"the Deployment has no release",
     [](Inputs& in) {
       in.group = {member("api")};
       in.guard.evaluation_started.reset();
     },
     {}},
    {"one other member, which was released together with this Deployment",
     [](Inputs& in) { in.group = {member("api")}; },
     {"api", "web"}},
    {"three members, sorted by their group order",
     [](Inputs& in) {
       in.policy.group_order = 5;
       in.group = {member("db", 10), member("api", -1)};
     },
     {"api", "web", "db"}},
    {"three members with the same group order, sorted by name",
     [](Inputs& in) { in.group = {member("zoo"), member("api")}; },
     {"api", "web", "zoo"}},
    {"a member that was good before this release is not included",
     [](Inputs& in) {
       in.group = {member("api"), member("db")};
       in.group[1].guard.current->verdict = api::RevisionVerdict::Good;
       in.group[1].guard.current->since = noon - 1s;
     },
     {"api", "web"}},
    {"a member that cannot be rolled back is included",
     [](Inputs& in) {
       in.group = {member("api")};
       in.group[0].blocked_because = "it is frozen (Contested)";
     },
     {"api", "web"}},
};

}  // namespace

TEST_CASE("includes the members that were released together, in the order of the rollback") {
  for (const MembersRow& row : member_rows) {
    CAPTURE(row.name);
    Inputs inputs = breached_inputs();
    inputs.policy.group = "shop";
    row.given(inputs);
    const auto rollback = plan_group_rollback(inputs, inputs.guard);
    CHECK((rollback ? rollback->members : Names{}) == row.members);
    if (rollback) CHECK(rollback->name == "shop");
  }
}

TEST_CASE("cancels the Rollback of a member when the group rollback ends before any change") {
  Inputs inputs = member_inputs();
  const Plan started = guard::decide(inputs, moment);
  inputs.rollback = std::get<StartRollback>(started.action).record;
  inputs.guard = started.guard;
  inputs.group[0].rollback->status.phase = RollbackPhase::Superseded;
  const Plan cancelled = guard::decide(inputs, moment);
  CHECK(std::holds_alternative<std::monostate>(cancelled.action));
  REQUIRE(cancelled.rollback.has_value());
  CHECK(cancelled.rollback->phase == RollbackPhase::Superseded);
  CHECK(cancelled.guard.state == api::State::Evaluating);
  CHECK(cancelled.requeue_at == moment);
  inputs.group[0].rollback->status.template_restored = moment;
  CHECK(std::holds_alternative<ResumeRollback>(guard::decide(inputs, moment).action));
}

TEST_CASE("cancels the Rollback of a member that left the group, also after a restoration") {
  Inputs inputs = member_inputs();
  const api::Rollback follows = member_rollback("api-2-9f", RollbackPhase::Pending);
  CHECK(why_cancelled_with_group(inputs, follows).empty());
  inputs.group[0].rollback->status.template_restored = moment;
  CHECK(why_cancelled_with_group(inputs, follows).empty());
  inputs.policy.group.clear();
  CHECK_THAT(why_cancelled_with_group(inputs, follows), mentions({"shop", "api-2-9f"}));
  CHECK(why_cancelled_with_group(inputs, *inputs.group[0].rollback).empty());
}

TEST_CASE("starts a group rollback at a breach, but only records it when another member is first") {
  Inputs inputs = breached_inputs();
  inputs.policy.group = "shop";
  inputs.group = {member("api")};
  const Plan as_second_member = guard::decide(inputs, moment);
  CHECK(std::get<StartRollback>(as_second_member.action).record.spec.group->members ==
        Names{"api", "web"});
  CHECK_FALSE(std::get<StartRollback>(as_second_member.action).execute);
  inputs.group[0].order = 1;
  const Plan as_first_member = guard::decide(inputs, moment);
  CHECK(std::get<StartRollback>(as_first_member.action).record.spec.group->members ==
        Names{"web", "api"});
  CHECK(std::get<StartRollback>(as_first_member.action).execute);
}
