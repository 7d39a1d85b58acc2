// A gate is a named rule that can block a rollback. chains.hpp puts the gates in order. Private to
// guard/.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "guard/inputs.hpp"

namespace lastgood::guard {

struct Hold {
  Reason reason = Reason::None;
  std::string blocked_by;          // the other Deployment that blocks the rollback; empty: none
  std::string message;             // for users: why, and what ends it
  std::optional<Time> until = {};  // when the hold ends by itself, or is evaluated again
  bool freezes = false;            // the state becomes Frozen: only a user ends it
  bool is_quiet = false;           // ends in a moment: no Event, and the state stays
};

struct Gate {
  std::string_view name;
  std::optional<Hold> (*blocks)(const Inputs& inputs, const api::GuardStatus& guard, Time now);
};

}  // namespace lastgood::guard
