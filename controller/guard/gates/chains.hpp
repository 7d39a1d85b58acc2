// Named chains of gates. The first gate of a chain that blocks determines the reason of the hold.
// Private to guard/.
#pragma once

#include <expected>
#include <optional>
#include <span>

#include "guard/gates/gate.hpp"

namespace lastgood::guard {

// Can the release be evaluated now? The time in which one of these gates blocks is not bake time.
[[nodiscard]] std::span<const Gate> evaluation_gates();

// May the Deployment be written at all? Evaluated before each write of a rollback.
[[nodiscard]] std::span<const Gate> write_gates();

// The write gates of a manual rollback with spec.force.
[[nodiscard]] std::span<const Gate> forced_write_gates();

// May a rollback start? Evaluated before the Rollback is recorded.
[[nodiscard]] std::span<const Gate> start_gates();

// May a recorded Rollback that has not changed anything be executed?
[[nodiscard]] std::span<const Gate> resume_gates();

// May a recorded Rollback be executed after another member of its group was restored? The checks
// and the breaker do not block it: they prevent less harm than a partly restored group does.
[[nodiscard]] std::span<const Gate> group_resume_gates();

// Is the state of every member of the group known? Evaluated before a recorded Rollback of a group
// is cancelled or resumed.
[[nodiscard]] std::span<const Gate> group_states_known_gates();

// May a recorded manual Rollback be executed?
[[nodiscard]] std::span<const Gate> manual_gates();

[[nodiscard]] std::optional<Hold> first_hold(std::span<const Gate> gates, const Inputs& inputs,
                                             const api::GuardStatus& guard, Time now);

// The data that the start gates prove: the breach that the release caused, and the target.
struct StartProof {
  api::CheckStatus breach;
  api::Revision target;
};

// The proof, without an evaluation of the gates. Empty if no established check has an actionable
// breach, or if there is no target.
[[nodiscard]] std::optional<StartProof> start_proof_without_gates(const Inputs& inputs,
                                                                  const api::GuardStatus& guard,
                                                                  Time now);

// Evaluates the write gates, then the start gates.
[[nodiscard]] std::expected<StartProof, Hold> pass_start_gates(const Inputs& inputs,
                                                               const api::GuardStatus& guard,
                                                               Time now);

}  // namespace lastgood::guard
