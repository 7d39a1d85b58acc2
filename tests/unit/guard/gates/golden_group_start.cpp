// Rows of the gate GroupBlocked, which blocks a rollback if a member of its group cannot be rolled
// back.
#include "unit/guard/gates/golden.hpp"

namespace lastgood::guard::test {

namespace {

using api::RevisionVerdict;
using api::RollbackPhase;

const ExpectedHold blocked{.reason = Reason::GroupBlocked,
                           .mentions = {"shop", "api", "it is frozen (Contested)"},
                           .until = 5s,
                           .blocked_by = "api"};

// "api" is in the same group and cannot be rolled back. Its release got the verdict `verdict` at
// noon + `since`.
void add_blocked_member(Inputs& inputs, RevisionVerdict verdict, Duration since = 5s) {
  inputs.policy.group = "shop";
  GroupMember other = member("api");
  other.guard.current->verdict = verdict;
  other.guard.current->since = noon + since;
  other.blocked_because = "it is frozen (Contested)";
  inputs.group = {std::move(other)};
}

// Adds other members that can be rolled back.
void add_members(Inputs& inputs, int count) {
  inputs.policy.group = "shop";
  for (int i = 0; i < count; ++i) inputs.group.push_back(member("api-" + std::to_string(i)));
}

std::vector<GateRow> group_rows() {
  return {
      {"GroupBlocked", "the other release is evaluated",
       [](Inputs& in) { add_blocked_member(in, RevisionVerdict::Evaluating); }, blocked},
      {"GroupBlocked", "the other release is breached",
       [](Inputs& in) { add_blocked_member(in, RevisionVerdict::Breached); }, blocked},
      {"GroupBlocked", "the other release became good after this release",
       [](Inputs& in) { add_blocked_member(in, RevisionVerdict::Good, 0s); }, blocked},
      {"GroupBlocked", "the other release is inconclusive",
       [](Inputs& in) { add_blocked_member(in, RevisionVerdict::Inconclusive); }, blocked},
      {"GroupBlocked", "the second of two other members cannot be rolled back",
       [](Inputs& in) {
         add_blocked_member(in, RevisionVerdict::Evaluating);
         in.group.insert(in.group.begin(), member("db"));
       },
       blocked},
      {"GroupBlocked", "the other member can be rolled back",
       [](Inputs& in) {
         add_blocked_member(in, RevisionVerdict::Evaluating);
         in.group[0].blocked_because.clear();
       }},
      {"GroupBlocked", "the other release was good before this release",
       [](Inputs& in) { add_blocked_member(in, RevisionVerdict::Good, -1ms); }},
      {"GroupBlocked", "the other release is presumed good",
       [](Inputs& in) { add_blocked_member(in, RevisionVerdict::PresumedGood); }},
      {"GroupBlocked", "the other member was rolled back already",
       [](Inputs& in) {
         add_blocked_member(in, RevisionVerdict::Good);
         in.group[0].rollback = api::Rollback{};
         in.group[0].rollback->spec.to.hash = TemplateHash("api2");
         in.group[0].rollback->status.template_restored = noon;
       }},
      {"GroupBlocked", "the rollback of the other member was cancelled before it was restored",
       [](Inputs& in) {
         add_blocked_member(in, RevisionVerdict::Evaluating);
         in.group[0].rollback = member_rollback("", RollbackPhase::Superseded);
         in.group[0].rollback->spec.to.hash = TemplateHash("api2");
       },
       blocked},
      {"GroupBlocked", "the other member was rolled back before its present release",
       [](Inputs& in) {
         add_blocked_member(in, RevisionVerdict::Evaluating);
         in.group[0].rollback = member_rollback("", RollbackPhase::Succeeded, noon - 1h);
         in.group[0].rollback->spec.to.hash = TemplateHash("api1");
       },
       blocked},
      {"GroupBlocked", "the revision of the other member is not known",
       [](Inputs& in) {
         add_blocked_member(in, RevisionVerdict::Evaluating);
         in.group[0].guard.current.reset();
       }},
      {"GroupBlocked",
       "the other member has no policy",
       [](Inputs& in) {
         add_blocked_member(in, RevisionVerdict::Good, -1ms);
         in.group[0].guard.current.reset();
         in.group[0].guard.policy.clear();
         in.group[0].blocked_because = "it is not guarded";
       },
       {{.reason = Reason::GroupBlocked,
         .mentions = {"shop", "api", "it is not guarded"},
         .until = 5s,
         .blocked_by = "api"}}},
      {"GroupBlocked", "there are no other members", [](Inputs& in) { in.group.clear(); }},
  };
}

// Rows in which another member cannot be rolled back yet, and rows at the limit of the group size.
std::vector<GateRow> not_ready_rows() {
  return {
      {"GroupBlocked",
       "the other member has not been reconciled yet",
       [](Inputs& in) {
         add_blocked_member(in, RevisionVerdict::Evaluating);
         in.group[0].guard = {};
       },
       {{.reason = Reason::GroupBlocked,
         .mentions = {"shop", "api"},
         .until = 1s,
         .blocked_by = "api"}}},
      {"GroupBlocked",
       "the other member is about to create a Rollback",
       [](Inputs& in) {
         add_blocked_member(in, RevisionVerdict::Evaluating);
         in.group[0].guard.state = api::State::RollingBack;
         in.group[0].guard.rollback = "api-2-9f";
       },
       {{.reason = Reason::GroupBlocked,
         .mentions = {"shop", "api", "api-2-9f"},
         .until = 1s,
         .blocked_by = "api"}}},
      {"GroupBlocked",
       "the other member initiated a group rollback that is held",
       [](Inputs& in) {
         add_blocked_member(in, RevisionVerdict::Evaluating);
         in.group = {initiator("api", {"api", "web"})};
         in.group[0].guard.state = api::State::Held;
         in.group[0].guard.reason = Reason::SharedCause;
       },
       {{.reason = Reason::GroupBlocked,
         .mentions = {"shop", "api-2-9f", "Held (SharedCause)"},
         .until = 1s,
         .blocked_by = "api"}}},
      {"GroupBlocked",
       "the other member is about to create a Rollback that awaits approval",
       [](Inputs& in) {
         add_blocked_member(in, RevisionVerdict::Evaluating);
         in.group[0].guard.state = api::State::Held;
         in.group[0].guard.reason = Reason::AwaitingApproval;
         in.group[0].guard.rollback = "api-2-9f";
       },
       {{.reason = Reason::GroupBlocked,
         .mentions = {"shop", "api", "api-2-9f"},
         .until = 1s,
         .blocked_by = "api"}}},
      {"GroupBlocked",
       "the other member has a pending Rollback that is not of the group",
       [](Inputs& in) {
         add_blocked_member(in, RevisionVerdict::Evaluating);
         in.group = {initiator("api", {})};
         in.group[0].rollback->spec.group.reset();
         in.group[0].guard.state = api::State::Held;
         in.group[0].guard.reason = Reason::BreakerOpen;
       },
       {{.reason = Reason::GroupBlocked,
         .mentions = {"shop", "api-2-9f", "Held (BreakerOpen)"},
         .until = 1s,
         .blocked_by = "api"}}},
      {"GroupBlocked", "64 Deployments would be rolled back",
       [](Inputs& in) { add_members(in, 63); }},
      {"GroupBlocked",
       "65 Deployments would be rolled back",
       [](Inputs& in) { add_members(in, 64); },
       {{.reason = Reason::GroupBlocked, .mentions = {"shop", "65", "64"}}}},
  };
}

}  // namespace

const std::vector<GateRow>& group_start_gate_rows() {
  static const std::vector<GateRow> rows = [] {
    std::vector<GateRow> all = group_rows();
    for (const GateRow& row : not_ready_rows()) all.push_back(row);
    return all;
  }();
  return rows;
}

}  // namespace lastgood::guard::test
