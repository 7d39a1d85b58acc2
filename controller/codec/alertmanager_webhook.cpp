#include "codec/alertmanager_webhook.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "codec/json_at.hpp"

namespace lastgood::codec {
namespace {

constexpr std::string_view version = "4";
constexpr std::size_t max_labels = 64;            // of an alert
constexpr std::size_t max_label_size = 1024;      // bytes of a name and a value together
constexpr std::size_t max_fingerprint_size = 64;  // bytes; Alertmanager sends 16 hex digits
constexpr std::size_t max_name_size = 253;        // bytes

std::unexpected<Error> invalid(std::string_view problem) {
  return fail(ErrorKind::BadInput,
              fmt::format("not a message of Alertmanager's webhook, version 4: {}", problem));
}

api::StringMap labels_of(const Json& alert) {
  api::StringMap labels;
  for (const auto& [name, value] : object_at(alert, {"labels"}).items()) {
    if (labels.size() == max_labels) break;
    if (!value.is_string()) continue;
    const auto& text = value.get_ref<const std::string&>();
    if (name.size() + text.size() <= max_label_size) labels.emplace(name, text);
  }
  return labels;
}

// Rounded down to whole seconds, as the status of a guard stores times: so an alert that is read
// back from the status is equal to the one that was stored.
std::optional<Time> in_seconds(const std::optional<Time>& time) {
  if (!time) return {};
  return std::chrono::floor<std::chrono::seconds>(*time);
}

// The end of a resolved alert. `now` if the message has no end: Alertmanager sends the time
// 0001-01-01T00:00:00Z for a missing end.
std::optional<Time> end_of(const Json& alert, Time now) {
  const auto end = parse_rfc3339(text_at(alert, {"endsAt"}));
  return in_seconds(end && *end > Time{} ? *end : now);
}

Result<api::ReceivedAlert> alert_of(const Json& alert, Time now) {
  const std::string status = text_at(alert, {"status"});
  if (status != "firing" && status != "resolved")
    return invalid(fmt::format("the status of an alert is {}", in_quotes(status)));
  api::ReceivedAlert found{.fingerprint = text_at(alert, {"fingerprint"}),
                           .name = text_at(alert, {"labels", "alertname"}),
                           .labels = labels_of(alert),
                           .starts_at = in_seconds(parse_rfc3339(text_at(alert, {"startsAt"}))),
                           .received = in_seconds(now)};
  if (found.fingerprint.empty() || found.fingerprint.size() > max_fingerprint_size)
    return invalid("the fingerprint of an alert is absent or too long");
  if (found.name.empty() || found.name.size() > max_name_size)
    return invalid("the label alertname of an alert is absent or too long");
  if (!found.starts_at) return invalid("startsAt of an alert is not a time");
  if (status == "resolved") found.ends_at = end_of(alert, now);
  return found;
}

}  // namespace

Result<AlertmanagerMessage> parse_alertmanager_message(std::string_view body, Time now) {
  if (body.size() > max_webhook_size)
    return fail(ErrorKind::TooLarge, "the message is larger than 1 MiB");
  const auto json = parse_json(body);
  if (!json) return invalid(json.error().message);
  if (text_at(*json, {"version"}) != version)
    return invalid(fmt::format("the version is {}", in_quotes(text_at(*json, {"version"}))));
  const Json* const alerts = find(*json, {"alerts"});
  if (!alerts || !alerts->is_array()) return invalid("it has no list of alerts");
  if (alerts->size() > max_webhook_alerts) {
    return fail(
        ErrorKind::TooLarge,
        fmt::format("the message has {} alerts, and at most {} are accepted; set max_alerts "
                    "of the webhook",
                    alerts->size(), max_webhook_alerts));
  }
  AlertmanagerMessage message{.truncated = number_at(*json, {"truncatedAlerts"})};
  for (const Json& alert : *alerts) {
    auto found = alert_of(alert, now);
    if (!found) return std::unexpected(found.error());
    message.alerts.push_back(*std::move(found));
  }
  return message;
}

int webhook_status(ErrorKind error) {
  switch (error) {
    case ErrorKind::BadInput: return 400;
    case ErrorKind::TooLarge: return 413;
    default: return 503;
  }
}

}  // namespace lastgood::codec
