// What a group says: who goes back together, whether all of them can, and in which order.
#include "golden.hpp"

namespace lastgood::guard::test {

namespace {

using api::RevisionVerdict;
using api::RollbackPhase;

constexpr Held blocked{.reason = "GroupBlocked",
                       .message = "Group shop goes back together or not at all, and api cannot: it is frozen (Contested)",
                       .until = 5s};

// "api" is of the same group and cannot go back.
void with_one_that_cannot(World& world, RevisionVerdict verdict, Duration since = 5s) {
  world.guarding.group = "shop";
  GroupMember other = member("api");
  other.guard.current->verdict = verdict;
  other.guard.current->since = noon + since;
  other.cannot = "it is frozen (Contested)";
  world.group = {std::move(other)};
}

// So many others that can.
void with_others(World& world, int how_many) {
  world.guarding.group = "shop";
  for (int i = 0; i < how_many; ++i) world.group.push_back(member("api-" + std::to_string(i)));
}

std::vector<HoldRow> together() {
  return {
      {"GroupBlocked", "one that is judged too and cannot go back holds the group",
       [](World& w) { with_one_that_cannot(w, RevisionVerdict::Watching); }, blocked},
      {"GroupBlocked", "so does one that is breached too", [](World& w) { with_one_that_cannot(w, RevisionVerdict::Breached); },
       blocked},
      {"GroupBlocked", "and one that has become good since this release came",
       [](World& w) { with_one_that_cannot(w, RevisionVerdict::Good, 0s); }, blocked},
      {"GroupBlocked", "or was never judged", [](World& w) { with_one_that_cannot(w, RevisionVerdict::Unjudged); }, blocked},
      {"GroupBlocked", "the second of two is enough",
       [](World& w) {
         with_one_that_cannot(w, RevisionVerdict::Watching);
         w.group.insert(w.group.begin(), member("db"));
       },
       blocked},
      {"GroupBlocked", "one that can does not",
       [](World& w) {
         with_one_that_cannot(w, RevisionVerdict::Watching);
         w.group[0].cannot.clear();
       }},
      {"GroupBlocked", "nor one that was good before this release came",
       [](World& w) { with_one_that_cannot(w, RevisionVerdict::Good, -1ms); }},
      {"GroupBlocked", "nor one that was good when first seen",
       [](World& w) { with_one_that_cannot(w, RevisionVerdict::PresumedGood); }},
      {"GroupBlocked", "nor one that was put back already",
       [](World& w) {
         with_one_that_cannot(w, RevisionVerdict::Good);
         w.group[0].rollback = api::Rollback{};
         w.group[0].rollback->spec.to.hash = TemplateHash("api2");
         w.group[0].rollback->status.template_restored = noon;
       }},
      {"GroupBlocked", "nor one that runs nothing that is known",
       [](World& w) {
         with_one_that_cannot(w, RevisionVerdict::Watching);
         w.group[0].guard.current.reset();
       }},
      {"GroupBlocked",
       "one that nothing governs does, whatever it runs",
       [](World& w) {
         with_one_that_cannot(w, RevisionVerdict::Good, -1ms);
         w.group[0].guard.current.reset();
         w.group[0].guard.policy.clear();
         w.group[0].cannot = "it is not guarded";
       },
       {{.reason = "GroupBlocked",
         .message = "Group shop goes back together or not at all, and api cannot: it is not guarded",
         .until = 5s}}},
      {"GroupBlocked", "who is in no group is alone", [](World& w) { w.group.clear(); }},
  };
}

// Where a call to the others would not be answered.
std::vector<HoldRow> not_yet_together() {
  return {
      {"GroupBlocked",
       "one that has not been looked at yet may have been",
       [](World& w) {
         with_one_that_cannot(w, RevisionVerdict::Watching);
         w.group[0].guard = {};
       },
       {{.reason = "GroupBlocked", .message = "In group shop api has not been looked at yet", .until = 1s}}},
      {"GroupBlocked",
       "one that is writing a call of its own would be waited for",
       [](World& w) {
         with_one_that_cannot(w, RevisionVerdict::Watching);
         w.group[0].guard.state = api::State::RollingBack;
         w.group[0].guard.rollback = "api-2-9f";
       },
       {{.reason = "GroupBlocked",
         .message = "In group shop api is just beginning Rollback api-2-9f; that has to end first",
         .until = 1s}}},
      {"GroupBlocked",
       "one whose call waits is not called in turn",
       [](World& w) {
         with_one_that_cannot(w, RevisionVerdict::Watching);
         w.group = {leader("api", {"api", "web"})};
         w.group[0].guard.state = api::State::Held;
         w.group[0].guard.reason = "SharedCause";
       },
       {{.reason = "GroupBlocked",
         .message = "In group shop Rollback api-2-9f of api is Held (SharedCause); that has to end first",
         .until = 1s}}},
      {"GroupBlocked",
       "nor one whose call is written and waits for a person at once",
       [](World& w) {
         with_one_that_cannot(w, RevisionVerdict::Watching);
         w.group[0].guard.state = api::State::Held;
         w.group[0].guard.reason = "AwaitingApproval";
         w.group[0].guard.rollback = "api-2-9f";
       },
       {{.reason = "GroupBlocked",
         .message = "In group shop api is just beginning Rollback api-2-9f; that has to end first",
         .until = 1s}}},
      {"GroupBlocked",
       "nor one that is to go back alone",
       [](World& w) {
         with_one_that_cannot(w, RevisionVerdict::Watching);
         w.group = {leader("api", {})};
         w.group[0].rollback->spec.group.reset();
         w.group[0].guard.state = api::State::Held;
         w.group[0].guard.reason = "BreakerOpen";
       },
       {{.reason = "GroupBlocked",
         .message = "In group shop Rollback api-2-9f of api is Held (BreakerOpen); that has to end first",
         .until = 1s}}},
      {"GroupBlocked", "as many as the record has room for go back together", [](World& w) { with_others(w, 63); }},
      {"GroupBlocked",
       "one more does not",
       [](World& w) { with_others(w, 64); },
       {{.reason = "GroupBlocked", .message = "Group shop has 65 Deployments to put back; at most 64 go back together"}}},
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
