// The alerts that Alertmanager sends: which Deployments they may be about, and which are stored in
// the status of a guard.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "api/guard.hpp"
#include "api/policy.hpp"
#include "base/names.hpp"

namespace lastgood::guard {

inline constexpr std::size_t max_received_alerts = 20;
inline constexpr std::size_t max_stored_labels_size = 1024;  // bytes of the labels of one alert

// The alerts of one message that are stored for a Deployment.
//
// An alert may be about the Deployment if a check `alert` has its name, it has all matchLabels, and
// it names no other namespace or pod of another Deployment. Without matchLabels, it must name both.
// checks::measure_received() decides whether it counts. Only some labels are stored: those that
// place the alert, and others up to max_stored_labels_size.
[[nodiscard]] std::vector<api::ReceivedAlert> alerts_for(
    const Key& deployment, const api::PolicySpec& spec, std::span<const api::ReceivedAlert> alerts);

// Adds alerts to those of a guard. A message that is sent again within 30 s changes nothing. Of a
// fingerprint, the last start counts, and one with the same start that ended does not fire. If
// there are more than max_received_alerts, those that fire, with a pod, and the newest are kept.
[[nodiscard]] std::vector<api::ReceivedAlert> with_alerts(
    std::vector<api::ReceivedAlert> stored, std::span<const api::ReceivedAlert> arrived);

}  // namespace lastgood::guard
