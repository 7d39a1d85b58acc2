// The chains of gates, each with a name. The first gate of a chain that blocks gives the state Held
// its reason. Private to guard/.
#pragma once

#include <expected>
#include <optional>
#include <span>

#include "guard/gates/gate.hpp"

namespace lastgood::guard {

// Can the release be evaluated now? While one of these blocks, time proves nothing.
[[nodiscard]] std::span<const Gate> evaluation_gates();

// May the Deployment be written at all? Asked before each write of a rollback.
[[nodiscard]] std::span<const Gate> write_gates();

// The same for a manual rollback with spec.force.
[[nodiscard]] std::span<const Gate> forced_write_gates();

// May a rollback start? Asked before the Rollback is recorded.
[[nodiscard]] std::span<const Gate> start_gates();

// May a recorded Rollback that has not changed anything be executed?
[[nodiscard]] std::span<const Gate> resume_gates();

// The same after another member of its group was restored. The checks and the breaker are not asked
// any more: half of a restored group is worse than what they would prevent.
[[nodiscard]] std::span<const Gate> group_resume_gates();

// Is the state of every member of the group known? Asked before a recorded Rollback of a group is
// cancelled or resumed.
[[nodiscard]] std::span<const Gate> group_known_gates();

// May a recorded manual Rollback be executed?
[[nodiscard]] std::span<const Gate> manual_gates();

[[nodiscard]] std::optional<Hold> first_hold(std::span<const Gate> gates, const Inputs& inputs,
                                             const api::GuardStatus& guard, Time now);

// The proof of the start gates: the breach, which the release caused, and the rollback target.
struct StartProof {
  api::CheckStatus breach;
  api::Revision target;
};

// The proof alone, without asking the gates; empty while there is no such breach or no target.
[[nodiscard]] std::optional<StartProof> proven_start(const Inputs& inputs,
                                                     const api::GuardStatus& guard, Time now);

// Asks the write gates, then the start gates.
[[nodiscard]] std::expected<StartProof, Hold> pass_start_gates(const Inputs& inputs,
                                                               const api::GuardStatus& guard,
                                                               Time now);

}  // namespace lastgood::guard
