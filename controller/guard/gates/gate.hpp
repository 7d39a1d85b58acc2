// A gate: one reason not to roll a breached release back, a rule with a name. chains.hpp puts the
// gates in order. Private to guard/.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "guard/inputs.hpp"

namespace lastgood::guard {

struct Hold {
  Reason reason = Reason::None;
  std::string blocked_by;          // the Deployment that blocks it; empty: none does
  std::string message;             // for users: why, and what ends it
  std::optional<Time> until = {};  // when it ends by itself, or is checked again
  bool freezes = false;            // only a user ends it
  bool is_quiet = false;           // over in a moment: no Event and no change of the state
};

struct Gate {
  std::string_view name;
  std::optional<Hold> (*blocks)(const Inputs& inputs, const api::GuardStatus& guard, Time now);
};

}  // namespace lastgood::guard
