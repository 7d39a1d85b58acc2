// Turns the alerts that Alertmanager sent into a measurement of the check `alert`. They show that
// an alert fires. They never show that an application is healthy: if Prometheus dies, Alertmanager
// sends that all its alerts are resolved.
//
// Alertmanager does not say which labels the rule sets on all its alerts, such as severity. So an
// alert with all labels of matchLabels may be about another application, and only an alert that
// names a measured pod fails the check:
//
//   the alert has the name and matchLabels, and its labels are     it is
//   namespace="shop", pod="web-7f9c-a", a measured pod             counted
//   namespace="cart", or another pod                               ignored
//   without `pod`, or without `namespace`                          not placed
//
// Prometheus sends the time when the alert began to fire, which is later by the `for` of the rule
// than its cause. So an alert about all pods or about a pod that the release did not create never
// counts: its cause may be older than the release. See release_start.hpp.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "api/guard.hpp"
#include "api/measurement.hpp"
#include "base/time.hpp"
#include "checks/placement.hpp"
#include "checks/prometheus_answer.hpp"
#include "checks/release_start.hpp"

namespace lastgood::checks {

// An alert that was sent longer ago may have ended since: Alertmanager sends no end of an alert
// that is silenced, and none with `send_resolved: false`. Prometheus uses the same time: if it
// does not send an alert again for 4 minutes, Alertmanager takes it as resolved.
inline constexpr Duration max_received_age = std::chrono::minutes(4);

// The alerts from Alertmanager count if the state of the rule is not known from the server. They do
// not count if the server says that the rule is broken or stale: then the state is known.
[[nodiscard]] bool counts_received(api::Reason problem_of_server);

struct ReceivedInputs {
  const std::string& check;
  const std::string& alert;
  const Placement& placement;
  std::span<const api::ReceivedAlert> alerts;
  std::optional<MissingValue> server = {};  // why the server gave no answer; absent: no server
  ReleaseStart release = {};
};

// The first row that applies decides:
//   Unknown (AlertNotConfirmed)   an alert fires for a pod that the release did not create. The
//                                 baseline fails: new pods may fail later for the same cause
//   Fail (AlertFiring)            an alert fires. The baseline is as in measure_alert()
//   Unknown (AlertNotConfirmed)   an alert fires that is not placed, or that was sent longer than
//                                 max_received_age ago
//   Unknown (AlertNotConfirmed)   the alerts are resolved, or there is no alert and no server
//   Unknown, reason of `server`   there is no alert
[[nodiscard]] api::Measurement measure_received(const ReceivedInputs& inputs, Time now);

}  // namespace lastgood::checks
