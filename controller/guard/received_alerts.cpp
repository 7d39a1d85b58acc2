#include "guard/received_alerts.hpp"

#include <algorithm>
#include <tuple>
#include <variant>

#include "checks/placement.hpp"

namespace lastgood::guard {
namespace {

using api::ReceivedAlert;

const std::string* label_of(const ReceivedAlert& alert, const std::string& name) {
  const auto found = alert.labels.find(name);
  return found == alert.labels.end() ? nullptr : &found->second.str();
}

bool may_be_about(const ReceivedAlert& alert, const Key& deployment, const api::AlertCheck& check) {
  if (alert.name != check.alert || !checks::has_labels(alert.labels, check.match_labels))
    return false;
  const std::string* const namespace_ = label_of(alert, "namespace");
  const std::string* const pod = label_of(alert, "pod");
  if (namespace_ && *namespace_ != deployment.namespace_) return false;
  if (pod && !checks::may_be_pod_of(deployment.name, *pod)) return false;
  return !check.match_labels.empty() || (namespace_ && pod);
}

api::StringMap stored_labels(const ReceivedAlert& alert, const api::AlertCheck& check) {
  api::StringMap kept;
  std::size_t size = 0;
  const auto keep = [&](const std::string& name, const std::string& value) {
    size += name.size() + value.size();
    kept.emplace(name, value);
  };
  for (const auto& [name, value] : alert.labels) {
    const bool is_needed =
        name == "namespace" || name == "pod" || check.match_labels.contains(name);
    if (is_needed) keep(name, value);
  }
  for (const auto& [name, value] : alert.labels) {
    const bool fits = size + name.size() + value.size() <= max_stored_labels_size;
    if (fits && !kept.contains(name)) keep(name, value);
  }
  return kept;
}

// An alert that fires is stored again only after this time, because each one is a write.
constexpr Duration min_renewal = std::chrono::seconds(30);

// Whether `arrived` replaces `stored`, which has the same fingerprint. A later message that the
// alert still fires replaces it too: checks::measure_received() uses only alerts that were received
// recently.
bool replaces(const ReceivedAlert& arrived, const ReceivedAlert& stored) {
  if (arrived.starts_at != stored.starts_at) return arrived.starts_at > stored.starts_at;
  if (stored.ends_at) return false;
  if (arrived.ends_at) return true;
  return arrived.received &&
         (!stored.received || *arrived.received - *stored.received >= min_renewal);
}

// The order: alerts that fire, alerts with a pod, the newest. An alert without a pod fails no
// check.
bool precedes(const ReceivedAlert& one, const ReceivedAlert& other) {
  if (one.ends_at.has_value() != other.ends_at.has_value()) return !one.ends_at;
  const bool has_pod = label_of(one, "pod") != nullptr;
  if (has_pod != (label_of(other, "pod") != nullptr)) return has_pod;
  return std::tie(one.starts_at, one.fingerprint) > std::tie(other.starts_at, other.fingerprint);
}

}  // namespace

std::vector<ReceivedAlert> alerts_for(const Key& deployment, const api::PolicySpec& spec,
                                      std::span<const ReceivedAlert> alerts) {
  std::vector<ReceivedAlert> found;
  for (const api::Check& check : spec.checks) {
    const auto* const wanted = std::get_if<api::AlertCheck>(&check.kind);
    if (!wanted) continue;
    for (const ReceivedAlert& alert : alerts) {
      if (!may_be_about(alert, deployment, *wanted)) continue;
      found.push_back(alert);
      found.back().labels = stored_labels(alert, *wanted);
    }
  }
  return found;
}

std::vector<ReceivedAlert> with_alerts(std::vector<ReceivedAlert> stored,
                                       std::span<const ReceivedAlert> arrived) {
  for (const ReceivedAlert& alert : arrived) {
    const auto same = std::ranges::find(stored, alert.fingerprint, &ReceivedAlert::fingerprint);
    if (same == stored.end()) {
      stored.push_back(alert);
    } else if (replaces(alert, *same)) {
      *same = alert;
    }
  }
  std::ranges::sort(stored, precedes);
  if (stored.size() > max_received_alerts) stored.resize(max_received_alerts);
  return stored;
}

}  // namespace lastgood::guard
