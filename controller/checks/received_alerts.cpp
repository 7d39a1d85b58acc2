#include "checks/received_alerts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.hpp"
#include "checks/alert_baseline.hpp"
#include "checks/message.hpp"

namespace lastgood::checks {

using api::MeasurementResult;
using api::Reason;
using api::ReceivedAlert;

namespace {

std::string start_text(const ReceivedAlert& alert) {
  return alert.starts_at ? " since " + format_rfc3339(*alert.starts_at) : "";
}

// A baseline fails after two failures, because one may be chance. Prometheus has observed the alert
// for longer than Lastgood, so no second measurement is needed.
constexpr int enough_failures = 2;

// A failing baseline. It is recorded, because it also counts when the older pods are gone and new
// pods fail for the same cause.
api::BaselineResult baseline_of_older_pod(const ReceivedAlert& alert, const ReceivedInputs& inputs,
                                          Time now) {
  return {.result = MeasurementResult::Fail,
          .reason = Reason::AlertFiring,
          .message = clip(fmt::format("the alert of {} fires{}",
                                      text_of(alert.labels, inputs.placement), start_text(alert)),
                          max_message_size),
          .revision = "an older pod of the same revision",
          .consecutive_failures = enough_failures,
          .before = began_before(alert.labels, alert.starts_at, inputs.release),
          .at = now};
}

struct SortedAlerts {
  std::vector<const ReceivedAlert*> firing;     // placed, and sent recently
  const ReceivedAlert* outdated = nullptr;      // placed
  const ReceivedAlert* of_older_pod = nullptr;  // placed, of a pod that the release did not create
  const ReceivedAlert* not_placed = nullptr;
  const ReceivedAlert* resolved = nullptr;
};

// The label is there and has another value.
bool contradicts(const ReceivedAlert& alert, const char* label, const auto& is_wanted) {
  const auto found = alert.labels.find(label);
  return found != alert.labels.end() && !is_wanted(found->second);
}

bool is_about_others(const ReceivedAlert& alert, const ReceivedInputs& inputs) {
  const Placement& placement = inputs.placement;
  if (alert.name != inputs.alert || !has_labels(alert.labels, placement.match_labels)) return true;
  const auto is_namespace = [&](const std::string& value) { return value == placement.namespace_; };
  const auto is_pod = [&](const std::string& value) {
    return matches_namespace_and_pod({{"namespace", placement.namespace_}, {"pod", value}},
                                     placement);
  };
  return contradicts(alert, "namespace", is_namespace) || contradicts(alert, "pod", is_pod);
}

bool is_recent(const ReceivedAlert& alert, Time now) {
  return alert.received && now - *alert.received <= max_received_age &&
         *alert.received - now <= max_clock_skew;
}

SortedAlerts sorted(const ReceivedInputs& inputs, Time now) {
  SortedAlerts out;
  for (const ReceivedAlert& one : inputs.alerts) {
    if (is_about_others(one, inputs)) continue;
    if (one.ends_at) {
      out.resolved = &one;
    } else if (!matches_namespace_and_pod(one.labels, inputs.placement)) {
      out.not_placed = &one;
    } else if (inputs.release.pods && !names_new_pod(one.labels, inputs.release)) {
      out.of_older_pod = &one;
    } else if (is_recent(one, now)) {
      out.firing.push_back(&one);
    } else {
      out.outdated = &one;
    }
  }
  return out;
}

// "Alertmanager has sent that alert HighErrorRate fires for {pod="web-1"} since ..."
std::string sent_text(const ReceivedAlert& alert, const ReceivedInputs& inputs) {
  return fmt::format("Alertmanager has sent that alert {} fires for {}{}", clip(inputs.alert, 64),
                     text_of(alert.labels, inputs.placement), start_text(alert));
}

// "; the server ...": why the server gave no answer.
std::string server_text(const ReceivedInputs& inputs) {
  return inputs.server ? "; " + inputs.server->message : "";
}

// Why the alerts do not show whether one fires for the release. Empty: there are no alerts, or one
// fires.
std::string doubt_of(const SortedAlerts& alerts, const ReceivedInputs& inputs) {
  const std::string server = server_text(inputs);
  if (alerts.of_older_pod) {
    return fmt::format(
        "{}, but it is not known that the release created this pod, so the cause may be older; "
        "wait until the pods from before the release are gone, or set the address of a metrics "
        "server that responds{}",
        sent_text(*alerts.of_older_pod, inputs), server);
  }
  if (!alerts.firing.empty()) return "";
  if (alerts.outdated) {
    const auto& at = alerts.outdated->received;
    return fmt::format(
        "{}, but last at {}, more than {} ago, so it may have ended since; set repeat_interval and "
        "group_interval of the route to 1m, or set the address of a metrics server that responds{}",
        sent_text(*alerts.outdated, inputs), at ? format_rfc3339(*at) : "an unknown time",
        format_duration(max_received_age), server);
  }
  if (alerts.not_placed) {
    return fmt::format(
        "{}, but without the labels namespace and pod of a pod of the revision, so it may be about "
        "another application; keep these labels in the rule, or set the address of a metrics "
        "server that responds{}",
        sent_text(*alerts.not_placed, inputs), server);
  }
  if (alerts.resolved) {
    return fmt::format(
        "Alertmanager has sent that alert {} was resolved at {}, which does not show that it is "
        "inactive: only a metrics server does{}",
        clip(inputs.alert, 64), format_rfc3339(*alerts.resolved->ends_at),
        inputs.server ? server : "; set the address of the server");
  }
  return "";
}

}  // namespace

bool counts_received(Reason problem_of_server) {
  switch (problem_of_server) {
    case Reason::RuleUnhealthy:
    case Reason::RuleStale:
    case Reason::ClockSkew:
    case Reason::LabelsRemoved:
    case Reason::AlertNotConfirmed:
    case Reason::NoPodsToProbe: return false;
    default: return true;
  }
}

api::Measurement measure_received(const ReceivedInputs& inputs, Time now) {
  const SortedAlerts alerts = sorted(inputs, now);
  const auto measurement = [&](MeasurementResult result, Reason reason,
                               const std::string& message) {
    return api::Measurement{.check = inputs.check,
                            .result = result,
                            .reason = reason,
                            .message = clip(on_one_line(message, ' '), max_message_size),
                            .at = now};
  };
  const auto unknown = [&](Reason reason, const std::string& message) {
    return measurement(MeasurementResult::Unknown, reason, message);
  };
  if (const std::string doubt = doubt_of(alerts, inputs); !doubt.empty()) {
    auto doubtful = unknown(Reason::AlertNotConfirmed, doubt);
    if (alerts.of_older_pod)
      doubtful.baseline = baseline_of_older_pod(*alerts.of_older_pod, inputs, now);
    return doubtful;
  }
  if (!alerts.firing.empty()) {
    auto failure = measurement(MeasurementResult::Fail, Reason::AlertFiring,
                               sent_text(*alerts.firing.front(), inputs) + server_text(inputs));
    failure.names_pods = std::ranges::all_of(alerts.firing, [&](const ReceivedAlert* alert) {
      return pod_label_names_measured_pod(alert->labels, inputs.placement);
    });
    std::vector<FiringAlert> firing;
    for (const ReceivedAlert* one : alerts.firing) {
      firing.push_back(
          {.labels = &one->labels, .placement = &inputs.placement, .since = one->starts_at});
    }
    failure.baseline = alert_baseline(firing, inputs.release, now);
    return failure;
  }
  const std::string name = clip(inputs.alert, 64);
  if (inputs.server)
    return unknown(inputs.server->reason,
                   fmt::format("alert {}: {}", name, inputs.server->message));
  return unknown(
      Reason::AlertNotConfirmed,
      fmt::format("Alertmanager has sent no alert {}, which does not show that it is inactive; set "
                  "the address of the metrics server",
                  name));
}

}  // namespace lastgood::checks
