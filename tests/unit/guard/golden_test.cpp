// Every rule that holds back or refuses, against every row of the golden table; and that no rule is
// without rows.
#include "golden.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "support/mentions.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

std::vector<HoldRow> all_rows() {
  std::vector<HoldRow> all;
  for (const auto* part : {&rows_on_touching(), &rows_on_evidence(), &rows_on_limits(),
                           &rows_on_groups(), &rows_on_group_calls()})
    all.insert(all.end(), part->begin(), part->end());
  return all;
}

struct Table {
  const char* name;
  std::span<const Gate> rules;
  Inputs inputs;  // in which none of them holds
};

std::vector<Table> tables() {
  return {{"judge", evaluation_gates(), breached_world()},
          {"touch", write_gates(), breached_world()},
          {"begin", start_gates(), breached_world()},
          {"pending", resume_gates(), pending_world()},
          {"forced", forced_write_gates(), breached_world()},
          {"group", group_resume_gates(), pending_world()},
          {"by hand", manual_gates(), pending_world()},
          {"unseen", group_known_gates(), pending_world()}};
}

const Gate* find_rule(std::span<const Gate> rules, const char* name) {
  const auto found = std::ranges::find(rules, std::string_view(name), &Gate::name);
  return found == rules.end() ? nullptr : &*found;
}

Inputs given(Inputs inputs, const HoldRow& row) {
  row.given(inputs);
  return inputs;
}

void check_hold(const Hold& hold, const ExpectedHold& expected) {
  CHECK(hold.reason == expected.reason);
  CHECK_FALSE(hold.message.empty());
  CHECK_THAT(hold.message, mentions(expected.mentions));
  CHECK(hold.blocked_by == expected.blocked_by);
  CHECK(hold.until == (expected.until ? std::optional(moment + *expected.until) : std::nullopt));
  CHECK(hold.freezes == expected.freezes);
  CHECK(hold.is_quiet == expected.is_quiet);
}

bool is_reported_already(const Plan& plan, Reason reason) {
  return std::ranges::any_of(plan.events, [&](const EventRecord& event) {
    return event.reason == reason && event.type == EventType::Warning;
  });
}

// What a person sees of a breached release that is held back.
void check_shown(const Inputs& inputs, const Plan& plan, const ExpectedHold& held) {
  if (held.is_quiet) {
    CHECK(plan.guard.state == inputs.guard.state);
    CHECK(plan.events.empty());
  } else if (held.freezes) {
    CHECK(plan.guard.state == api::State::Frozen);
    CHECK(plan.guard.reason == held.reason);
    CHECK(plan.guard.freeze->reason == held.reason);
    CHECK(plan.guard.freeze->since == moment);
    CHECK(is_reported_already(plan, held.reason));
  } else {
    CHECK(plan.guard.state == api::State::Held);
    CHECK(plan.guard.reason == held.reason);
    CHECK_THAT(plan.guard.message, mentions(held.mentions));
    CHECK(plan.guard.blocked_by == held.blocked_by);
    CHECK(is_reported_already(plan, Reason::RollbackHeld));
  }
  if (held.until) {
    REQUIRE(plan.requeue_at.has_value());
    CHECK(*plan.requeue_at <= moment + *held.until);
  }
}

}  // namespace

TEST_CASE(
    "Golden: each rule holds back where its rows say so, with their words, and nowhere else") {
  for (const Table& table : tables()) {
    for (const HoldRow& row : all_rows()) {
      const Gate* rule = find_rule(table.rules, row.rule);
      if (!rule) continue;
      CAPTURE(table.name, row.rule, row.name);
      const Inputs inputs = given(table.inputs, row);
      const auto hold = rule->blocks(inputs, inputs.guard, moment);
      REQUIRE(hold.has_value() == row.held.has_value());
      if (hold) check_hold(*hold, *row.held);
    }
  }
}

TEST_CASE("Golden: in the worlds of the table nothing holds, so what holds is what a row adds") {
  for (const Table& table : tables()) {
    CAPTURE(table.name);
    CHECK_FALSE(first_hold(table.rules, table.inputs, table.inputs.guard, moment).has_value());
  }
  const Inputs inputs = requested_world();
  CHECK_FALSE(first_rejection(request_gates(), inputs, inputs.guard, moment).has_value());
}

TEST_CASE(
    "Golden: a breached release that a rule holds back is not put back, and a person reads why") {
  for (const HoldRow& row : all_rows()) {
    const bool is_asked = find_rule(write_gates(), row.rule) || find_rule(start_gates(), row.rule);
    if (!is_asked || !row.held || row.rule == std::string("Deleting")) continue;
    CAPTURE(row.rule, row.name);
    const Inputs inputs = given(breached_world(), row);
    const Plan plan = guard::decide(inputs, moment);
    CHECK_FALSE(std::holds_alternative<StartRollback>(plan.action));
    CHECK(std::holds_alternative<RecordObserved>(plan.action) ==
          (row.rule == std::string("Observing")));
    check_shown(inputs, plan, *row.held);
  }
}

TEST_CASE(
    "Golden: a recorded rollback that a rule holds back is not carried out, and a person reads "
    "why") {
  for (const HoldRow& row : all_rows()) {
    const bool is_asked = find_rule(write_gates(), row.rule) ||
                          find_rule(group_known_gates(), row.rule) ||
                          find_rule(resume_gates(), row.rule);
    if (!is_asked || !row.held || row.rule == std::string("Deleting")) continue;
    CAPTURE(row.rule, row.name);
    const Inputs inputs = given(pending_world(), row);
    const Plan plan = guard::decide(inputs, moment);
    CHECK(plan.action.index() == 0);
    check_shown(inputs, plan, *row.held);
  }
}

TEST_CASE("Golden: what nothing holds back is put back, and what is recorded is carried out") {
  CHECK(std::get<StartRollback>(guard::decide(breached_world(), moment).action).execute);
  CHECK(std::holds_alternative<ResumeRollback>(guard::decide(pending_world(), moment).action));
  CHECK(std::holds_alternative<BindRequest>(guard::decide(requested_world(), moment).action));
}

TEST_CASE("Golden: nothing is judged, emitted or done of a Deployment that is being deleted") {
  for (Inputs inputs : {breached_world(), pending_world()}) {
    inputs.deployment.meta.deleting = true;
    const Plan plan = guard::decide(inputs, moment);
    CHECK(plan.action.index() == 0);
    CHECK(plan.events.empty());
    CHECK(plan.guard.state == inputs.guard.state);
  }
}

TEST_CASE(
    "Golden: each rule refuses a person where its rows say so, and yields to force only where that "
    "is said") {
  for (const RefusalRow& row : rows_on_requests()) {
    CAPTURE(row.rule, row.name);
    const auto rules = request_gates();
    const auto rule = std::ranges::find(rules, std::string_view(row.rule), &RequestGate::name);
    REQUIRE(rule != rules.end());
    Inputs inputs = requested_world();
    row.given(inputs);
    const auto rejection = rule->rejects(inputs, inputs.guard, moment);
    REQUIRE(rejection.has_value() == row.rejection.has_value());
    if (!rejection) continue;
    CHECK(rejection->reason == row.rejection->reason);
    CHECK_FALSE(rejection->message.empty());
    CHECK_THAT(rejection->message, mentions(row.rejection->mentions));
    CHECK(rejection->is_passing == row.rejection->is_passing);
    CHECK(rule->yields_to_force == row.yields_to_force);
    const auto first = first_rejection(rules, inputs, inputs.guard, moment);
    REQUIRE(first.has_value());
    CHECK(first->reason == row.rejection->reason);
    inputs.request->spec.force = true;
    CHECK(first_rejection(rules, inputs, inputs.guard, moment).has_value() == !row.yields_to_force);
  }
}

TEST_CASE("Golden: a refused request is answered in words, and nothing is done") {
  for (const RefusalRow& row : rows_on_requests()) {
    if (!row.rejection) continue;
    CAPTURE(row.rule, row.name);
    Inputs inputs = requested_world();
    row.given(inputs);
    const Plan plan = guard::decide(inputs, moment);
    CHECK_FALSE(std::holds_alternative<BindRequest>(plan.action));
    CHECK(plan.action.index() == 0);
    const bool is_refused = plan.request && api::finished(plan.request->phase);
    REQUIRE(is_refused == !row.rejection->is_passing);
    CHECK(is_reported_already(plan, Reason::RollbackRejected) == !row.rejection->is_passing);
    if (!is_refused) continue;
    CHECK(plan.request->phase == api::RollbackPhase::Rejected);
    CHECK(plan.request->message.starts_with(api::to_string(row.rejection->reason)));
    CHECK_THAT(plan.request->message, mentions(row.rejection->mentions));
    CHECK(plan.request->message.contains(force_hint) == row.yields_to_force);
  }
}

TEST_CASE("Golden: no rule is without a row in which it holds back and one in which it does not") {
  std::set<std::pair<std::string, bool>> seen;
  for (const HoldRow& row : all_rows()) seen.emplace(row.rule, row.held.has_value());
  for (const Table& table : tables()) {
    for (const Gate& gate : table.rules) {
      CAPTURE(table.name, gate.name);
      CHECK(seen.contains({std::string(gate.name), true}));
      CHECK(seen.contains({std::string(gate.name), false}));
    }
  }
  std::set<std::pair<std::string, bool>> refused;
  for (const RefusalRow& row : rows_on_requests())
    refused.emplace(row.rule, row.rejection.has_value());
  for (const RequestGate& gate : request_gates()) {
    CAPTURE(gate.name);
    CHECK(refused.contains({std::string(gate.name), true}));
    CHECK(refused.contains({std::string(gate.name), false}));
  }
}

TEST_CASE("What cannot be judged may not be touched either") {
  for (const Gate& gate : evaluation_gates())
    CHECK(find_rule(write_gates(), std::string(gate.name).c_str()) != nullptr);
  CHECK(find_rule(evaluation_gates(), "PausedUntil") == nullptr);
}

TEST_CASE("The first rule that holds gives the reason") {
  Inputs inputs = breached_world();
  inputs.deployment.paused = true;
  inputs.policy.spec.suspend = true;
  CHECK(first_hold(write_gates(), inputs, inputs.guard, moment)->reason == Reason::Suspended);
}
