// Every reason to reject a manual rollback, each a gate with a name. Private to guard/.
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
  bool is_temporary = false;  // not rejected: checked again in a while
  bool is_brief = false;      // temporary, and over in a moment: not worth a message
};

// Added to a rejection that spec.force overrides. The spec of a Rollback cannot be changed.
inline constexpr std::string_view force_hint =
    ". To do it anyway, create another Rollback with spec.force: true";

struct RequestGate {
  std::string_view name;
  std::optional<Rejection> (*rejects)(const Inputs& inputs, const api::GuardStatus& guard,
                                      Time now);
  bool yields_to_force = false;  // spec.force overrides it
};

// In their order. Precondition: `inputs.request` has a value.
[[nodiscard]] std::span<const RequestGate> request_gates();

[[nodiscard]] std::optional<Rejection> first_rejection(std::span<const RequestGate> gates,
                                                       const Inputs& inputs,
                                                       const api::GuardStatus& guard, Time now);

}  // namespace lastgood::guard
