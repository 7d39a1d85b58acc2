// Manual rollbacks: which revision the user means, and every reason to reject the request, each a
// gate with a name. Private to guard/, but for the targets and reject_unguarded.
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
    ". To do it all the same, create another Rollback with spec.force: true";

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

// Target of an automatic rollback: the pending Rollback's target, else the last good revision.
[[nodiscard]] std::optional<api::Revision> due_target(const Inputs& inputs,
                                                      const api::GuardStatus& guard);

// Target of the manual request, if there is one and no Rollback is pending; else `due_target`.
[[nodiscard]] std::optional<api::Revision> wanted_target(const Inputs& inputs,
                                                         const api::GuardStatus& guard);

// The status of a request whose Deployment does not exist (`exists` is false) or is not guarded.
[[nodiscard]] api::RollbackStatus reject_unguarded(const api::Rollback& request, bool exists,
                                                   Time now);

}  // namespace lastgood::guard
