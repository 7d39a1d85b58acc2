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
// An alert may be about the Deployment if all of this is true for a check `alert`:
// - The check names the alert.
// - The alert has all matchLabels of the check.
// - Its labels `namespace` and `pod` fit the Deployment. It must have both labels if the check has
//   no matchLabels.
// checks::measure_received() decides whether the alert counts. Only some of its labels are stored:
// `namespace`, `pod` and those of matchLabels, and others up to max_stored_labels_size.
[[nodiscard]] std::vector<api::ReceivedAlert> alerts_for(
    const Key& deployment, const api::PolicySpec& spec, std::span<const api::ReceivedAlert> alerts);

// Adds alerts to those of a guard. A message that is sent again within 30 s changes nothing. If two
// alerts have the same fingerprint, the one with the later start stays. If they also have the same
// start, one that has ended replaces one that fires. At most max_received_alerts stay: first those
// that fire, then those with a pod, then the newest.
[[nodiscard]] std::vector<api::ReceivedAlert> with_alerts(
    std::vector<api::ReceivedAlert> stored, std::span<const api::ReceivedAlert> arrived);

}  // namespace lastgood::guard
