// The golden table of decide/: for each rule rows in which it holds back and rows in which it does
// not. What a row says is asked of the rule alone, and of a whole plan.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "guard/gates/gate.hpp"
#include "guard/gates/request_gates.hpp"
#include "harness.hpp"

namespace lastgood::guard::test {

// The moment of the worlds below.
inline constexpr Time moment = noon + 30s;

// v2 is breached just now, v1 is good and kept: nothing holds.
[[nodiscard]] Inputs breached_world();
// Its rollback is recorded, and nothing is touched yet: nothing holds.
[[nodiscard]] Inputs pending_world();
// v2 is good too, and a person asks for the last good revision before it: nothing is refused.
[[nodiscard]] Inputs requested_world();

// A rollback of breached_world()'s release that is over.
[[nodiscard]] api::Rollback finished_rollback(
    const Inputs& inputs, api::RollbackPhase phase = api::RollbackPhase::Failed);

// Deployment `name` of the group "shop", released at the same time and judged like "web".
[[nodiscard]] GroupMember member(const std::string& name, int order = 0);
// Whose rollback calls `members` back, "web" among them.
[[nodiscard]] GroupMember leader(const std::string& name, std::vector<std::string> members);

struct ExpectedHold {
  Reason reason = Reason::None;
  std::vector<std::string> mentions = {};  // names and figures that the message must have
  std::optional<Duration> until = {};      // from `moment`
  bool freezes = false;
  bool is_quiet = false;
  std::string blocked_by = {};
};

struct ExpectedRejection {
  Reason reason = Reason::None;
  std::vector<std::string> mentions = {};
  bool is_passing = false;
};

struct HoldRow {
  const char* rule;  // in each table that has it
  const char* name;
  void (*given)(Inputs&);
  std::optional<ExpectedHold> held = {};  // nothing: the rule does not hold
};
[[nodiscard]] const std::vector<HoldRow>& rows_on_touching();
[[nodiscard]] const std::vector<HoldRow>& rows_on_evidence();
[[nodiscard]] const std::vector<HoldRow>& rows_on_limits();
[[nodiscard]] const std::vector<HoldRow>& rows_on_groups();
[[nodiscard]] const std::vector<HoldRow>& rows_on_group_calls();

struct RefusalRow {
  const char* rule;
  const char* name;
  void (*given)(Inputs&);
  std::optional<ExpectedRejection> rejection = {};
  bool yields_to_force = false;
};
[[nodiscard]] const std::vector<RefusalRow>& rows_on_requests();

}  // namespace lastgood::guard::test
