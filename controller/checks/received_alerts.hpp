// Turns the alerts that Alertmanager sent into a measurement of the check `alert`. They show that
// an alert fires. They never show that an application is healthy: if Prometheus dies, Alertmanager
// sends that all its alerts are resolved.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "api/guard.hpp"
#include "api/measurement.hpp"
#include "base/time.hpp"
#include "checks/placement.hpp"
#include "checks/prometheus_answer.hpp"

namespace lastgood::checks {

// The alert has the name and the labels. Alertmanager does not say which labels are of the rule, so
// a label `pod` of another Deployment excludes it too.
[[nodiscard]] bool is_received_for(const api::ReceivedAlert& received, const std::string& alert,
                                   const Placement& placement, const std::string& deployment);

// Alertmanager's alerts count if the state of the rule is not known from the server. A server that
// says that a rule is broken or stale has been asked.
[[nodiscard]] bool counts_received(api::Reason problem_of_server);

struct ReceivedInputs {
  const std::string& check;
  const std::string& alert;
  const Placement& placement;
  const std::string& deployment;  // name
  std::span<const api::ReceivedAlert> alerts;
  std::optional<MissingValue> server = {};  // why the server was not asked; absent: there is none
  std::optional<Time> released = {};        // see measure_alert()
};
//   Fail (AlertFiring)            an alert fires. The baseline is as in measure_alert()
//   Unknown (AlertNotConfirmed)   the alerts are resolved, or there are none and no server
//   Unknown, reason of `server`   there are no alerts
[[nodiscard]] api::Measurement measure_received(const ReceivedInputs& inputs, Time now);

}  // namespace lastgood::checks
