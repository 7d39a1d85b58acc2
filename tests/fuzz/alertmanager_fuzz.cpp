// The message of Alertmanager's webhook.
#include "codec/alertmanager_webhook.hpp"
#include "fuzz.hpp"

using namespace lastgood;
using namespace lastgood::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr Time now{std::chrono::seconds(1795907975)};
  const auto message = codec::parse_alertmanager_message(text_of(data, size), now);
  if (!message) {
    require_message(message.error().message, 1024);
    const bool is_permanent =
        message.error().kind == ErrorKind::BadInput || message.error().kind == ErrorKind::TooLarge;
    require(is_permanent, "an invalid message is BadInput or TooLarge");
    require(codec::webhook_status(message.error().kind) / 100 == 4, "a retry would not help");
    return 0;
  }
  require(message->alerts.size() <= codec::max_webhook_alerts, "the alerts have a limit");
  for (const api::ReceivedAlert& alert : message->alerts) {
    require(alert.labels.size() <= 64, "the labels of an alert have a limit");
    for (const auto& [name, value] : alert.labels)
      require(name.size() <= 1024 && value.size() <= 1024, "a label has a limit");
    require(alert.starts_at.has_value(), "an alert has a start");
    require(alert.received.has_value() && *alert.received <= now, "an alert arrived now");
  }
  return 0;
}
