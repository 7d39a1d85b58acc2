// Every reason not to touch a Deployment whose release is breached, each a rule with a name.
// A rule holds back by saying why; the first that does gives the state Held its reason.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "decide/world.hpp"

namespace lastgood::decide {

struct Hold {
  std::string reason;              // the rule's name
  std::string message;             // for a person: why, and what would release it
  std::optional<Time> until = {};  // when it ends by itself
};

struct HoldRule {
  std::string_view name;
  std::optional<Hold> (*holds)(const World& world, const api::GuardStatus& guard, Time now);
};

// Is there anything to be learnt from it now? What these hold back is neither judged nor proven by the passing of time.
[[nodiscard]] std::span<const HoldRule> judge_rules();

// May the Deployment be touched at all? Asked before a rollback begins and again before each of its writes.
[[nodiscard]] std::span<const HoldRule> touch_rules();

// May a rollback begin? Asked once more before the Rollback is written.
[[nodiscard]] std::span<const HoldRule> begin_rules();

[[nodiscard]] std::optional<Hold> first_hold(std::span<const HoldRule> rules, const World& world, const api::GuardStatus& guard,
                                             Time now);

}  // namespace lastgood::decide
