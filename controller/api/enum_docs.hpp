// The documentation of each value of the enumerations that users see, and of each condition type.
// docs/reference.md is generated from these tables by `./dev reference`. Reasons: reasons.hpp.
#pragma once

#include <span>
#include <string_view>

#include "api/event.hpp"
#include "api/guard.hpp"
#include "api/policy.hpp"
#include "api/rollback.hpp"

namespace lastgood::api {

template <class Enum>
struct ValueDoc {
  Enum value;
  std::string_view meaning;      // Markdown
  std::string_view action = {};  // what a user has to do; empty: nothing
};

// One entry for each value, in the order of the enumeration.
[[nodiscard]] std::span<const ValueDoc<State>> state_docs();
[[nodiscard]] std::span<const ValueDoc<RevisionVerdict>> verdict_docs();
[[nodiscard]] std::span<const ValueDoc<MeasurementResult>> result_docs();
[[nodiscard]] std::span<const ValueDoc<Mode>> mode_docs();
[[nodiscard]] std::span<const ValueDoc<RollbackPhase>> phase_docs();

[[nodiscard]] std::span<const ValueDoc<EventAction>> action_docs();

struct ConditionDoc {
  std::string_view type;
  std::string_view kind;       // DeploymentGuard, RollbackPolicy or Rollback
  std::string_view if_true;    // Markdown
  std::string_view otherwise;  // False, and Unknown where the condition may have it
};

[[nodiscard]] std::span<const ConditionDoc> condition_docs();

}  // namespace lastgood::api
