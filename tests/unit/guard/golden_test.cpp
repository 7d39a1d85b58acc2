// Every rule that holds back or refuses, against every row of the golden table; and that no rule is without rows.
#include "golden.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

std::vector<HoldRow> all_rows() {
  std::vector<HoldRow> all;
  for (const auto* part :
       {&rows_on_touching(), &rows_on_evidence(), &rows_on_limits(), &rows_on_groups(), &rows_on_group_calls()})
    all.insert(all.end(), part->begin(), part->end());
  return all;
}

struct Table {
  const char* name;
  std::span<const HoldRule> rules;
  World world;  // in which none of them holds
};

std::vector<Table> tables() {
  return {{"judge", judge_rules(), breached_world()},    {"touch", touch_rules(), breached_world()},
          {"begin", begin_rules(), breached_world()},    {"pending", pending_rules(), pending_world()},
          {"forced", forced_rules(), breached_world()},  {"group", group_rules(), pending_world()},
          {"by hand", by_hand_rules(), pending_world()}, {"unseen", unseen_rules(), pending_world()}};
}

const HoldRule* find_rule(std::span<const HoldRule> rules, const char* name) {
  const auto found = std::ranges::find(rules, std::string_view(name), &HoldRule::name);
  return found == rules.end() ? nullptr : &*found;
}

World given(World world, const HoldRow& row) {
  row.given(world);
  return world;
}

void check_hold(const Hold& hold, const Held& expected) {
  CHECK(hold.reason == expected.reason);
  CHECK(hold.message == expected.message);
  CHECK(hold.until == (expected.until ? std::optional(moment + *expected.until) : std::nullopt));
  CHECK(hold.freezes == expected.freezes);
  CHECK(hold.is_quiet == expected.is_quiet);
}

bool is_told(const Decision& decision, const std::string& reason) {
  return std::ranges::any_of(decision.facts, [&](const Fact& fact) { return fact.reason == reason && fact.warning; });
}

// What a person sees of a breached release that is held back.
void check_shown(const World& world, const Decision& decision, const Held& held) {
  if (held.is_quiet) {
    CHECK(decision.guard.state == world.guard.state);
    CHECK(decision.facts.empty());
  } else if (held.freezes) {
    CHECK(decision.guard.state == api::State::Frozen);
    CHECK(decision.guard.reason == held.reason);
    CHECK(decision.guard.freeze->reason == held.reason);
    CHECK(decision.guard.freeze->since == moment);
    CHECK(is_told(decision, held.reason));
  } else {
    CHECK(decision.guard.state == api::State::Held);
    CHECK(decision.guard.reason == held.reason);
    CHECK(decision.guard.message == held.message);
    CHECK(is_told(decision, "RollbackHeld"));
  }
  if (held.until) {
    REQUIRE(decision.wake.has_value());
    CHECK(*decision.wake <= moment + *held.until);
  }
}

}  // namespace

TEST_CASE("Golden: each rule holds back where its rows say so, with their words, and nowhere else") {
  for (const Table& table : tables()) {
    for (const HoldRow& row : all_rows()) {
      const HoldRule* rule = find_rule(table.rules, row.rule);
      if (!rule) continue;
      CAPTURE(table.name, row.rule, row.name);
      const World world = given(table.world, row);
      const auto hold = rule->holds(world, world.guard, moment);
      REQUIRE(hold.has_value() == row.held.has_value());
      if (hold) check_hold(*hold, *row.held);
    }
  }
}

TEST_CASE("Golden: in the worlds of the table nothing holds, so what holds is what a row adds") {
  for (const Table& table : tables()) {
    CAPTURE(table.name);
    CHECK_FALSE(first_hold(table.rules, table.world, table.world.guard, moment).has_value());
  }
  const World world = requested_world();
  CHECK_FALSE(first_refusal(request_rules(), world, world.guard, moment).has_value());
}

TEST_CASE("Golden: a breached release that a rule holds back is not put back, and a person reads why") {
  for (const HoldRow& row : all_rows()) {
    const bool is_asked = find_rule(touch_rules(), row.rule) || find_rule(begin_rules(), row.rule);
    if (!is_asked || !row.held || row.rule == std::string("Deleting")) continue;
    CAPTURE(row.rule, row.name);
    const World world = given(breached_world(), row);
    const Decision decision = guard::decide(world, moment);
    CHECK_FALSE(std::holds_alternative<StartRollback>(decision.act));
    CHECK(std::holds_alternative<RecordObserved>(decision.act) == (row.rule == std::string("Observing")));
    check_shown(world, decision, *row.held);
  }
}

TEST_CASE("Golden: a recorded rollback that a rule holds back is not carried out, and a person reads why") {
  for (const HoldRow& row : all_rows()) {
    const bool is_asked =
        find_rule(touch_rules(), row.rule) || find_rule(unseen_rules(), row.rule) || find_rule(pending_rules(), row.rule);
    if (!is_asked || !row.held || row.rule == std::string("Deleting")) continue;
    CAPTURE(row.rule, row.name);
    const World world = given(pending_world(), row);
    const Decision decision = guard::decide(world, moment);
    CHECK(decision.act.index() == 0);
    check_shown(world, decision, *row.held);
  }
}

TEST_CASE("Golden: what nothing holds back is put back, and what is recorded is carried out") {
  CHECK(std::get<StartRollback>(guard::decide(breached_world(), moment).act).carry_out);
  CHECK(std::holds_alternative<CarryOutRollback>(guard::decide(pending_world(), moment).act));
  CHECK(std::holds_alternative<BindRequest>(guard::decide(requested_world(), moment).act));
}

TEST_CASE("Golden: nothing is judged, told or done of a Deployment that is being deleted") {
  for (World world : {breached_world(), pending_world()}) {
    world.deployment.meta.deleting = true;
    const Decision decision = guard::decide(world, moment);
    CHECK(decision.act.index() == 0);
    CHECK(decision.facts.empty());
    CHECK(decision.guard.state == world.guard.state);
  }
}

TEST_CASE("Golden: each rule refuses a person where its rows say so, and yields to force only where that is said") {
  for (const RefusalRow& row : rows_on_requests()) {
    CAPTURE(row.rule, row.name);
    const auto rules = request_rules();
    const auto rule = std::ranges::find(rules, std::string_view(row.rule), &RequestRule::name);
    REQUIRE(rule != rules.end());
    World world = requested_world();
    row.given(world);
    const auto refusal = rule->refuses(world, world.guard, moment);
    REQUIRE(refusal.has_value() == row.refusal.has_value());
    if (!refusal) continue;
    CHECK(refusal->reason == row.refusal->reason);
    CHECK(refusal->message == row.refusal->message);
    CHECK(refusal->is_passing == row.refusal->is_passing);
    CHECK(rule->yields_to_force == row.yields_to_force);
    const auto first = first_refusal(rules, world, world.guard, moment);
    REQUIRE(first.has_value());
    CHECK(first->reason == row.refusal->reason);
    world.request->spec.force = true;
    CHECK(first_refusal(rules, world, world.guard, moment).has_value() == !row.yields_to_force);
  }
}

TEST_CASE("Golden: a refused request is answered in words, and nothing is done") {
  for (const RefusalRow& row : rows_on_requests()) {
    if (!row.refusal) continue;
    CAPTURE(row.rule, row.name);
    World world = requested_world();
    row.given(world);
    const Decision decision = guard::decide(world, moment);
    CHECK_FALSE(std::holds_alternative<BindRequest>(decision.act));
    CHECK(decision.act.index() == 0);
    const bool is_refused = decision.request && api::finished(decision.request->phase);
    REQUIRE(is_refused == !row.refusal->is_passing);
    CHECK(is_told(decision, "RollbackRefused") == !row.refusal->is_passing);
    if (!is_refused) continue;
    CHECK(decision.request->phase == api::RollbackPhase::Refused);
    const std::string hint = row.yields_to_force ? std::string(force_hint) : "";
    CHECK(decision.request->message == row.refusal->reason + ": " + row.refusal->message + hint);
  }
}

TEST_CASE("Golden: no rule is without a row in which it holds back and one in which it does not") {
  std::set<std::pair<std::string, bool>> seen;
  for (const HoldRow& row : all_rows()) seen.emplace(row.rule, row.held.has_value());
  for (const Table& table : tables()) {
    for (const HoldRule& rule : table.rules) {
      CAPTURE(table.name, rule.name);
      CHECK(seen.contains({std::string(rule.name), true}));
      CHECK(seen.contains({std::string(rule.name), false}));
    }
  }
  std::set<std::pair<std::string, bool>> refused;
  for (const RefusalRow& row : rows_on_requests()) refused.emplace(row.rule, row.refusal.has_value());
  for (const RequestRule& rule : request_rules()) {
    CAPTURE(rule.name);
    CHECK(refused.contains({std::string(rule.name), true}));
    CHECK(refused.contains({std::string(rule.name), false}));
  }
}

TEST_CASE("What cannot be judged may not be touched either") {
  for (const HoldRule& rule : judge_rules()) CHECK(find_rule(touch_rules(), std::string(rule.name).c_str()) != nullptr);
  CHECK(find_rule(judge_rules(), "PausedUntil") == nullptr);
}

TEST_CASE("The first rule that holds gives the reason") {
  World world = breached_world();
  world.deployment.paused = true;
  world.guarding.spec.suspend = true;
  CHECK(first_hold(touch_rules(), world, world.guard, moment)->reason == "Suspended");
}
