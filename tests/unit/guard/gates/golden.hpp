// The golden table of the gates. Each gate has rows in which it blocks, and rows in which it does
// not block. golden_test.cpp applies each row to the gate alone, and to a whole plan.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "guard/gates/chains.hpp"
#include "guard/gates/request_gates.hpp"
#include "unit/guard/group/members.hpp"
#include "unit/guard/harness.hpp"

namespace lastgood::guard::test {

// The time of the inputs below.
inline constexpr Time moment = noon + 30s;

// v2 was just breached, and v1 is good and has a snapshot: no gate blocks.
[[nodiscard]] Inputs breached_inputs();
// The Rollback of v2 is recorded, and the Deployment is not changed yet: no gate blocks.
[[nodiscard]] Inputs pending_inputs();
// v1 and v2 are good, and a user requests a rollback without naming a revision: no gate rejects it.
[[nodiscard]] Inputs manual_request_inputs();
// v2 is evaluated since noon, in the group "shop". "api" has just initiated a group rollback of
// "api" and "web".
[[nodiscard]] Inputs member_inputs();

// A finished Rollback of the release of `breached_inputs`.
[[nodiscard]] api::Rollback finished_rollback(
    const Inputs& inputs, api::RollbackPhase phase = api::RollbackPhase::Failed);

// The hold that a gate returns. The fields are those of Hold.
struct ExpectedHold {
  Reason reason = Reason::None;
  std::vector<std::string> mentions = {};  // names and numbers that the message must have
  std::optional<Duration> until = {};      // counted from `moment`
  bool freezes = false;                    // the state becomes Frozen instead of Held
  bool is_quiet = false;                   // the state stays, and no Event is emitted
  std::string blocked_by = {};             // the other Deployment that blocks the rollback
};

// The rejection that a gate of a manual rollback returns. The fields are those of Rejection.
struct ExpectedRejection {
  Reason reason = Reason::None;
  std::vector<std::string> mentions = {};
  bool is_temporary = false;  // the request waits and is not rejected for good
  bool is_brief = false;      // the wait is so short that users get no message
};

struct GateRow {
  const char* gate;  // the row applies to each chain that has this gate
  const char* name;
  void (*given)(Inputs&);
  std::optional<ExpectedHold> held = {};  // empty: the gate does not block
};
[[nodiscard]] const std::vector<GateRow>& write_gate_rows();
[[nodiscard]] const std::vector<GateRow>& evidence_gate_rows();
[[nodiscard]] const std::vector<GateRow>& limit_gate_rows();
[[nodiscard]] const std::vector<GateRow>& group_start_gate_rows();
[[nodiscard]] const std::vector<GateRow>& group_resume_gate_rows();

struct RequestGateRow {
  const char* gate;
  const char* name;
  void (*given)(Inputs&);
  std::optional<ExpectedRejection> rejection = {};  // empty: the gate does not reject
  bool yields_to_force = false;                     // spec.force overrides the gate
};
[[nodiscard]] const std::vector<RequestGateRow>& request_gate_rows();

}  // namespace lastgood::guard::test
