#include "checks/http_measurement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <vector>

#include "base/text.hpp"
#include "checks/container.hpp"
#include "checks/message.hpp"
#include "checks/no_response.hpp"
#include "checks/silence.hpp"
#include "codec/values.hpp"

namespace lastgood::checks {
namespace {

using api::ProbeOutcome;
using api::Reason;

Reason reason_of_response(const api::HttpCheck& http, const api::ProbeResponse& response) {
  if (response.outcome != ProbeOutcome::Answered) return reason_of(response.outcome);
  const auto includes_status = [&](const api::StatusRange& range) {
    return range.from <= response.status && response.status <= range.to;
  };
  return std::ranges::any_of(http.expected, includes_status) ? Reason::Passed : Reason::WrongStatus;
}

Reason reason_of(const api::HttpCheck& http, const ProbeResult& result) {
  const Reason reason = reason_of_response(http, result.response);
  if (reason == Reason::Passed || reason == Reason::DNSLookupFailed ||
      reason == Reason::Unreachable)
    return reason;
  switch (result.exclusion) {
    case ExclusionReason::None: return reason;
    case ExclusionReason::Terminating: return Reason::PodsTerminating;
    case ExclusionReason::Starting: return Reason::PodsStarting;
    case ExclusionReason::Late: return Reason::ProbeLate;
    case ExclusionReason::Blocked: return Reason::ProbeBlocked;
    case ExclusionReason::NeverResponded: return Reason::Unreachable;
    case ExclusionReason::NodeNotReady: return Reason::NodeNotReady;
  }
  return reason;
}

enum class StartupState : std::uint8_t {
  Started,
  Unready,  // it has never been ready
  Unknown,  // no probe of the kubelet says that it has started, and it has never responded
};

// The port to which the probe of the pod went. 0: the probe went to a URL.
std::uint16_t probed_port(std::span<const ProbeResult> results, const api::Pod& pod) {
  const auto found = std::ranges::find_if(
      results, [&](const ProbeResult& result) { return result.probe.pod == pod.meta.key.name; });
  return found == results.end() ? 0 : found->probe.request.port;
}

StartupState startup_state_of(const api::Pod& pod, std::uint16_t port,
                              const StartupAllowance& allowance, const Responders& responders) {
  if (may_be_starting(pod, allowance)) return StartupState::Unready;
  const bool has_started = !pod.ready || has_startup_evidence(pod, port) ||
                           responders.has_pod(pod.meta.key.name) ||
                           !is_within_allowance(pod, allowance);
  return has_started ? StartupState::Started : StartupState::Unknown;
}

// A URL reaches any of the pods, so its failure counts if one pod has started.
StartupState startup_state_of_url(const std::map<std::string_view, StartupState>& pods,
                                  const Responders& responders) {
  const auto any = [&](StartupState wanted) {
    return std::ranges::any_of(pods, [&](const auto& pod) { return pod.second == wanted; });
  };
  if (pods.empty() || any(StartupState::Started) || responders.has_pod(""))
    return StartupState::Started;
  return any(StartupState::Unknown) ? StartupState::Unknown : StartupState::Unready;
}

std::string blocked_predicate(const api::ProbeRequest& request) {
  return fmt::format(
      "does not respond to the controller on port {}, but the kubelet's own probe of this port "
      "passes. Likely causes: a NetworkPolicy, a service mesh with mTLS, or a firewall. Allow "
      "connections from the controller",
      request.port);
}

// The predicate of a sentence whose subject is the pod or the URL.
std::string predicate_of(const api::HttpCheck& http, const ProbeResult& result, Reason reason) {
  const bool is_url = result.probe.pod.empty();
  const std::string& system_error = result.response.detail;
  const std::string detail = system_error.empty() ? "" : fmt::format(" ({})", system_error);
  switch (reason) {
    case Reason::TimedOut:
      return fmt::format("returned no response within {}", format_duration(http.timeout));
    case Reason::ConnectionRefused:
      return fmt::format("refused or reset the connection on port {}", result.probe.request.port);
    case Reason::ConnectionClosed: return "closed the connection before the response was complete";
    case Reason::InvalidResponse: return "returned no valid HTTP response" + detail;
    case Reason::DNSLookupFailed: return "has a host name that does not resolve" + detail;
    case Reason::Unreachable:
      return result.exclusion == ExclusionReason::NeverResponded
                 ? fmt::format(
                       "does not respond on port {}, and no pod on its node {} has "
                       "responded to the controller before",
                       result.probe.request.port, result.probe.node)
                 : "cannot be reached from the controller" + detail;
    case Reason::ProbeBlocked: return blocked_predicate(result.probe.request);
    case Reason::ProbeLate: return "returned no response, but the controller was delayed";
    case Reason::NodeNotReady: return "returned no response, and " + result.detail;
    case Reason::PodsTerminating:
      return is_url ? "failed while pods were terminating" : "was terminated during the probe";
    case Reason::PodsStarting:
      return is_url ? "failed, but no pod is ready yet"
                    : "has never been ready and may still be starting";
    default:
      return fmt::format("returned {}, expected {}", result.response.status,
                         codec::format_status_ranges(http.expected));
  }
}

constexpr std::size_t max_part_size = 100;  // bytes of a host, path or query in a message

std::string shortened(const std::string& text) { return clip(text, max_part_size); }

// The name of the pod, or the URL.
std::string subject_of(const ProbeResult& result) {
  const api::ProbeRequest& request = result.probe.request;
  if (!result.probe.pod.empty()) return result.probe.pod;
  return fmt::format("{}://{}{}", request.tls ? "https" : "http", shortened(request.host_header),
                     shortened(request.target));
}

std::string sentence_of(const api::HttpCheck& http, const ProbeResult& result, Reason reason) {
  return fmt::format("{} {}", subject_of(result), predicate_of(http, result, reason));
}

// The reasons of results that are not counted. PodsStarting is first, because such a pod has a
// result soon, and the bake must not end before. The other reasons follow, the most helpful first.
constexpr std::array not_counted_reasons{
    Reason::PodsStarting, Reason::ProbeBlocked, Reason::NodeNotReady,   Reason::DNSLookupFailed,
    Reason::Unreachable,  Reason::ProbeLate,    Reason::PodsTerminating};

// The results, grouped by reason. Each group is in the order of the probes.
class Tally {
 public:
  Tally(const api::HttpCheck& http, std::span<const ProbeResult> results, const HttpPlan& plan)
      : lost_nodes_(plan.lost_nodes.begin(), plan.lost_nodes.end()), lost_pods_(plan.lost_pods) {
    for (const ProbeResult& result : results) {
      const Reason reason = reason_of(http, result);
      results_[reason].push_back(&result);
      ++total_;
    }
  }

  [[nodiscard]] std::size_t count(Reason reason) const {
    const auto found = results_.find(reason);
    return found == results_.end() ? 0 : found->second.size();
  }
  // At least one result must have this reason.
  [[nodiscard]] const ProbeResult& first(Reason reason) const {
    return *results_.at(reason).front();
  }

  [[nodiscard]] std::size_t unreachable() const {
    return count(Reason::DNSLookupFailed) + count(Reason::Unreachable);
  }
  [[nodiscard]] std::size_t counted() const {
    std::size_t counted = total_;
    for (const Reason reason : not_counted_reasons) counted -= count(reason);
    return counted;
  }
  [[nodiscard]] std::size_t failed() const { return counted() - count(Reason::Passed); }

  // The pods on nodes that may not be alive, probed or not.
  [[nodiscard]] std::size_t on_silent_nodes() const {
    return count(Reason::NodeNotReady) + lost_pods_;
  }

  // " (node-1, node-2)"
  [[nodiscard]] std::string silent_nodes() const {
    std::set<std::string_view> nodes = lost_nodes_;
    const auto found = results_.find(Reason::NodeNotReady);
    if (found != results_.end())
      for (const ProbeResult* result : found->second) nodes.insert(result->probe.node);
    return nodes.empty() ? "" : fmt::format(" ({})", fmt::join(nodes, ", "));
  }

  // If several reasons are equally frequent: WrongStatus, else the first of them in the list.
  [[nodiscard]] Reason most_frequent_failure() const {
    Reason most_frequent = Reason::WrongStatus;
    for (const Reason reason : {Reason::TimedOut, Reason::ConnectionRefused,
                                Reason::ConnectionClosed, Reason::InvalidResponse})
      if (count(reason) > count(most_frequent)) most_frequent = reason;
    return most_frequent;
  }

  // A Pass has the reason NodeNotReady if a node may not be alive, so that users see it.
  [[nodiscard]] Reason reason_of_pass() const {
    return on_silent_nodes() > 0 ? Reason::NodeNotReady : Reason::Passed;
  }

  // The reason of the measurement if no result is counted.
  [[nodiscard]] Reason reason_if_none_counted() const {
    for (const Reason reason : not_counted_reasons)
      if (count(reason) > 0) return reason;
    return Reason::PodsTerminating;
  }

 private:
  std::map<Reason, std::vector<const ProbeResult*>> results_;
  std::size_t total_ = 0;
  std::set<std::string_view> lost_nodes_;
  std::size_t lost_pods_;
};

// For example "; not counted: 1 unreachable, 2 starting; 100 of 240 pods were probed".
std::string not_counted_text(const Tally& tally, std::size_t probed, std::size_t pods) {
  std::string excluded;
  const auto add = [&](std::size_t count, const std::string& adjective) {
    if (count > 0)
      excluded += fmt::format("{} {} {}", excluded.empty() ? "" : ",", count, adjective);
  };
  add(tally.unreachable(), "unreachable");
  add(tally.count(Reason::ProbeBlocked), "blocked");
  add(tally.on_silent_nodes(), "on a node that may not be alive" + tally.silent_nodes());
  add(tally.count(Reason::ProbeLate), "late");
  add(tally.count(Reason::PodsTerminating), "terminating");
  add(tally.count(Reason::PodsStarting), "starting");
  std::string out = excluded.empty() ? "" : fmt::format("; not counted:{}", excluded);
  if (pods > probed) out += fmt::format("; {} of {} pods were probed", probed, pods);
  return out;
}

std::string summary(const api::HttpCheck& http, const Tally& tally) {
  const bool any_failed = tally.failed() > 0;
  const Reason reason = any_failed ? tally.most_frequent_failure() : Reason::Passed;
  const ProbeResult& example = tally.first(reason);
  if (example.probe.pod.empty()) return sentence_of(http, example, reason);
  const bool has_detail = any_failed && !example.detail.empty();
  return fmt::format("{} of {} pods {} GET {}: {} (limit {}% of pods)",
                     any_failed ? tally.failed() : tally.counted(), tally.counted(),
                     any_failed ? "failed" : "passed", shortened(example.probe.request.target),
                     sentence_of(http, example, reason), http.max_failing_percent) +
         (has_detail ? "; " + example.detail : "");
}

}  // namespace

Measurement measure_http(const api::Check& check, std::span<const ProbeResult> results,
                         const HttpPlan& plan) {
  Measurement measurement{.check = check.name};
  if (results.empty()) {
    measurement.reason = Reason::NoPodsToProbe;
    measurement.message = "no pod of the revision was probed";
    return measurement;
  }
  const Tally tally(api::http_of(check), results, plan);
  if (tally.counted() == 0) {
    measurement.reason = tally.reason_if_none_counted();
    measurement.message =
        clip(sentence_of(api::http_of(check), tally.first(measurement.reason), measurement.reason),
             max_message_size);
    return measurement;
  }
  const auto limit_percent =
      static_cast<std::size_t>(std::max(api::http_of(check).max_failing_percent, 0));
  const bool fails = tally.failed() * 100 > limit_percent * tally.counted();
  measurement.result = fails ? api::MeasurementResult::Fail : api::MeasurementResult::Pass;
  measurement.reason = fails ? tally.most_frequent_failure() : tally.reason_of_pass();
  measurement.message =
      clip(summary(api::http_of(check), tally) + not_counted_text(tally, results.size(), plan.pods),
           max_message_size);
  return measurement;
}

bool needs_confirmation(const Measurement& measurement) {
  return measurement.result == api::MeasurementResult::Fail;
}

void exclude_terminating(std::span<ProbeResult> results, std::span<const api::Pod> before,
                         std::span<const api::Pod> after) {
  std::set<std::string_view> terminating;
  for (const api::Pod& pod : before)
    if (is_pod_active(pod)) terminating.insert(pod.meta.key.name);
  for (const api::Pod& pod : after)
    if (is_pod_active(pod)) terminating.erase(pod.meta.key.name);
  for (ProbeResult& result : results) {
    const std::string& pod = result.probe.pod;
    const bool excluded = pod.empty() ? !terminating.empty() : terminating.contains(pod);
    if (excluded) result.exclusion = ExclusionReason::Terminating;
  }
}

void exclude_unneeded_silence(const api::Check& check, std::span<ProbeResult> results,
                              const HttpPlan& plan) {
  std::vector<ProbeResult> without(results.begin(), results.end());
  for (ProbeResult& result : without) {
    if (!may_be_on_dead_node(result)) continue;
    result.exclusion = ExclusionReason::NodeNotReady;
    result.detail = fmt::format("node {} may not be alive", result.probe.node);
  }
  if (measure_http(check, without, plan).result == api::MeasurementResult::Fail)
    std::ranges::move(without, results.begin());
}

void exclude_starting(std::span<ProbeResult> results, std::span<const api::Pod> pods,
                      const StartupAllowance& allowance, const Responders& responders) {
  std::map<std::string_view, StartupState> states;
  for (const api::Pod& pod : pods) {
    if (is_pod_active(pod))
      states[pod.meta.key.name] =
          startup_state_of(pod, probed_port(results, pod), allowance, responders);
  }
  const StartupState url_state = startup_state_of_url(states, responders);
  for (ProbeResult& result : results) {
    if (result.exclusion != ExclusionReason::None) continue;
    const auto found = states.find(result.probe.pod);
    const StartupState state = result.probe.pod.empty() ? url_state
                               : found == states.end()  ? StartupState::Started
                                                        : found->second;
    const bool excluded = state == StartupState::Unready ||
                          (state == StartupState::Unknown && is_silence(result.response));
    if (excluded) result.exclusion = ExclusionReason::Starting;
  }
  for (const api::Pod& pod : pods) {
    if (has_been_ready(pod, allowance.rolled_out)) continue;
    for (ProbeResult& result : results) {
      if (result.probe.pod == pod.meta.key.name) result.detail = startup_text(pod, allowance.now);
    }
  }
}

}  // namespace lastgood::checks
