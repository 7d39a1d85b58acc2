// What a recorded call of a group waits for: its turn, the one that called, and those that could go with it when it was made.
#include "golden.hpp"

namespace lastgood::guard::test {

namespace {

using api::RevisionVerdict;
using api::RollbackPhase;

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

// Two are called, and who called is gone: "api" is of the order given.
void left_alone(World& world, int order) {
  called(world, RollbackPhase::Pending, "db-2-77aa");
  world.rollback->spec.group.reset();
  world.rollback->spec.check.clear();
  world.rollback->spec.caused_by = "db-2-77aa";
  world.group[0].order = order;
  // And one of them has gone back already.
  world.group.push_back(member("store", 1));
  world.group[1].rollback = world.group[0].rollback;
  world.group[1].rollback->status.phase = RollbackPhase::Verifying;
  world.group[1].rollback->status.template_restored = moment;
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
      {"GroupOrder", "the annotations say the order when the call is gone", [](World& w) { left_alone(w, -1); }, second},
      {"GroupOrder", "and who is the first by them", [](World& w) { left_alone(w, 1); }},
      {"GroupOrder", "one that was put back to what was good when first seen is",
       [](World& w) {
         called(w, RollbackPhase::Restored);
         w.group[0].guard.current->verdict = RevisionVerdict::PresumedGood;
       },
       second},
      {"GroupOrder", "one that was made anew since is not waited for",
       [](World& w) {
         leads(w, {"api", "web"});
         w.group[0].guard.current->verdict = RevisionVerdict::PresumedGood;
       }},
  };
}

constexpr Held unseen{.reason = "GroupBlocked", .message = "In group shop api has not been looked at yet", .until = 1s};
constexpr Held cannot_any_more{.reason = "GroupBlocked",
                               .message = "Group shop goes back together or not at all, and api cannot: it is frozen (Contested)",
                               .until = 5s};

void not_looked_at(World& world) {
  world.call = world.group[0].rollback;
  world.group[0] = GroupMember{.deployment = "api"};
}

constexpr Held caller_is_held{
    .reason = "GroupBlocked",
    .message = "In group shop Rollback api-2-9f, which calls it back, has not begun: api is Held (SharedCause)",
    .until = 1s};

std::vector<HoldRow> while_the_caller_waits() {
  return {
      {"CallerHeld", "who is called waits with the one that called",
       [](World& w) {
         follows(w, RollbackPhase::Pending);
         w.group[0].guard.state = api::State::Held;
         w.group[0].guard.reason = "SharedCause";
       },
       caller_is_held},
      {"CallerHeld",
       "and until one that was released since is called too",
       [](World& w) {
         follows(w, RollbackPhase::Pending);
         w.group.push_back(member("db"));
       },
       {{.reason = "GroupBlocked",
         .message =
             "In group shop Rollback api-2-9f, which calls it back, has not begun: db was released since, and is not called "
             "yet",
         .until = 1s}}},
      {"CallerHeld",
       "or while the one that called has left the group",
       [](World& w) {
         follows(w, RollbackPhase::Pending);
         w.call = w.group[0].rollback;
         w.group.clear();
       },
       {{.reason = "GroupBlocked",
         .message = "In group shop Rollback api-2-9f, which calls it back, has not begun: its Deployment is not in the group any "
                    "more",
         .until = 1s}}},
      {"CallerHeld", "the call begins: it goes on", [](World& w) { follows(w, RollbackPhase::Pending); }},
      {"CallerHeld", "and while the call waits for its turn",
       [](World& w) {
         follows(w, RollbackPhase::Pending);
         w.group[0].guard.state = api::State::Held;
         w.group[0].guard.reason = "GroupOrder";
       }},
      {"CallerHeld", "one that was good before need not be called",
       [](World& w) {
         follows(w, RollbackPhase::Pending);
         w.group.push_back(member("db"));
         w.group[1].guard.current->verdict = RevisionVerdict::PresumedGood;
       }},
      {"CallerHeld", "who called waits for nobody's call", [](World& w) { leads(w, {"web", "api"}); }},
  };
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
      {"GroupStillAble", "one that was released since does too, when it cannot",
       [](World& w) {
         leads(w, {"web", "db"});
         frozen(w);
       },
       cannot_any_more},
      {"GroupStillAble", "and one that was released once more",
       [](World& w) {
         leads(w, {"web", "api"});
         frozen(w);
         w.group[0].guard.watch_started = moment + 1ms;
       },
       cannot_any_more},
      {"GroupStillAble", "also where the one that waits was alone",
       [](World& w) {
         leads(w, {"web"});
         w.rollback->spec.group.reset();
         frozen(w);
       },
       cannot_any_more},
      {"GroupStillAble", "one that was good before does not",
       [](World& w) {
         leads(w, {"web", "db"});
         frozen(w);
         w.group[0].guard.current->verdict = RevisionVerdict::Good;
         w.group[0].guard.current->since = noon - 1s;
       }},
      {"GroupStillAble", "nor one that was made anew",
       [](World& w) {
         leads(w, {"web", "api"});
         frozen(w);
         w.group[0].guard.current->verdict = RevisionVerdict::PresumedGood;
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

const std::vector<HoldRow>& rows_on_group_calls() {
  static const std::vector<HoldRow> rows = [] {
    std::vector<HoldRow> all = in_order();
    for (const auto& part : {while_the_caller_waits(), once_recorded()}) all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return rows;
}

}  // namespace lastgood::guard::test
