// What a recorded call of a group waits for: its turn, the one that called, and those that could go
// with it when it was made.
#include "golden.hpp"

namespace lastgood::guard::test {

namespace {

using api::RevisionVerdict;
using api::RollbackPhase;

const ExpectedHold second{.reason = Reason::GroupOrder,
                          .mentions = {"shop", "api", "Evaluating"},
                          .until = 1s,
                          .blocked_by = "api"};
const ExpectedHold second_to_one_at_it{.reason = Reason::GroupOrder,
                                       .mentions = {"shop", "api", "RollingBack"},
                                       .until = 1s,
                                       .blocked_by = "api"};

// "web" leads, and calls them in that order.
void leads(Inputs& inputs, std::vector<std::string> order) {
  inputs.policy.group = "shop";
  inputs.rollback->spec.group = api::GroupRollback{.name = "shop", .members = std::move(order)};
  inputs.group = {member("api")};
}

// "api" was called by "web" and stands there.
void called(Inputs& inputs, RollbackPhase phase, const char* by = "web-2-1b4e") {
  leads(inputs, {"api", "web"});
  inputs.group[0].rollback = api::Rollback{};
  inputs.group[0].rollback->spec.caused_by = by;
  inputs.group[0].rollback->status.phase = phase;
}

// Two are called, and who called is gone: "api" is of the order given.
void left_alone(Inputs& inputs, int order) {
  called(inputs, RollbackPhase::Pending, "db-2-77aa");
  inputs.rollback->spec.group.reset();
  inputs.rollback->spec.check.clear();
  inputs.rollback->spec.caused_by = "db-2-77aa";
  inputs.group[0].order = order;
  // And one of them has gone back already.
  inputs.group.push_back(member("store", 1));
  inputs.group[1].rollback = inputs.group[0].rollback;
  inputs.group[1].rollback->status.phase = RollbackPhase::Verifying;
  inputs.group[1].rollback->status.template_restored = moment;
}

// "api" leads and has called "web".
void follows(Inputs& inputs, RollbackPhase phase) {
  inputs.policy.group = "shop";
  inputs.rollback->spec.check.clear();
  inputs.rollback->spec.caused_by = "api-2-9f";
  inputs.group = {leader("api", {"api", "web"})};
  inputs.group[0].rollback->status.phase = phase;
}

std::vector<HoldRow> in_order() {
  return {
      {"GroupOrder", "who leads waits for those before it",
       [](Inputs& w) { leads(w, {"api", "web"}); }, second},
      {"GroupOrder", "until they are rolled out again",
       [](Inputs& w) { called(w, RollbackPhase::Restored); }, second},
      {"GroupOrder", "a rollback of another time is none of this one",
       [](Inputs& w) { called(w, RollbackPhase::Succeeded, "web-1-1b4e"); }, second},
      {"GroupOrder", "who is called waits for those before it",
       [](Inputs& w) { follows(w, RollbackPhase::TemplateRestored); }, second_to_one_at_it},
      {"GroupOrder", "they are: it goes on",
       [](Inputs& w) { called(w, RollbackPhase::Verifying); }},
      {"GroupOrder", "nothing more comes of them: it goes on",
       [](Inputs& w) { called(w, RollbackPhase::Superseded); }},
      {"GroupOrder", "who is called goes on then too",
       [](Inputs& w) { follows(w, RollbackPhase::Verifying); }},
      {"GroupOrder", "one that another call has put back is where it was to go",
       [](Inputs& w) {
         called(w, RollbackPhase::Succeeded, "db-2-77aa");
         w.group[0].rollback->spec.to.hash = TemplateHash("api2");
         w.group[0].rollback->status.template_restored = moment;
       }},
      {"GroupOrder", "the first waits for nobody", [](Inputs& w) { leads(w, {"web", "api"}); }},
      {"GroupOrder", "one that has left the group is not waited for",
       [](Inputs& w) {
         leads(w, {"api", "web"});
         w.group.clear();
       }},
      {"GroupOrder", "nor one that a person has given a newer template since",
       [](Inputs& w) {
         leads(w, {"api", "web"});
         w.group[0].guard.evaluation_started = moment + 1ms;
       }},
      {"GroupOrder", "who goes back alone waits for nobody", [](Inputs&) {}},
      {"GroupOrder", "the annotations say the order when the call is gone",
       [](Inputs& w) { left_alone(w, -1); }, second},
      {"GroupOrder", "and who is the first by them", [](Inputs& w) { left_alone(w, 1); }},
      {"GroupOrder", "one that was put back to what was good when first seen is",
       [](Inputs& w) {
         called(w, RollbackPhase::Restored);
         w.group[0].guard.current->verdict = RevisionVerdict::PresumedGood;
       },
       second},
      {"GroupOrder", "one that was made anew since is not waited for",
       [](Inputs& w) {
         leads(w, {"api", "web"});
         w.group[0].guard.current->verdict = RevisionVerdict::PresumedGood;
       }},
  };
}

const ExpectedHold unseen{.reason = Reason::GroupBlocked, .mentions = {"shop", "api"}, .until = 1s};
const ExpectedHold cannot_any_more{.reason = Reason::GroupBlocked,
                                   .mentions = {"shop", "api", "it is frozen (Contested)"},
                                   .until = 5s};

void not_looked_at(Inputs& inputs) {
  inputs.initiator = inputs.group[0].rollback;
  inputs.group[0] = GroupMember{.deployment = "api"};
}

const ExpectedHold caller_is_held{.reason = Reason::GroupBlocked,
                                  .mentions = {"shop", "api-2-9f", "api is Held (SharedCause)"},
                                  .until = 1s};

std::vector<HoldRow> while_the_caller_waits() {
  return {
      {"InitiatorHeld", "who is called waits with the one that called",
       [](Inputs& w) {
         follows(w, RollbackPhase::Pending);
         w.group[0].guard.state = api::State::Held;
         w.group[0].guard.reason = Reason::SharedCause;
       },
       caller_is_held},
      {"InitiatorHeld",
       "and until one that was released since is called too",
       [](Inputs& w) {
         follows(w, RollbackPhase::Pending);
         w.group.push_back(member("db"));
       },
       {{.reason = Reason::GroupBlocked, .mentions = {"shop", "api-2-9f", "db"}, .until = 1s}}},
      {"InitiatorHeld",
       "or while the one that called has left the group",
       [](Inputs& w) {
         follows(w, RollbackPhase::Pending);
         w.initiator = w.group[0].rollback;
         w.group.clear();
       },
       {{.reason = Reason::GroupBlocked, .mentions = {"shop", "api-2-9f"}, .until = 1s}}},
      {"InitiatorHeld", "the call begins: it goes on",
       [](Inputs& w) { follows(w, RollbackPhase::Pending); }},
      {"InitiatorHeld", "and while the call waits for its turn",
       [](Inputs& w) {
         follows(w, RollbackPhase::Pending);
         w.group[0].guard.state = api::State::Held;
         w.group[0].guard.reason = Reason::GroupOrder;
       }},
      {"InitiatorHeld", "one that was good before need not be called",
       [](Inputs& w) {
         follows(w, RollbackPhase::Pending);
         w.group.push_back(member("db"));
         w.group[1].guard.current->verdict = RevisionVerdict::PresumedGood;
       }},
      {"InitiatorHeld", "who called waits for nobody's call",
       [](Inputs& w) { leads(w, {"web", "api"}); }},
  };
}

void frozen(Inputs& inputs) { inputs.group[0].blocked_because = "it is frozen (Contested)"; }

std::vector<HoldRow> once_recorded() {
  return {
      {"GroupUnseen", "who is called waits while it has not been looked at who called",
       [](Inputs& w) {
         follows(w, RollbackPhase::Verifying);
         not_looked_at(w);
       },
       unseen},
      {"GroupUnseen", "who called waits while it has not been looked at whom it called",
       [](Inputs& w) {
         called(w, RollbackPhase::Verifying);
         not_looked_at(w);
       },
       unseen},
      {"GroupUnseen", "it was: nobody waits",
       [](Inputs& w) { called(w, RollbackPhase::Verifying); }},
      {"GroupUnseen", "who goes back alone does not wait either",
       [](Inputs& w) {
         called(w, RollbackPhase::Verifying);
         not_looked_at(w);
         w.rollback->spec.group.reset();
       }},
      {"GroupStillAble", "one that cannot go any more holds who called",
       [](Inputs& w) {
         leads(w, {"web", "api"});
         frozen(w);
       },
       cannot_any_more},
      {"GroupStillAble", "and who is called",
       [](Inputs& w) {
         follows(w, RollbackPhase::Pending);
         frozen(w);
       },
       cannot_any_more},
      {"GroupStillAble", "so does one that nothing governs any more",
       [](Inputs& w) {
         leads(w, {"web", "api"});
         frozen(w);
         w.group[0].guard.policy.clear();
       },
       cannot_any_more},
      {"GroupStillAble", "one that can holds nobody", [](Inputs& w) { leads(w, {"web", "api"}); }},
      {"GroupStillAble", "one that was released since does too, when it cannot",
       [](Inputs& w) {
         leads(w, {"web", "db"});
         frozen(w);
       },
       cannot_any_more},
      {"GroupStillAble", "and one that was released once more",
       [](Inputs& w) {
         leads(w, {"web", "api"});
         frozen(w);
         w.group[0].guard.evaluation_started = moment + 1ms;
       },
       cannot_any_more},
      {"GroupStillAble", "also where the one that waits was alone",
       [](Inputs& w) {
         leads(w, {"web"});
         w.rollback->spec.group.reset();
         frozen(w);
       },
       cannot_any_more},
      {"GroupStillAble", "one that was good before does not",
       [](Inputs& w) {
         leads(w, {"web", "db"});
         frozen(w);
         w.group[0].guard.current->verdict = RevisionVerdict::Good;
         w.group[0].guard.current->since = noon - 1s;
       }},
      {"GroupStillAble", "nor one that was made anew",
       [](Inputs& w) {
         leads(w, {"web", "api"});
         frozen(w);
         w.group[0].guard.current->verdict = RevisionVerdict::PresumedGood;
       }},
      {"GroupStillAble", "nor one that another call has put back",
       [](Inputs& w) {
         called(w, RollbackPhase::Succeeded, "db-2-77aa");
         frozen(w);
         w.group[0].rollback->spec.to.hash = TemplateHash("api2");
         w.group[0].rollback->status.template_restored = moment;
       }},
      {"GroupStillAble", "who goes back alone asks nobody",
       [](Inputs& w) { w.group = {member("api")}; }},
      {"GroupOrder", "one that a person has said no to is not waited for",
       [](Inputs& w) {
         leads(w, {"api", "web"});
         w.group[0].guard.declined = api::Declined{.rollback = "api-2-9f", .at = moment};
       }},
      {"GroupOrder", "nor one that has opted out",
       [](Inputs& w) {
         leads(w, {"api", "web"});
         w.group[0].guard = {.deployment_uid = Uid("api-uid"), .reason = Reason::NotOptedIn};
       }},
  };
}

}  // namespace

const std::vector<HoldRow>& rows_on_group_calls() {
  static const std::vector<HoldRow> rows = [] {
    std::vector<HoldRow> all = in_order();
    for (const auto& part : {while_the_caller_waits(), once_recorded()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return rows;
}

}  // namespace lastgood::guard::test
