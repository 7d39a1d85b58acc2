// Applies each row of the golden table, and checks that each gate has rows.
#include "unit/guard/gates/golden.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "support/mentions.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

std::vector<GateRow> all_rows() {
  std::vector<GateRow> all;
  for (const auto* part : {&write_gate_rows(), &evidence_gate_rows(), &limit_gate_rows(),
                           &group_start_gate_rows(), &group_resume_gate_rows()})
    all.insert(all.end(), part->begin(), part->end());
  return all;
}

struct Chain {
  const char* name;
  std::span<const Gate> gates;
  Inputs inputs;  // no gate of the chain blocks
};

std::vector<Chain> chains() {
  return {{"evaluation", evaluation_gates(), breached_inputs()},
          {"write", write_gates(), breached_inputs()},
          {"start", start_gates(), breached_inputs()},
          {"resume", resume_gates(), pending_inputs()},
          {"forced write", forced_write_gates(), breached_inputs()},
          {"group resume", group_resume_gates(), pending_inputs()},
          {"manual", manual_gates(), pending_inputs()},
          {"group known", group_states_known_gates(), pending_inputs()}};
}

const Gate* find_gate(std::span<const Gate> gates, const char* name) {
  const auto found = std::ranges::find(gates, std::string_view(name), &Gate::name);
  return found == gates.end() ? nullptr : &*found;
}

Inputs with_row(Inputs inputs, const GateRow& row) {
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

bool has_no_action(const Plan& plan) { return std::holds_alternative<std::monostate>(plan.action); }

bool emits_warning(const Plan& plan, Reason reason) {
  return std::ranges::any_of(plan.events, [&](const EventRecord& event) {
    return event.reason == reason && event.type == EventType::Warning;
  });
}

void check_reported(const Inputs& inputs, const Plan& plan, const ExpectedHold& held) {
  if (held.is_quiet) {
    CHECK(plan.guard.state == inputs.guard.state);
    CHECK(plan.events.empty());
  } else if (held.freezes) {
    CHECK(plan.guard.state == api::State::Frozen);
    CHECK(plan.guard.reason == held.reason);
    CHECK(plan.guard.freeze->reason == held.reason);
    CHECK(plan.guard.freeze->since == moment);
    CHECK(emits_warning(plan, held.reason));
  } else {
    CHECK(plan.guard.state == api::State::Held);
    CHECK(plan.guard.reason == held.reason);
    CHECK_THAT(plan.guard.message, mentions(held.mentions));
    CHECK(plan.guard.blocked_by == held.blocked_by);
    CHECK(emits_warning(plan, Reason::RollbackHeld));
  }
  if (held.until) {
    REQUIRE(plan.requeue_at.has_value());
    CHECK(*plan.requeue_at <= moment + *held.until);
  }
}

}  // namespace

TEST_CASE(
    "blocks exactly in the rows that have a hold, with the reason and the message of the row") {
  for (const Chain& chain : chains()) {
    for (const GateRow& row : all_rows()) {
      const Gate* gate = find_gate(chain.gates, row.gate);
      if (!gate) continue;
      CAPTURE(chain.name, row.gate, row.name);
      const Inputs inputs = with_row(chain.inputs, row);
      const auto hold = gate->blocks(inputs, inputs.guard, moment);
      REQUIRE(hold.has_value() == row.held.has_value());
      if (hold) check_hold(*hold, *row.held);
    }
  }
}

TEST_CASE("blocks nothing before a row changes the inputs") {
  for (const Chain& chain : chains()) {
    CAPTURE(chain.name);
    CHECK_FALSE(first_hold(chain.gates, chain.inputs, chain.inputs.guard, moment).has_value());
  }
  const Inputs inputs = manual_request_inputs();
  CHECK_FALSE(first_rejection(request_gates(), inputs, inputs.guard, moment).has_value());
}

TEST_CASE("does not start a rollback that a gate blocks, and reports why") {
  for (const GateRow& row : all_rows()) {
    const bool is_in_chain =
        find_gate(write_gates(), row.gate) || find_gate(start_gates(), row.gate);
    // Nothing is reported while a Deployment is deleted: see the test below.
    if (!is_in_chain || !row.held || row.gate == std::string("Deleting")) continue;
    CAPTURE(row.gate, row.name);
    const Inputs inputs = with_row(breached_inputs(), row);
    const Plan plan = guard::decide(inputs, moment);
    CHECK_FALSE(std::holds_alternative<StartRollback>(plan.action));
    CHECK(std::holds_alternative<RecordObserved>(plan.action) ==
          (row.gate == std::string("Observing")));
    check_reported(inputs, plan, *row.held);
  }
}

TEST_CASE("does not resume a pending rollback that a gate blocks, and reports why") {
  for (const GateRow& row : all_rows()) {
    const bool is_in_chain = find_gate(write_gates(), row.gate) ||
                             find_gate(group_states_known_gates(), row.gate) ||
                             find_gate(resume_gates(), row.gate);
    // Nothing is reported while a Deployment is deleted: see the test below.
    if (!is_in_chain || !row.held || row.gate == std::string("Deleting")) continue;
    CAPTURE(row.gate, row.name);
    const Inputs inputs = with_row(pending_inputs(), row);
    const Plan plan = guard::decide(inputs, moment);
    CHECK(has_no_action(plan));
    check_reported(inputs, plan, *row.held);
  }
}

TEST_CASE("starts, resumes or accepts a rollback that nothing blocks") {
  CHECK(std::get<StartRollback>(guard::decide(breached_inputs(), moment).action).execute);
  CHECK(std::holds_alternative<ResumeRollback>(guard::decide(pending_inputs(), moment).action));
  CHECK(std::holds_alternative<BindRequest>(guard::decide(manual_request_inputs(), moment).action));
}

TEST_CASE("does and reports nothing when the Deployment is being deleted") {
  for (Inputs inputs : {breached_inputs(), pending_inputs()}) {
    inputs.deployment.meta.deleting = true;
    const Plan plan = guard::decide(inputs, moment);
    CHECK(has_no_action(plan));
    CHECK(plan.events.empty());
    CHECK(plan.guard.state == inputs.guard.state);
  }
}

TEST_CASE("rejects a request exactly in the rows that have a rejection, which force may override") {
  for (const RequestGateRow& row : request_gate_rows()) {
    CAPTURE(row.gate, row.name);
    const auto gates = request_gates();
    const auto gate = std::ranges::find(gates, std::string_view(row.gate), &RequestGate::name);
    REQUIRE(gate != gates.end());
    Inputs inputs = manual_request_inputs();
    row.given(inputs);
    const auto rejection = gate->rejects(inputs, inputs.guard, moment);
    REQUIRE(rejection.has_value() == row.rejection.has_value());
    if (!rejection) continue;
    CHECK(rejection->reason == row.rejection->reason);
    CHECK_FALSE(rejection->message.empty());
    CHECK_THAT(rejection->message, mentions(row.rejection->mentions));
    CHECK(rejection->is_temporary == row.rejection->is_temporary);
    CHECK(rejection->is_brief == row.rejection->is_brief);
    CHECK(gate->yields_to_force == row.yields_to_force);
    const auto first = first_rejection(gates, inputs, inputs.guard, moment);
    REQUIRE(first.has_value());
    CHECK(first->reason == row.rejection->reason);
    inputs.request->spec.force = true;
    CHECK(first_rejection(gates, inputs, inputs.guard, moment).has_value() == !row.yields_to_force);
  }
}

TEST_CASE("reports the reason of a rejected request and does nothing") {
  for (const RequestGateRow& row : request_gate_rows()) {
    if (!row.rejection) continue;
    CAPTURE(row.gate, row.name);
    Inputs inputs = manual_request_inputs();
    row.given(inputs);
    const Plan plan = guard::decide(inputs, moment);
    CHECK_FALSE(std::holds_alternative<BindRequest>(plan.action));
    CHECK(has_no_action(plan));
    const bool is_rejected = plan.request && api::finished(plan.request->phase);
    REQUIRE(is_rejected == !row.rejection->is_temporary);
    CHECK(emits_warning(plan, Reason::RollbackRejected) == !row.rejection->is_temporary);
    if (!is_rejected) continue;
    CHECK(plan.request->phase == api::RollbackPhase::Rejected);
    CHECK(plan.request->message.starts_with(api::to_string(row.rejection->reason)));
    CHECK_THAT(plan.request->message, mentions(row.rejection->mentions));
    CHECK(plan.request->message.contains(force_hint) == row.yields_to_force);
  }
}

TEST_CASE("has for each gate a row in which it blocks and a row in which it does not") {
  std::set<std::pair<std::string, bool>> blocked;
  for (const GateRow& row : all_rows()) blocked.emplace(row.gate, row.held.has_value());
  for (const Chain& chain : chains()) {
    for (const Gate& gate : chain.gates) {
      CAPTURE(chain.name, gate.name);
      CHECK(blocked.contains({std::string(gate.name), true}));
      CHECK(blocked.contains({std::string(gate.name), false}));
    }
  }
  std::set<std::pair<std::string, bool>> rejected;
  for (const RequestGateRow& row : request_gate_rows())
    rejected.emplace(row.gate, row.rejection.has_value());
  for (const RequestGate& gate : request_gates()) {
    CAPTURE(gate.name);
    CHECK(rejected.contains({std::string(gate.name), true}));
    CHECK(rejected.contains({std::string(gate.name), false}));
  }
}

TEST_CASE("has only write gates as evaluation gates, and evaluates in spite of PausedUntil") {
  for (const Gate& gate : evaluation_gates())
    CHECK(find_gate(write_gates(), std::string(gate.name).c_str()) != nullptr);
  CHECK(find_gate(evaluation_gates(), "PausedUntil") == nullptr);
}

TEST_CASE("has all write gates as forced write gates, except Suspended and PausedUntil") {
  for (const Gate& gate : write_gates()) {
    CAPTURE(gate.name);
    const bool is_overridden = gate.name == "Suspended" || gate.name == "PausedUntil";
    const Gate* forced = find_gate(forced_write_gates(), std::string(gate.name).c_str());
    CHECK((forced == nullptr) == is_overridden);
  }
}

TEST_CASE("overrides a missing reference, and nothing else, in a forced manual rollback") {
  Inputs inputs = pending_inputs();
  inputs.rollback->spec.force = true;
  inputs.preflight->ready = api::ConditionStatus::False;
  inputs.preflight->reason = Reason::MissingReference;
  const auto hold = [&] { return first_hold(manual_gates(), inputs, inputs.guard, moment); };
  CHECK(hold().has_value());
  inputs.rollback->spec.check.clear();
  CHECK_FALSE(hold().has_value());
  inputs.preflight->reason = Reason::AdmissionDenied;
  CHECK(hold().has_value());
}

TEST_CASE("does not pass the start gates without a breach") {
  Inputs inputs = breached_inputs();
  inputs.guard.checks.clear();
  const auto proof = pass_start_gates(inputs, inputs.guard, moment);
  REQUIRE_FALSE(proof.has_value());
  CHECK(proof.error().reason == Reason::Unconfirmed);
}

TEST_CASE("accepts a requested drill whose preflight fails") {
  Inputs inputs = manual_request_inputs();
  inputs.request->spec.drill = true;
  inputs.preflight->ready = api::ConditionStatus::False;
  for (const Reason reason : {Reason::MissingReference, Reason::AdmissionDenied}) {
    inputs.preflight->reason = reason;
    CHECK_FALSE(first_rejection(request_gates(), inputs, inputs.guard, moment).has_value());
  }
}

TEST_CASE("does not suggest force when it rejects a requested drill") {
  Inputs inputs = manual_request_inputs();
  inputs.request->spec.drill = true;
  inputs.policy.spec.suspend = true;
  const auto rejection = first_rejection(request_gates(), inputs, inputs.guard, moment);
  REQUIRE(rejection.has_value());
  CHECK_FALSE(rejection->message.contains(force_hint));
}

TEST_CASE("reports the first gate that blocks") {
  Inputs inputs = breached_inputs();
  inputs.deployment.paused = true;
  inputs.policy.spec.suspend = true;
  CHECK(first_hold(write_gates(), inputs, inputs.guard, moment)->reason == Reason::Suspended);
}
