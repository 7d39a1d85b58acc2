// The gates of a manual rollback. Each is a named rule that can reject the request. Private to
// guard/.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "guard/inputs.hpp"

namespace lastgood::guard {

struct Rejection {
  Reason reason = Reason::None;
  std::string message;        // for users: why, and what would help
  bool is_temporary = false;  // the request waits: the gate is evaluated again later
  bool is_brief = false;      // temporary and over in a moment: users get no message
};

// Added to the message of a rejection that spec.force overrides. The user has to create another
// Rollback, because the spec of a Rollback cannot be changed.
inline constexpr std::string_view force_hint =
    ". To do it anyway, create another Rollback with spec.force: true";

struct RequestGate {
  std::string_view name;
  std::optional<Rejection> (*rejects)(const Inputs& inputs, const api::GuardStatus& guard,
                                      Time now);
  bool yields_to_force = false;  // spec.force overrides the gate
};

// In the order of their evaluation. Precondition of each gate: `inputs.request` has a value.
[[nodiscard]] std::span<const RequestGate> request_gates();

[[nodiscard]] std::optional<Rejection> first_rejection(std::span<const RequestGate> gates,
                                                       const Inputs& inputs,
                                                       const api::GuardStatus& guard, Time now);

}  // namespace lastgood::guard
