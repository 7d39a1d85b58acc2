#include "checks/received_alerts.hpp"

#include <fmt/format.h>

#include <vector>

#include "base/text.hpp"
#include "checks/message.hpp"

namespace lastgood::checks {

using api::MeasurementResult;
using api::Reason;
using api::ReceivedAlert;

namespace {

std::string start_text(const ReceivedAlert& alert) {
  return alert.starts_at ? " since " + format_rfc3339(*alert.starts_at) : "";
}

std::optional<api::BaselineResult> baseline_of(const std::vector<const ReceivedAlert*>& firing,
                                               const ReceivedInputs& inputs, Time now) {
  for (const ReceivedAlert* alert : firing) {
    const bool is_older =
        inputs.released && alert->starts_at && *alert->starts_at < *inputs.released;
    if (!is_older) continue;
    constexpr int enough_failures = 2;
    return api::BaselineResult{
        .result = MeasurementResult::Fail,
        .reason = Reason::AlertFiring,
        .message = clip(fmt::format("the alert of {} was firing before the release{}",
                                    text_of(alert->labels, inputs.placement), start_text(*alert)),
                        max_message_size),
        .revision = "the revision before",
        .consecutive_failures = enough_failures,
        .before = true,
        .at = now};
  }
  return {};
}

}  // namespace

bool is_received_for(const ReceivedAlert& received, const std::string& alert,
                     const Placement& placement, const std::string& deployment) {
  if (received.name != alert || !is_placed(received.labels, placement)) return false;
  const auto pod = received.labels.find("pod");
  const bool is_own = pod == received.labels.end() || pod->second.starts_with(deployment + "-");
  return is_own || placement.match_labels.contains("pod");
}

bool counts_received(Reason problem_of_server) {
  switch (problem_of_server) {
    case Reason::RuleUnhealthy:
    case Reason::RuleStale:
    case Reason::ClockSkew:
    case Reason::LabelsRemoved:
    case Reason::NoPodsToProbe: return false;
    default: return true;
  }
}

api::Measurement measure_received(const ReceivedInputs& inputs, Time now) {
  std::vector<const ReceivedAlert*> firing;
  const ReceivedAlert* resolved = nullptr;
  for (const ReceivedAlert& one : inputs.alerts) {
    if (!is_received_for(one, inputs.alert, inputs.placement, inputs.deployment)) continue;
    if (one.ends_at) {
      resolved = &one;
    } else {
      firing.push_back(&one);
    }
  }
  const std::string server = inputs.server ? "; " + inputs.server->message : "";
  const auto measurement = [&](MeasurementResult result, Reason reason,
                               const std::string& message) {
    return api::Measurement{.check = inputs.check,
                            .result = result,
                            .reason = reason,
                            .message = clip(on_one_line(message, ' '), max_message_size),
                            .at = now};
  };
  const std::string name = clip(inputs.alert, 64);
  if (!firing.empty()) {
    auto failure = measurement(MeasurementResult::Fail, Reason::AlertFiring,
                               fmt::format("Alertmanager has sent that alert {} fires for {}{}{}",
                                           name, text_of(firing.front()->labels, inputs.placement),
                                           start_text(*firing.front()), server));
    failure.baseline = baseline_of(firing, inputs, now);
    return failure;
  }
  if (resolved) {
    return measurement(
        MeasurementResult::Unknown, Reason::AlertNotConfirmed,
        fmt::format("Alertmanager has sent that alert {} was resolved at {}, which does not show "
                    "that it is inactive: only a metrics server does{}",
                    name, format_rfc3339(*resolved->ends_at),
                    inputs.server ? server : "; set the address of the server"));
  }
  if (inputs.server)
    return measurement(MeasurementResult::Unknown, inputs.server->reason,
                       fmt::format("alert {}: {}", name, inputs.server->message));
  return measurement(
      MeasurementResult::Unknown, Reason::AlertNotConfirmed,
      fmt::format("Alertmanager has sent no alert {}, which does not show that it is inactive; set "
                  "the address of the metrics server",
                  name));
}

}  // namespace lastgood::checks
