// Rows of the gates of a pending group rollback: the order, the initiator, and the other members.
// The group rollback includes a member if the initiator's Rollback lists the member.
#include "unit/guard/gates/golden.hpp"

namespace lastgood::guard::test {

namespace {

using api::RevisionVerdict;
using api::RollbackPhase;

const ExpectedHold waits_for_first_member{.reason = Reason::GroupOrder,
                                          .mentions = {"shop", "api", "Evaluating"},
                                          .until = 1s,
                                          .blocked_by = "api"};
const ExpectedHold waits_for_initiator{.reason = Reason::GroupOrder,
                                       .mentions = {"shop", "api", "RollingBack"},
                                       .until = 1s,
                                       .blocked_by = "api"};

// "web" initiates a group rollback. `order`: its members, in the order of the rollback.
void start_group_rollback(Inputs& inputs, std::vector<std::string> order) {
  inputs.policy.group = "shop";
  inputs.rollback->spec.group = api::GroupRollback{.name = "shop", .members = std::move(order)};
  inputs.group = {member("api")};
}

// "web" initiates a group rollback, and "api" is its first member. The Rollback of "api" has the
// phase `phase` and follows the Rollback `initiated_by`.
void add_first_member(Inputs& inputs, RollbackPhase phase,
                      const char* initiated_by = "web-2-1b4e") {
  start_group_rollback(inputs, {"api", "web"});
  inputs.group[0].rollback = api::Rollback{};
  inputs.group[0].rollback->spec.caused_by = initiated_by;
  inputs.group[0].rollback->status.phase = phase;
}

// "web" and "api" follow a Rollback that no longer exists. `order`: the group order of "api".
void delete_initiator(Inputs& inputs, int order) {
  add_first_member(inputs, RollbackPhase::Pending, "db-2-77aa");
  inputs.rollback->spec.group.reset();
  inputs.rollback->spec.check.clear();
  inputs.rollback->spec.caused_by = "db-2-77aa";
  inputs.group[0].order = order;
  // A third member has been rolled back already.
  inputs.group.push_back(member("store", 1));
  inputs.group[1].rollback = inputs.group[0].rollback;
  inputs.group[1].rollback->status.phase = RollbackPhase::Verifying;
  inputs.group[1].rollback->status.template_restored = moment;
}

// "web" follows the group rollback of "api", whose Rollback has the phase `phase`.
void add_initiator(Inputs& inputs, RollbackPhase phase) {
  inputs.policy.group = "shop";
  inputs.rollback->spec.check.clear();
  inputs.rollback->spec.caused_by = "api-2-9f";
  inputs.group = {initiator("api", {"api", "web"})};
  inputs.group[0].rollback->status.phase = phase;
}

std::vector<GateRow> order_rows() {
  return {
      {"GroupOrder", "this Deployment is the initiator but not the first member",
       [](Inputs& in) { start_group_rollback(in, {"api", "web"}); }, waits_for_first_member},
      {"GroupOrder", "the first member is restored but not rolled out",
       [](Inputs& in) { add_first_member(in, RollbackPhase::Restored); }, waits_for_first_member},
      {"GroupOrder", "the first member has finished another group rollback",
       [](Inputs& in) { add_first_member(in, RollbackPhase::Succeeded, "web-1-1b4e"); },
       waits_for_first_member},
      {"GroupOrder", "this Deployment follows an initiator that is the first member",
       [](Inputs& in) { add_initiator(in, RollbackPhase::TemplateRestored); }, waits_for_initiator},
      {"GroupOrder", "the restored revision of the first member is rolled out",
       [](Inputs& in) { add_first_member(in, RollbackPhase::Verifying); }},
      {"GroupOrder", "the rollback of the first member is superseded",
       [](Inputs& in) { add_first_member(in, RollbackPhase::Superseded); }},
      {"GroupOrder", "the restored revision of the initiator is rolled out",
       [](Inputs& in) { add_initiator(in, RollbackPhase::Verifying); }},
      {"GroupOrder", "another group rollback has restored the first member",
       [](Inputs& in) {
         add_first_member(in, RollbackPhase::Succeeded, "db-2-77aa");
         in.group[0].rollback->spec.to.hash = TemplateHash("api2");
         in.group[0].rollback->status.template_restored = moment;
       }},
      {"GroupOrder", "this Deployment is the initiator and the first member",
       [](Inputs& in) { start_group_rollback(in, {"web", "api"}); }},
      {"GroupOrder", "the first member has left the group",
       [](Inputs& in) {
         start_group_rollback(in, {"api", "web"});
         in.group.clear();
       }},
      {"GroupOrder", "the first member has a newer release",
       [](Inputs& in) {
         start_group_rollback(in, {"api", "web"});
         in.group[0].guard.evaluation_started = moment + 1ms;
       }},
      {"GroupOrder", "the rollback is not of a group", [](Inputs&) {}},
      {"GroupOrder", "the initiator is gone, and this Deployment is not the first member",
       [](Inputs& in) { delete_initiator(in, -1); }, waits_for_first_member},
      {"GroupOrder", "the initiator is gone, and a member before this one is not included",
       [](Inputs& in) {
         delete_initiator(in, -1);
         in.group[0].rollback->spec.caused_by = "store-2-77aa";
       }},
      {"GroupOrder", "the initiator is gone, and this Deployment is the first member",
       [](Inputs& in) { delete_initiator(in, 1); }},
      {"GroupOrder", "the first member is restored to a presumed good revision but not rolled out",
       [](Inputs& in) {
         add_first_member(in, RollbackPhase::Restored);
         in.group[0].guard.current->verdict = RevisionVerdict::PresumedGood;
       },
       waits_for_first_member},
      {"GroupOrder", "the first member was deleted and created again",
       [](Inputs& in) {
         start_group_rollback(in, {"api", "web"});
         in.group[0].guard.current->verdict = RevisionVerdict::PresumedGood;
       }},
  };
}

const ExpectedHold not_reconciled{
    .reason = Reason::GroupBlocked, .mentions = {"shop", "api"}, .until = 1s, .blocked_by = "api"};
const ExpectedHold member_blocked{.reason = Reason::GroupBlocked,
                                  .mentions = {"shop", "api", "it is frozen (Contested)"},
                                  .until = 5s,
                                  .blocked_by = "api"};

// The controller has restarted and has not reconciled "api" yet.
void forget_member(Inputs& inputs) {
  inputs.initiator = inputs.group[0].rollback;
  inputs.group[0] = GroupMember{.deployment = "api"};
}

const ExpectedHold initiator_held{.reason = Reason::GroupBlocked,
                                  .mentions = {"shop", "api-2-9f", "api is Held (SharedCause)"},
                                  .until = 1s,
                                  .blocked_by = "api"};

std::vector<GateRow> initiator_rows() {
  return {
      {"InitiatorHeld", "the initiator is held",
       [](Inputs& in) {
         add_initiator(in, RollbackPhase::Pending);
         in.group[0].guard.state = api::State::Held;
         in.group[0].guard.reason = Reason::SharedCause;
       },
       initiator_held},
      {"InitiatorHeld",
       "a member that was released later is not included",
       [](Inputs& in) {
         add_initiator(in, RollbackPhase::Pending);
         in.group.push_back(member("db"));
       },
       {{.reason = Reason::GroupBlocked,
         .mentions = {"shop", "api-2-9f", "db"},
         .until = 1s,
         .blocked_by = "db"}}},
      {"InitiatorHeld",
       "the initiator has left the group",
       [](Inputs& in) {
         add_initiator(in, RollbackPhase::Pending);
         in.initiator = in.group[0].rollback;
         in.group.clear();
       },
       {{.reason = Reason::GroupBlocked,
         .mentions = {"shop", "api-2-9f", "no longer in the group"},
         .until = 1s}}},
      {"InitiatorHeld", "the initiator has started",
       [](Inputs& in) { add_initiator(in, RollbackPhase::Pending); }},
      {"InitiatorHeld", "the initiator has started, and another member has a Rollback too",
       [](Inputs& in) {
         add_initiator(in, RollbackPhase::Pending);
         GroupMember other = initiator("db", {});
         other.guard.state = api::State::Idle;
         other.guard.current->verdict = RevisionVerdict::PresumedGood;
         in.group.insert(in.group.begin(), std::move(other));
       }},
      {"InitiatorHeld", "the initiator waits for its turn",
       [](Inputs& in) {
         add_initiator(in, RollbackPhase::Pending);
         in.group[0].guard.state = api::State::Held;
         in.group[0].guard.reason = Reason::GroupOrder;
       }},
      {"InitiatorHeld", "a member that is not included was good before this release",
       [](Inputs& in) {
         add_initiator(in, RollbackPhase::Pending);
         in.group.push_back(member("db"));
         in.group[1].guard.current->verdict = RevisionVerdict::PresumedGood;
       }},
      {"InitiatorHeld", "this Deployment is the initiator",
       [](Inputs& in) { start_group_rollback(in, {"web", "api"}); }},
  };
}

void block_member(Inputs& inputs) { inputs.group[0].blocked_because = "it is frozen (Contested)"; }

std::vector<GateRow> member_rows() {
  return {
      {"GroupKnown", "the initiator has not been reconciled yet",
       [](Inputs& in) {
         add_initiator(in, RollbackPhase::Verifying);
         forget_member(in);
       },
       not_reconciled},
      {"GroupKnown", "a member has not been reconciled yet",
       [](Inputs& in) {
         add_first_member(in, RollbackPhase::Verifying);
         forget_member(in);
       },
       not_reconciled},
      {"GroupKnown", "all members have been reconciled",
       [](Inputs& in) { add_first_member(in, RollbackPhase::Verifying); }},
      {"GroupKnown", "the rollback is not of a group",
       [](Inputs& in) {
         add_first_member(in, RollbackPhase::Verifying);
         forget_member(in);
         in.rollback->spec.group.reset();
       }},
      {"GroupMembersReady", "a member of this group rollback cannot be rolled back",
       [](Inputs& in) {
         start_group_rollback(in, {"web", "api"});
         block_member(in);
       },
       member_blocked},
      {"GroupMembersReady", "the initiator cannot be rolled back",
       [](Inputs& in) {
         add_initiator(in, RollbackPhase::Pending);
         block_member(in);
       },
       member_blocked},
      {"GroupMembersReady",
       "a member no longer has a policy",
       [](Inputs& in) {
         start_group_rollback(in, {"web", "api"});
         in.group[0].guard.policy.clear();
       },
       {{.reason = Reason::GroupBlocked,
         .mentions = {"shop", "api"},
         .until = 5s,
         .blocked_by = "api"}}},
      {"GroupMembersReady",
       "this Deployment follows, and a member that was released later cannot be rolled back",
       [](Inputs& in) {
         add_initiator(in, RollbackPhase::Pending);
         in.group.push_back(member("db"));
         in.group[1].blocked_because = "it is frozen (Contested)";
       }},
      {"GroupMembersReady", "all members can be rolled back",
       [](Inputs& in) { start_group_rollback(in, {"web", "api"}); }},
      {"GroupMembersReady", "a member that was released later cannot be rolled back",
       [](Inputs& in) {
         start_group_rollback(in, {"web", "db"});
         block_member(in);
       },
       member_blocked},
      {"GroupMembersReady", "a member with a newer release cannot be rolled back",
       [](Inputs& in) {
         start_group_rollback(in, {"web", "api"});
         block_member(in);
         in.group[0].guard.evaluation_started = moment + 1ms;
       },
       member_blocked},
      {"GroupMembersReady",
       "a member that was released later cannot be rolled back, and the Rollback has no group",
       [](Inputs& in) {
         start_group_rollback(in, {"web"});
         in.rollback->spec.group.reset();
         block_member(in);
       },
       member_blocked},
      {"GroupMembersReady", "a member that was good before this release cannot be rolled back",
       [](Inputs& in) {
         start_group_rollback(in, {"web", "db"});
         block_member(in);
         in.group[0].guard.current->verdict = RevisionVerdict::Good;
         in.group[0].guard.current->since = noon - 1s;
       }},
      {"GroupMembersReady", "a member that was deleted and created again cannot be rolled back",
       [](Inputs& in) {
         start_group_rollback(in, {"web", "api"});
         block_member(in);
         in.group[0].guard.current->verdict = RevisionVerdict::PresumedGood;
       }},
      {"GroupMembersReady", "a member that another rollback restored cannot be rolled back",
       [](Inputs& in) {
         add_first_member(in, RollbackPhase::Succeeded, "db-2-77aa");
         block_member(in);
         in.group[0].rollback->spec.to.hash = TemplateHash("api2");
         in.group[0].rollback->status.template_restored = moment;
       }},
      {"GroupMembersReady", "the rollback is not of a group",
       [](Inputs& in) { in.group = {member("api")}; }},
      {"GroupOrder", "a user declined the rollback of the first member",
       [](Inputs& in) {
         start_group_rollback(in, {"api", "web"});
         in.group[0].guard.declined = api::Declined{.rollback = "api-2-9f", .at = moment};
       }},
      {"GroupOrder", "the first member has opted out",
       [](Inputs& in) {
         start_group_rollback(in, {"api", "web"});
         in.group[0].guard = {.deployment_uid = Uid("api-uid"), .reason = Reason::NotOptedIn};
       }},
  };
}

}  // namespace

const std::vector<GateRow>& group_resume_gate_rows() {
  static const std::vector<GateRow> rows = [] {
    std::vector<GateRow> all = order_rows();
    for (const auto& part : {initiator_rows(), member_rows()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return rows;
}

}  // namespace lastgood::guard::test
