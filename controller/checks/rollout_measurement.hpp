// Makes the measurements of the rollout check.
#pragma once

#include <string>

#include "api/measurement.hpp"

namespace lastgood::checks {

// The message is clipped to max_message_size.
[[nodiscard]] api::Measurement rollout_measurement(api::MeasurementResult result,
                                                   api::Reason reason, const std::string& message);

// A Fail that breaches the check immediately, without regard to the failure threshold.
[[nodiscard]] api::Measurement immediate_failure(api::Reason reason, const std::string& message);

// A Fail that breaches the check after it has lasted for `min_failing_time`.
[[nodiscard]] api::Measurement delayed_failure(Duration min_failing_time, api::Reason reason,
                                               const std::string& message);

}  // namespace lastgood::checks
