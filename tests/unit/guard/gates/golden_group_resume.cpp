// Rows of the gates of a pending group rollback: its turn, its initiator, and the other members.
#include "unit/guard/gates/golden.hpp"

namespace lastgood::guard::test {

namespace {

using api::RevisionVerdict;
using api::RollbackPhase;

const ExpectedHold waits_for_first{.reason = Reason::GroupOrder,
                                   .mentions = {"shop", "api", "Evaluating"},
                                   .until = 1s,
                                   .blocked_by = "api"};
const ExpectedHold waits_for_initiator{.reason = Reason::GroupOrder,
                                       .mentions = {"shop", "api", "RollingBack"},
                                       .until = 1s,
                                       .blocked_by = "api"};

// "web" initiates the group rollback of these members, in that order.
void initiate(Inputs& inputs, std::vector<std::string> order) {
  inputs.policy.group = "shop";
  inputs.rollback->spec.group = api::GroupRollback{.name = "shop", .members = std::move(order)};
  inputs.group = {member("api")};
}

// "api" follows the group rollback of `initiated_by`, and its Rollback has this phase.
void follow_member(Inputs& inputs, RollbackPhase phase, const char* initiated_by = "web-2-1b4e") {
  initiate(inputs, {"api", "web"});
  inputs.group[0].rollback = api::Rollback{};
  inputs.group[0].rollback->spec.caused_by = initiated_by;
  inputs.group[0].rollback->status.phase = phase;
}

// The initiator of "web" and "api" is gone. "api" has that order.
void lose_initiator(Inputs& inputs, int order) {
  follow_member(inputs, RollbackPhase::Pending, "db-2-77aa");
  inputs.rollback->spec.group.reset();
  inputs.rollback->spec.check.clear();
  inputs.rollback->spec.caused_by = "db-2-77aa";
  inputs.group[0].order = order;
  // One of them has been rolled back already.
  inputs.group.push_back(member("store", 1));
  inputs.group[1].rollback = inputs.group[0].rollback;
  inputs.group[1].rollback->status.phase = RollbackPhase::Verifying;
  inputs.group[1].rollback->status.template_restored = moment;
}

// "api" initiated the group rollback that "web" follows.
void follow_initiator(Inputs& inputs, RollbackPhase phase) {
  inputs.policy.group = "shop";
  inputs.rollback->spec.check.clear();
  inputs.rollback->spec.caused_by = "api-2-9f";
  inputs.group = {initiator("api", {"api", "web"})};
  inputs.group[0].rollback->status.phase = phase;
}

std::vector<GateRow> order_rows() {
  return {
      {"GroupOrder", "the initiator is not the first",
       [](Inputs& in) { initiate(in, {"api", "web"}); }, waits_for_first},
      {"GroupOrder", "the first is restored but not rolled out",
       [](Inputs& in) { follow_member(in, RollbackPhase::Restored); }, waits_for_first},
      {"GroupOrder", "the first finished an earlier rollback",
       [](Inputs& in) { follow_member(in, RollbackPhase::Succeeded, "web-1-1b4e"); },
       waits_for_first},
      {"GroupOrder", "a member is not the first",
       [](Inputs& in) { follow_initiator(in, RollbackPhase::TemplateRestored); },
       waits_for_initiator},
      {"GroupOrder", "the first is rolled out",
       [](Inputs& in) { follow_member(in, RollbackPhase::Verifying); }},
      {"GroupOrder", "the rollback of the first is superseded",
       [](Inputs& in) { follow_member(in, RollbackPhase::Superseded); }},
      {"GroupOrder", "the initiator before this member is rolled out",
       [](Inputs& in) { follow_initiator(in, RollbackPhase::Verifying); }},
      {"GroupOrder", "another group rollback has restored the first",
       [](Inputs& in) {
         follow_member(in, RollbackPhase::Succeeded, "db-2-77aa");
         in.group[0].rollback->spec.to.hash = TemplateHash("api2");
         in.group[0].rollback->status.template_restored = moment;
       }},
      {"GroupOrder", "the initiator is the first",
       [](Inputs& in) { initiate(in, {"web", "api"}); }},
      {"GroupOrder", "the first has left the group",
       [](Inputs& in) {
         initiate(in, {"api", "web"});
         in.group.clear();
       }},
      {"GroupOrder", "the first has a newer release",
       [](Inputs& in) {
         initiate(in, {"api", "web"});
         in.group[0].guard.evaluation_started = moment + 1ms;
       }},
      {"GroupOrder", "no group", [](Inputs&) {}},
      {"GroupOrder", "the initiator is gone, and another member is before this one",
       [](Inputs& in) { lose_initiator(in, -1); }, waits_for_first},
      {"GroupOrder", "the initiator is gone, and this member is the first",
       [](Inputs& in) { lose_initiator(in, 1); }},
      {"GroupOrder", "the first is restored to a presumed good revision but not rolled out",
       [](Inputs& in) {
         follow_member(in, RollbackPhase::Restored);
         in.group[0].guard.current->verdict = RevisionVerdict::PresumedGood;
       },
       waits_for_first},
      {"GroupOrder", "the first was created again",
       [](Inputs& in) {
         initiate(in, {"api", "web"});
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
         follow_initiator(in, RollbackPhase::Pending);
         in.group[0].guard.state = api::State::Held;
         in.group[0].guard.reason = Reason::SharedCause;
       },
       initiator_held},
      {"InitiatorHeld",
       "a member that was released since is not included",
       [](Inputs& in) {
         follow_initiator(in, RollbackPhase::Pending);
         in.group.push_back(member("db"));
       },
       {{.reason = Reason::GroupBlocked,
         .mentions = {"shop", "api-2-9f", "db"},
         .until = 1s,
         .blocked_by = "db"}}},
      {"InitiatorHeld",
       "the initiator has left the group",
       [](Inputs& in) {
         follow_initiator(in, RollbackPhase::Pending);
         in.initiator = in.group[0].rollback;
         in.group.clear();
       },
       {{.reason = Reason::GroupBlocked, .mentions = {"shop", "api-2-9f"}, .until = 1s}}},
      {"InitiatorHeld", "the initiator has started",
       [](Inputs& in) { follow_initiator(in, RollbackPhase::Pending); }},
      {"InitiatorHeld", "the initiator waits for its turn",
       [](Inputs& in) {
         follow_initiator(in, RollbackPhase::Pending);
         in.group[0].guard.state = api::State::Held;
         in.group[0].guard.reason = Reason::GroupOrder;
       }},
      {"InitiatorHeld", "a member that is not included was good before",
       [](Inputs& in) {
         follow_initiator(in, RollbackPhase::Pending);
         in.group.push_back(member("db"));
         in.group[1].guard.current->verdict = RevisionVerdict::PresumedGood;
       }},
      {"InitiatorHeld", "this Deployment is the initiator",
       [](Inputs& in) { initiate(in, {"web", "api"}); }},
  };
}

void block_member(Inputs& inputs) { inputs.group[0].blocked_because = "it is frozen (Contested)"; }

std::vector<GateRow> member_rows() {
  return {
      {"GroupKnown", "the initiator has not been reconciled yet",
       [](Inputs& in) {
         follow_initiator(in, RollbackPhase::Verifying);
         forget_member(in);
       },
       not_reconciled},
      {"GroupKnown", "a member has not been reconciled yet",
       [](Inputs& in) {
         follow_member(in, RollbackPhase::Verifying);
         forget_member(in);
       },
       not_reconciled},
      {"GroupKnown", "all members have been reconciled",
       [](Inputs& in) { follow_member(in, RollbackPhase::Verifying); }},
      {"GroupKnown", "no group rollback",
       [](Inputs& in) {
         follow_member(in, RollbackPhase::Verifying);
         forget_member(in);
         in.rollback->spec.group.reset();
       }},
      {"GroupMembersReady", "a member of this group rollback cannot be rolled back",
       [](Inputs& in) {
         initiate(in, {"web", "api"});
         block_member(in);
       },
       member_blocked},
      {"GroupMembersReady", "the initiator cannot be rolled back",
       [](Inputs& in) {
         follow_initiator(in, RollbackPhase::Pending);
         block_member(in);
       },
       member_blocked},
      {"GroupMembersReady", "a member has no policy any more",
       [](Inputs& in) {
         initiate(in, {"web", "api"});
         block_member(in);
         in.group[0].guard.policy.clear();
       },
       member_blocked},
      {"GroupMembersReady", "all members can be rolled back",
       [](Inputs& in) { initiate(in, {"web", "api"}); }},
      {"GroupMembersReady", "a member that was released since cannot be rolled back",
       [](Inputs& in) {
         initiate(in, {"web", "db"});
         block_member(in);
       },
       member_blocked},
      {"GroupMembersReady", "a member with a newer release cannot be rolled back",
       [](Inputs& in) {
         initiate(in, {"web", "api"});
         block_member(in);
         in.group[0].guard.evaluation_started = moment + 1ms;
       },
       member_blocked},
      {"GroupMembersReady",
       "a member that was released since cannot, and the Rollback has no group",
       [](Inputs& in) {
         initiate(in, {"web"});
         in.rollback->spec.group.reset();
         block_member(in);
       },
       member_blocked},
      {"GroupMembersReady", "a member that was good before cannot be rolled back",
       [](Inputs& in) {
         initiate(in, {"web", "db"});
         block_member(in);
         in.group[0].guard.current->verdict = RevisionVerdict::Good;
         in.group[0].guard.current->since = noon - 1s;
       }},
      {"GroupMembersReady", "a member that was created again cannot be rolled back",
       [](Inputs& in) {
         initiate(in, {"web", "api"});
         block_member(in);
         in.group[0].guard.current->verdict = RevisionVerdict::PresumedGood;
       }},
      {"GroupMembersReady", "a member that was restored by another rollback cannot",
       [](Inputs& in) {
         follow_member(in, RollbackPhase::Succeeded, "db-2-77aa");
         block_member(in);
         in.group[0].rollback->spec.to.hash = TemplateHash("api2");
         in.group[0].rollback->status.template_restored = moment;
       }},
      {"GroupMembersReady", "no group rollback", [](Inputs& in) { in.group = {member("api")}; }},
      {"GroupOrder", "a user declined the rollback of the first",
       [](Inputs& in) {
         initiate(in, {"api", "web"});
         in.group[0].guard.declined = api::Declined{.rollback = "api-2-9f", .at = moment};
       }},
      {"GroupOrder", "the first has opted out",
       [](Inputs& in) {
         initiate(in, {"api", "web"});
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
