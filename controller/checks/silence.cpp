#include "checks/silence.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codec/reader.hpp"

namespace lastgood::checks {
namespace {

using api::ProbeOutcome;

constexpr Duration max_renewal_delay = std::chrono::seconds(3);  // of a kubelet that is alive

// The response is missing, although the connection was established.
bool hangs(const api::ProbeResponse& response) {
  return response.outcome == ProbeOutcome::TimedOut && response.connected;
}

const api::Pod* find_pod(std::span<const api::Pod> pods, const std::string& name) {
  const auto found =
      std::ranges::find_if(pods, [&](const api::Pod& pod) { return pod.meta.key.name == name; });
  return found == pods.end() ? nullptr : &*found;
}

// A failing readiness probe makes the pod unready, and a failing liveness probe restarts the
// container. So these probes pass if neither has happened.
bool passes_kubelet_probe(const api::Pod& pod, std::uint16_t port) {
  const auto never_restarted = [&](const std::string& name) {
    const auto container = std::ranges::find(pod.containers, name, &api::ContainerState::name);
    return container != pod.containers.end() && container->restarts == 0;
  };
  return pod.ready && std::ranges::any_of(pod.probes, [&](const api::KubeletProbe& probe) {
           const bool passes =
               probe.kind == api::ProbeKind::Readiness ||
               (probe.kind == api::ProbeKind::Liveness && never_restarted(probe.container));
           return probe.port == port && passes;
         });
}

bool is_counted_silence(const ProbeResult& result) {
  return result.exclusion == ExclusionReason::None && is_silence(result.response);
}

bool was_way_open(const ProbeResult& result, const Responders& responders, RecordedPass recorded) {
  if (responders.empty()) return recorded == RecordedPass::Yes && !may_be_on_dead_node(result);
  return responders.has_pod(result.probe.pod) || responders.has_node(result.probe.node);
}

}  // namespace

std::vector<Responder> responders_of(std::span<const ProbeResult> results,
                                     const std::optional<Time>& rolled_out) {
  std::vector<Responder> out;
  for (const ProbeResult& result : results) {
    const bool responded = result.response.outcome == ProbeOutcome::Answered ||
                           result.response.outcome == ProbeOutcome::InvalidResponse;
    const bool is_of_revision = !result.probe.pod.empty() || rolled_out.has_value();
    if (responded && is_of_revision)
      out.push_back({.pod = result.probe.pod, .node = result.probe.node});
  }
  return out;
}

bool is_silence(const api::ProbeResponse& response) {
  return response.outcome == ProbeOutcome::TimedOut ||
         response.outcome == ProbeOutcome::ConnectionRefused ||
         response.outcome == ProbeOutcome::ConnectionClosed;
}

Duration max_delay(const api::HttpCheck& http) {
  return std::min<Duration>(http.timeout / 4, std::chrono::milliseconds(500));
}

void exclude_late(std::span<ProbeResult> results, const api::HttpCheck& http, Duration delay) {
  if (delay <= max_delay(http)) return;
  for (ProbeResult& result : results) {
    if (is_counted_silence(result)) result.exclusion = ExclusionReason::Late;
  }
}

void exclude_blocked(std::span<ProbeResult> results, std::span<const api::Pod> pods,
                     const Responders& responders, RecordedPass recorded) {
  for (ProbeResult& result : results) {
    const api::Pod* pod = find_pod(pods, result.probe.pod);
    if (!pod || !is_counted_silence(result)) continue;
    if (passes_kubelet_probe(*pod, result.probe.request.port) && !hangs(result.response))
      result.exclusion = ExclusionReason::Blocked;
    else if (!was_way_open(result, responders, recorded))
      result.exclusion = ExclusionReason::NeverResponded;
  }
}

bool may_be_on_dead_node(const ProbeResult& result) {
  return is_counted_silence(result) && result.response.outcome == ProbeOutcome::TimedOut &&
         !result.response.connected;
}

std::vector<std::string> nodes_to_check(std::span<const ProbeResult> results) {
  std::vector<std::string> nodes;
  for (const ProbeResult& result : results) {
    const std::string& node = result.probe.node;
    if (may_be_on_dead_node(result) && !node.empty() &&
        std::ranges::find(nodes, node) == nodes.end())
      nodes.push_back(node);
  }
  return nodes;
}

Result<NodeLease> parse_node_lease(const codec::Json& object) {
  std::optional<Error> error;
  const codec::Reader spec = codec::Reader(object, "", error).object("spec");
  NodeLease lease{.renewed = spec.time("renewTime")};
  if (spec.has("leaseDurationSeconds"))
    lease.duration = std::chrono::seconds(spec.int_or("leaseDurationSeconds", 40, 1, 3600));
  if (error) return std::unexpected(*error);
  return lease;
}

NodeObservation::NodeObservation(std::string node, Result<NodeLease> first)
    : node_(std::move(node)), first_(std::move(first)) {
  if (!first_)
    problem_ =
        fmt::format("the Lease of node {} cannot be read: {}", node_, first_.error().message);
}

bool NodeObservation::is_open() const { return !is_renewed_ && problem_.empty(); }

void NodeObservation::add(Result<NodeLease> lease, Duration since_first) {
  if (!is_open()) return;
  const Duration max_wait = first_->duration / 4 + max_renewal_delay;
  is_renewed_ = lease && lease->renewed && lease->renewed != first_->renewed;
  if (!is_renewed_ && since_first >= max_wait)
    problem_ = fmt::format("node {} has not renewed its Lease for {}", node_,
                           format_duration(since_first));
}

void exclude_silent_nodes(std::span<ProbeResult> results,
                          std::span<const NodeObservation> observations) {
  for (ProbeResult& result : results) {
    const auto found = std::ranges::find(observations, result.probe.node, &NodeObservation::node);
    if (found == observations.end() || found->problem().empty() || !may_be_on_dead_node(result))
      continue;
    result.exclusion = ExclusionReason::NodeNotReady;
    result.detail = found->problem();
  }
}

}  // namespace lastgood::checks
