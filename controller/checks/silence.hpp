// Silence is a probe that timed out, or whose connection was refused or closed. This file decides
// when silence says nothing about the release. Silence is a failure only if all of these are true:
//
//   the controller was not delayed during the probe         else ProbeLate
//   the kubelet's own probe of the same port does not pass  else ProbeBlocked
//   the way to the pod was open, see exclude_blocked()      else Unreachable
//   the node of the pod reports to the API server           else NodeNotReady
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/workload.hpp"
#include "checks/probe_result.hpp"
#include "checks/responders.hpp"
#include "codec/json.hpp"

namespace lastgood::checks {

// The pods that responded, no matter with which status. The response of a URL or Service counts
// only after the rollout: before, an old pod may have responded.
[[nodiscard]] std::vector<Responder> responders_of(std::span<const ProbeResult> results,
                                                   const std::optional<Time>& rolled_out);

[[nodiscard]] bool is_silence(const api::ProbeResponse& response);

// The longest time by which a task of the controller may be delayed during a probe. A process that
// was stopped for longer may see a timeout although the response has arrived.
[[nodiscard]] Duration max_delay(const api::HttpCheck& http);

// `delay`: the longest time by which a task of the controller was delayed during the probes.
void exclude_late(std::span<ProbeResult> results, const api::HttpCheck& http, Duration delay);

// Whether the check has passed for the evaluated revision after its rollout, as the status of the
// guard records it.
enum class RecordedPass : std::uint8_t { No, Yes };

// Excludes silence that a blocked way from the controller to the pod may have caused.
//
// If a probe of the kubelet to the same port passes, the port responds, so the way is blocked
// (ProbeBlocked). This rule does not apply if the connection was established and only the response
// is missing: then the application hangs, and the kubelet's probe may have another path.
//
// Otherwise the way must have been open before, else the silence is excluded (Unreachable):
// - The pod, or another pod on its node, is a responder.
// - A new leader has no responders. Until it has one, a recorded pass proves that the way was open
//   for the former leader. In addition, this silence must prove that the new leader can reach the
//   node: the connection was refused, closed or established.
//
// `responders`: with the responders of these results.
void exclude_blocked(std::span<ProbeResult> results, std::span<const api::Pod> pods,
                     const Responders& responders, RecordedPass recorded);

// The silence is still counted, and the probe did not even get a connection, so the node of the pod
// may be dead.
[[nodiscard]] bool may_be_on_dead_node(const ProbeResult& result);

// The nodes of the results for which may_be_on_dead_node() is true, each node once. A node that
// refuses, accepts or closes a connection is alive.
[[nodiscard]] std::vector<std::string> nodes_to_check(std::span<const ProbeResult> results);

// The Lease by which a kubelet reports that its node is alive. The kubelet renews it after a
// quarter of its duration.
struct NodeLease {
  std::optional<Time> renewed;
  Duration duration = std::chrono::seconds(40);
};

[[nodiscard]] Result<NodeLease> parse_node_lease(const codec::Json& object);

// A node is alive if it renews its Lease after the probes. Only the change of the Lease is
// compared, never its time with the clock of the controller.
//
//   probe ...timeout   first read            read    read: renewed -> alive
//                      |<--------- at most 13 s --------->|
class NodeObservation {
 public:
  NodeObservation(std::string node, Result<NodeLease> first);

  void add(Result<NodeLease> lease, Duration since_first);

  // True while the Lease must be read again.
  [[nodiscard]] bool is_open() const;
  // Why the node may not be alive, for example "node b has not renewed its Lease for 13s". Empty if
  // it is alive.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] const std::string& node() const { return node_; }

 private:
  std::string node_;
  Result<NodeLease> first_;
  bool is_renewed_ = false;
  std::string problem_;
};

void exclude_silent_nodes(std::span<ProbeResult> results,
                          std::span<const NodeObservation> observations);

}  // namespace lastgood::checks
