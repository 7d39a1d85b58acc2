// What a group says: who goes back together, whether all of them can, and in which order.
#include "golden.hpp"

namespace lastgood::guard::test {

namespace {

using api::RevisionVerdict;
using api::RollbackPhase;

const ExpectedHold blocked{.reason = Reason::GroupBlocked,
                           .mentions = {"shop", "api", "it is frozen (Contested)"},
                           .until = 5s};

// "api" is of the same group and cannot go back.
void with_one_that_cannot(Inputs& inputs, RevisionVerdict verdict, Duration since = 5s) {
  inputs.policy.group = "shop";
  GroupMember other = member("api");
  other.guard.current->verdict = verdict;
  other.guard.current->since = noon + since;
  other.blocked_because = "it is frozen (Contested)";
  inputs.group = {std::move(other)};
}

// So many others that can.
void with_others(Inputs& inputs, int how_many) {
  inputs.policy.group = "shop";
  for (int i = 0; i < how_many; ++i) inputs.group.push_back(member("api-" + std::to_string(i)));
}

std::vector<HoldRow> together() {
  return {
      {"GroupBlocked", "one that is judged too and cannot go back holds the group",
       [](Inputs& w) { with_one_that_cannot(w, RevisionVerdict::Evaluating); }, blocked},
      {"GroupBlocked", "so does one that is breached too",
       [](Inputs& w) { with_one_that_cannot(w, RevisionVerdict::Breached); }, blocked},
      {"GroupBlocked", "and one that has become good since this release came",
       [](Inputs& w) { with_one_that_cannot(w, RevisionVerdict::Good, 0s); }, blocked},
      {"GroupBlocked", "or was never judged",
       [](Inputs& w) { with_one_that_cannot(w, RevisionVerdict::Inconclusive); }, blocked},
      {"GroupBlocked", "the second of two is enough",
       [](Inputs& w) {
         with_one_that_cannot(w, RevisionVerdict::Evaluating);
         w.group.insert(w.group.begin(), member("db"));
       },
       blocked},
      {"GroupBlocked", "one that can does not",
       [](Inputs& w) {
         with_one_that_cannot(w, RevisionVerdict::Evaluating);
         w.group[0].blocked_because.clear();
       }},
      {"GroupBlocked", "nor one that was good before this release came",
       [](Inputs& w) { with_one_that_cannot(w, RevisionVerdict::Good, -1ms); }},
      {"GroupBlocked", "nor one that was good when first seen",
       [](Inputs& w) { with_one_that_cannot(w, RevisionVerdict::PresumedGood); }},
      {"GroupBlocked", "nor one that was put back already",
       [](Inputs& w) {
         with_one_that_cannot(w, RevisionVerdict::Good);
         w.group[0].rollback = api::Rollback{};
         w.group[0].rollback->spec.to.hash = TemplateHash("api2");
         w.group[0].rollback->status.template_restored = noon;
       }},
      {"GroupBlocked", "nor one that runs nothing that is known",
       [](Inputs& w) {
         with_one_that_cannot(w, RevisionVerdict::Evaluating);
         w.group[0].guard.current.reset();
       }},
      {"GroupBlocked",
       "one that nothing governs does, whatever it runs",
       [](Inputs& w) {
         with_one_that_cannot(w, RevisionVerdict::Good, -1ms);
         w.group[0].guard.current.reset();
         w.group[0].guard.policy.clear();
         w.group[0].blocked_because = "it is not guarded";
       },
       {{.reason = Reason::GroupBlocked,
         .mentions = {"shop", "api", "it is not guarded"},
         .until = 5s}}},
      {"GroupBlocked", "who is in no group is alone", [](Inputs& w) { w.group.clear(); }},
  };
}

// Where a call to the others would not be answered.
std::vector<HoldRow> not_yet_together() {
  return {
      {"GroupBlocked",
       "one that has not been looked at yet may have been",
       [](Inputs& w) {
         with_one_that_cannot(w, RevisionVerdict::Evaluating);
         w.group[0].guard = {};
       },
       {{.reason = Reason::GroupBlocked, .mentions = {"shop", "api"}, .until = 1s}}},
      {"GroupBlocked",
       "one that is writing a call of its own would be waited for",
       [](Inputs& w) {
         with_one_that_cannot(w, RevisionVerdict::Evaluating);
         w.group[0].guard.state = api::State::RollingBack;
         w.group[0].guard.rollback = "api-2-9f";
       },
       {{.reason = Reason::GroupBlocked, .mentions = {"shop", "api", "api-2-9f"}, .until = 1s}}},
      {"GroupBlocked",
       "one whose call waits is not called in turn",
       [](Inputs& w) {
         with_one_that_cannot(w, RevisionVerdict::Evaluating);
         w.group = {leader("api", {"api", "web"})};
         w.group[0].guard.state = api::State::Held;
         w.group[0].guard.reason = Reason::SharedCause;
       },
       {{.reason = Reason::GroupBlocked,
         .mentions = {"shop", "api-2-9f", "Held (SharedCause)"},
         .until = 1s}}},
      {"GroupBlocked",
       "nor one whose call is written and waits for a person at once",
       [](Inputs& w) {
         with_one_that_cannot(w, RevisionVerdict::Evaluating);
         w.group[0].guard.state = api::State::Held;
         w.group[0].guard.reason = Reason::AwaitingApproval;
         w.group[0].guard.rollback = "api-2-9f";
       },
       {{.reason = Reason::GroupBlocked, .mentions = {"shop", "api", "api-2-9f"}, .until = 1s}}},
      {"GroupBlocked",
       "nor one that is to go back alone",
       [](Inputs& w) {
         with_one_that_cannot(w, RevisionVerdict::Evaluating);
         w.group = {leader("api", {})};
         w.group[0].rollback->spec.group.reset();
         w.group[0].guard.state = api::State::Held;
         w.group[0].guard.reason = Reason::BreakerOpen;
       },
       {{.reason = Reason::GroupBlocked,
         .mentions = {"shop", "api-2-9f", "Held (BreakerOpen)"},
         .until = 1s}}},
      {"GroupBlocked", "as many as the record has room for go back together",
       [](Inputs& w) { with_others(w, 63); }},
      {"GroupBlocked",
       "one more does not",
       [](Inputs& w) { with_others(w, 64); },
       {{.reason = Reason::GroupBlocked, .mentions = {"shop", "65", "64"}}}},
  };
}

}  // namespace

const std::vector<HoldRow>& rows_on_groups() {
  static const std::vector<HoldRow> rows = [] {
    std::vector<HoldRow> all = together();
    for (const HoldRow& row : not_yet_together()) all.push_back(row);
    return all;
  }();
  return rows;
}

}  // namespace lastgood::guard::test
