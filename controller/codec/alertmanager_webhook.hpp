// The message of Alertmanager's webhook, version 4, which Alertmanager 0.25 to 0.35 send:
// https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "api/guard.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace lastgood::codec {

inline constexpr std::size_t max_webhook_size = std::size_t{1024} * 1024;  // bytes of the body
inline constexpr std::size_t max_webhook_alerts = 1000;

struct AlertmanagerMessage {
  std::vector<api::ReceivedAlert> alerts = {};  // also resolved ones: see `ends_at`
  std::int64_t truncated = 0;  // alerts that Alertmanager left out, because of max_alerts
  bool operator==(const AlertmanagerMessage&) const = default;
};

// Unknown fields are ignored: newer versions add some. Labels beyond the first 64 of an alert, and
// labels of more than 1 KiB, are left out. Times are rounded down to seconds. `now`: when the
// message arrived. The status of the whole group of alerts is not read, because a firing group can
// have resolved alerts.
// Errors:
//   TooLarge  a larger body, or more alerts
//   BadInput  another version, or an alert without status, fingerprint, startsAt or alertname
[[nodiscard]] Result<AlertmanagerMessage> parse_alertmanager_message(std::string_view body,
                                                                     Time now);

// The HTTP status for a message that was not stored:
//   4xx  the message is invalid, so a retry would not help. Alertmanager sends it again only late
//   503  this replica does not lead, or the API server fails. Alertmanager sends it again soon
[[nodiscard]] int webhook_status(ErrorKind error);

}  // namespace lastgood::codec
