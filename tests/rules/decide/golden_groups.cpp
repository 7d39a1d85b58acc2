// What a group says: who goes back together, whether all of them can, and in which order.
#include "golden.hpp"

namespace lastgood::decide::test {

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
         .message = "In group shop api is just beginning Rollback api-2-9f; two calls would wait for each other",
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
         .message = "In group shop Rollback api-2-9f of api is Held (SharedCause); two calls would wait for each other",
         .until = 1s}}},
      {"GroupBlocked", "as many as the record has room for go back together", [](World& w) { with_others(w, 63); }},
      {"GroupBlocked",
       "one more does not",
       [](World& w) { with_others(w, 64); },
       {{.reason = "GroupBlocked", .message = "Group shop has 65 Deployments to put back; at most 64 go back together"}}},
  };
}

constexpr Held second{.reason = "GroupOrder", .message = "In group shop api goes back first; it is Watching (): ", .until = 1s};
constexpr Held second_to_one_at_it{
    .reason = "GroupOrder", .message = "In group shop api goes back first; it is RollingBack (): ", .until = 1s};

// "web" leads, and calls them in that order.
void leads(World& world, std::vector<std::string> order) {
  world.guarding.group = "shop";
  world.rollback->spec.group = api::GroupCall{.name = "shop", .members = std::move(order)};
  world.group = {member("api")};
}

// "api" was called by "web" and stands there.
void called(World& world, RollbackPhase phase, const char* by = "web-2-1b4e") {
  leads(world, {"api", "web"});
  world.group[0].rollback = api::Rollback{};
  world.group[0].rollback->spec.caused_by = by;
  world.group[0].rollback->status.phase = phase;
}

// "api" leads and has called "web".
void follows(World& world, RollbackPhase phase) {
  world.guarding.group = "shop";
  world.rollback->spec.check.clear();
  world.rollback->spec.caused_by = "api-2-9f";
  world.group = {leader("api", {"api", "web"})};
  world.group[0].rollback->status.phase = phase;
}

std::vector<HoldRow> in_order() {
  return {
      {"GroupOrder", "who leads waits for those before it", [](World& w) { leads(w, {"api", "web"}); }, second},
      {"GroupOrder", "until they are rolled out again", [](World& w) { called(w, RollbackPhase::Restored); }, second},
      {"GroupOrder", "a rollback of another time is none of this one",
       [](World& w) { called(w, RollbackPhase::Succeeded, "web-1-1b4e"); }, second},
      {"GroupOrder", "who is called waits for those before it", [](World& w) { follows(w, RollbackPhase::TemplateRestored); },
       second_to_one_at_it},
      {"GroupOrder", "they are: it goes on", [](World& w) { called(w, RollbackPhase::Verifying); }},
      {"GroupOrder", "nothing more comes of them: it goes on", [](World& w) { called(w, RollbackPhase::Superseded); }},
      {"GroupOrder", "who is called goes on then too", [](World& w) { follows(w, RollbackPhase::Verifying); }},
      {"GroupOrder", "one that another call has put back is where it was to go",
       [](World& w) {
         called(w, RollbackPhase::Succeeded, "db-2-77aa");
         w.group[0].rollback->spec.to.hash = TemplateHash("api2");
         w.group[0].rollback->status.template_restored = moment;
       }},
      {"GroupOrder", "the first waits for nobody", [](World& w) { leads(w, {"web", "api"}); }},
      {"GroupOrder", "one that has left the group is not waited for",
       [](World& w) {
         leads(w, {"api", "web"});
         w.group.clear();
       }},
      {"GroupOrder", "nor one that a person has given a newer template since",
       [](World& w) {
         leads(w, {"api", "web"});
         w.group[0].guard.watch_started = moment + 1ms;
       }},
      {"GroupOrder", "who goes back alone waits for nobody", [](World&) {}},
  };
}

constexpr Held unseen{.reason = "GroupOrder", .message = "In group shop api has not been looked at yet", .until = 1s};
constexpr Held cannot_any_more{.reason = "GroupBlocked",
                               .message = "Group shop goes back together or not at all, and api cannot: it is frozen (Contested)",
                               .until = 5s};

void not_looked_at(World& world) {
  world.call = world.group[0].rollback;
  world.group[0] = GroupMember{.deployment = "api"};
}

void frozen(World& world) { world.group[0].cannot = "it is frozen (Contested)"; }

std::vector<HoldRow> once_recorded() {
  return {
      {"GroupUnseen", "who is called waits while it has not been looked at who called",
       [](World& w) {
         follows(w, RollbackPhase::Verifying);
         not_looked_at(w);
       },
       unseen},
      {"GroupUnseen", "who called waits while it has not been looked at whom it called",
       [](World& w) {
         called(w, RollbackPhase::Verifying);
         not_looked_at(w);
       },
       unseen},
      {"GroupUnseen", "it was: nobody waits", [](World& w) { called(w, RollbackPhase::Verifying); }},
      {"GroupUnseen", "who goes back alone does not wait either",
       [](World& w) {
         called(w, RollbackPhase::Verifying);
         not_looked_at(w);
         w.rollback->spec.group.reset();
       }},
      {"GroupStillAble", "one that cannot go any more holds who called",
       [](World& w) {
         leads(w, {"web", "api"});
         frozen(w);
       },
       cannot_any_more},
      {"GroupStillAble", "and who is called",
       [](World& w) {
         follows(w, RollbackPhase::Pending);
         frozen(w);
       },
       cannot_any_more},
      {"GroupStillAble", "so does one that nothing governs any more",
       [](World& w) {
         leads(w, {"web", "api"});
         frozen(w);
         w.group[0].guard.policy.clear();
       },
       cannot_any_more},
      {"GroupStillAble", "one that can holds nobody", [](World& w) { leads(w, {"web", "api"}); }},
      {"GroupStillAble", "nor one that was not called",
       [](World& w) {
         leads(w, {"web", "db"});
         frozen(w);
       }},
      {"GroupStillAble", "nor one that has a newer template since",
       [](World& w) {
         leads(w, {"web", "api"});
         frozen(w);
         w.group[0].guard.watch_started = moment + 1ms;
       }},
      {"GroupStillAble", "nor one that another call has put back",
       [](World& w) {
         called(w, RollbackPhase::Succeeded, "db-2-77aa");
         frozen(w);
         w.group[0].rollback->spec.to.hash = TemplateHash("api2");
         w.group[0].rollback->status.template_restored = moment;
       }},
      {"GroupStillAble", "who goes back alone asks nobody", [](World& w) { w.group = {member("api")}; }},
      {"GroupOrder", "one that a person has said no to is not waited for",
       [](World& w) {
         leads(w, {"api", "web"});
         w.group[0].guard.declined = api::Declined{.rollback = "api-2-9f", .at = moment};
       }},
      {"GroupOrder", "nor one that has opted out",
       [](World& w) {
         leads(w, {"api", "web"});
         w.group[0].guard = {.deployment_uid = Uid("api-uid"), .reason = "NotOptedIn"};
       }},
  };
}

}  // namespace

const std::vector<HoldRow>& rows_on_groups() {
  static const std::vector<HoldRow> rows = [] {
    std::vector<HoldRow> all = together();
    for (const auto& part : {not_yet_together(), in_order(), once_recorded()}) all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return rows;
}

}  // namespace lastgood::decide::test
