// Every reason not to touch a Deployment whose release is breached, each a rule with a name.
// A rule holds back by saying why; the first that does gives the state Held its reason.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "guard/inputs.hpp"

namespace lastgood::guard {

struct Hold {
  Reason reason = Reason::None;    // the rule's name, or of Preflight what it found
  std::string blocked_by;          // the Deployment that blocks it; empty: none does
  std::string message;             // for a person: why, and what would release it
  std::optional<Time> until = {};  // when it ends by itself, or is looked at again
  bool freezes = false;            // only a person ends it
  bool is_quiet = false;           // over in a moment: not worth an Event nor a state of its own
};

struct Gate {
  std::string_view name;
  std::optional<Hold> (*blocks)(const Inputs& inputs, const api::GuardStatus& guard, Time now);
};

// Is there anything to be learnt from it now? What these hold back is neither judged nor proven by
// the passing of time.
[[nodiscard]] std::span<const Gate> evaluation_gates();

// May the Deployment be touched at all? Asked before a rollback begins and again before each of its
// writes.
[[nodiscard]] std::span<const Gate> write_gates();

// The same of a rollback that a person asked for with spec.force.
[[nodiscard]] std::span<const Gate> forced_write_gates();

// May a rollback begin? Asked before the Rollback is written; until then nothing is.
[[nodiscard]] std::span<const Gate> start_gates();

// May a Rollback that is recorded, but has not touched anything yet, be carried out?
[[nodiscard]] std::span<const Gate> resume_gates();
// The same where others of its group have gone back already. The fleet and the checks are not asked
// any more: half of a group is worse than what they would spare it, and the others are among those
// that the breaker counts.
[[nodiscard]] std::span<const Gate> group_resume_gates();
// Before a recorded Rollback is called off or gone on with: what the others of its group are at
// must be known.
[[nodiscard]] std::span<const Gate> group_known_gates();
// May one that is recorded be carried out where a person asked for it?
[[nodiscard]] std::span<const Gate> manual_gates();

[[nodiscard]] std::optional<Hold> first_hold(std::span<const Gate> rules, const Inputs& inputs,
                                             const api::GuardStatus& guard, Time now);

}  // namespace lastgood::guard
