// Rollbacks that a person asks for: which revision is meant, and every reason to refuse, each a
// rule with a name.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "guard/inputs.hpp"

namespace lastgood::guard {

struct Rejection {
  Reason reason = Reason::None;
  std::string message;      // for a person: why, and what would help
  bool is_passing = false;  // not refused for good: looked at again in a while
  bool is_brief = false;    // or in a moment, so that it is not worth a word
};

// What is said of a rejection that yields to force: spec.force of the same Rollback cannot be
// changed.
inline constexpr std::string_view force_hint =
    ". Another Rollback with spec.force: true is done all the same";

struct RequestGate {
  std::string_view name;
  std::optional<Rejection> (*rejects)(const Inputs& inputs, const api::GuardStatus& guard,
                                      Time now);
  bool yields_to_force = false;  // not where spec.force says to do it all the same
};

// In the order in which they are asked. inputs.request is there.
[[nodiscard]] std::span<const RequestGate> request_gates();

[[nodiscard]] std::optional<Rejection> first_rejection(std::span<const RequestGate> rules,
                                                       const Inputs& inputs,
                                                       const api::GuardStatus& guard, Time now);

// The revision that is to be put back of ourselves: of what is recorded and not touched yet its
// own, else the last good one. Whatever a person asks for.
[[nodiscard]] std::optional<api::Revision> due_target(const Inputs& inputs,
                                                      const api::GuardStatus& guard);

// The same where nobody asks for another one.
[[nodiscard]] std::optional<api::Revision> wanted_target(const Inputs& inputs,
                                                         const api::GuardStatus& guard);

// What a request becomes whose Deployment does not exist, or that nothing guards: nobody else would
// answer it.
[[nodiscard]] api::RollbackStatus refuse_unguarded(const api::Rollback& request, bool exists,
                                                   Time now);

}  // namespace lastgood::guard
