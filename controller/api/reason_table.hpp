// The parts of reason_table(), one function for each ReasonPlace, two for checks. Private to api/.
#pragma once

#include <span>

#include "api/reasons.hpp"

namespace lastgood::api {

[[nodiscard]] std::span<const ReasonEntry> state_reasons();
[[nodiscard]] std::span<const ReasonEntry> hold_reasons();
[[nodiscard]] std::span<const ReasonEntry> rejection_reasons();
[[nodiscard]] std::span<const ReasonEntry> preflight_reasons();
[[nodiscard]] std::span<const ReasonEntry> policy_reasons();
[[nodiscard]] std::span<const ReasonEntry> check_reasons();
[[nodiscard]] std::span<const ReasonEntry> metrics_reasons();
[[nodiscard]] std::span<const ReasonEntry> event_reasons();

}  // namespace lastgood::api
