#include "checks/rollout_measurement.hpp"

#include "api/policy.hpp"
#include "base/text.hpp"
#include "checks/message.hpp"

namespace lastgood::checks {

using api::Measurement;
using api::MeasurementResult;

Measurement rollout_measurement(MeasurementResult result, api::Reason reason,
                                const std::string& message) {
  return {.check = std::string(api::rollout_check),
          .result = result,
          .reason = reason,
          .message = clip(message, max_message_size)};
}

Measurement immediate_failure(api::Reason reason, const std::string& message) {
  auto measurement = rollout_measurement(MeasurementResult::Fail, reason, message);
  measurement.immediate = true;
  return measurement;
}

Measurement delayed_failure(Duration min_failing_time, api::Reason reason,
                            const std::string& message) {
  auto measurement = rollout_measurement(MeasurementResult::Fail, reason, message);
  measurement.min_failing_time = min_failing_time;
  return measurement;
}

}  // namespace lastgood::checks
