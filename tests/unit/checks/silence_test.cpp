#include "checks/silence.hpp"

#include <catch2/catch.hpp>

#include "codec/json.hpp"
#include "unit/checks/pods.hpp"

namespace lastgood::checks::test {
namespace {

using api::ProbeKind;
using enum api::ProbeOutcome;
using std::chrono::milliseconds;
using std::chrono::seconds;

ProbeResult result_of(const std::string& pod, api::ProbeOutcome outcome, bool connected = false) {
  return {.probe = {.pod = pod, .node = "node-a", .request = {.port = 8080}},
          .response = {.outcome = outcome, .connected = connected}};
}

Responders responders_with(std::vector<Responder> list) {
  Responders out;
  out.add(list);
  return out;
}

ExclusionReason blocked(const api::Pod& pod, const ProbeResult& result,
                        const Responders& responders, RecordedPass recorded = RecordedPass::No) {
  std::vector<ProbeResult> results{result};
  exclude_blocked(results, std::vector{pod}, responders, recorded);
  return results[0].exclusion;
}

const Responders web_0_responded = responders_with({{.pod = "web-0", .node = "node-a"}});

}  // namespace

TEST_CASE("exclude_late excludes silence when the controller was delayed") {
  const api::HttpCheck http{.timeout = seconds(2)};
  std::vector<ProbeResult> results{result_of("a", TimedOut), result_of("b", ConnectionClosed),
                                   result_of("c", Answered)};
  exclude_late(results, http, milliseconds(500));
  CHECK(results[0].exclusion == ExclusionReason::None);
  exclude_late(results, http, milliseconds(501));
  CHECK(results[0].exclusion == ExclusionReason::Late);
  CHECK(results[1].exclusion == ExclusionReason::Late);
  CHECK(results[2].exclusion == ExclusionReason::None);
  CHECK(max_delay({.timeout = milliseconds(400)}) == milliseconds(100));
}

TEST_CASE("exclude_blocked excludes silence when the kubelet's probe of the same port passes") {
  const auto silent = result_of("web-0", TimedOut);
  const auto probed = [](ProbeKind kind, std::uint16_t port) {
    return with_probe(running("web-0"), kind, port);
  };
  using enum ExclusionReason;
  CHECK(blocked(probed(ProbeKind::Readiness, 8080), silent, web_0_responded) == Blocked);
  CHECK(blocked(probed(ProbeKind::Liveness, 8080), silent, web_0_responded) == Blocked);
  CHECK(blocked(probed(ProbeKind::Readiness, 8081), silent, web_0_responded) == None);
  CHECK(blocked(probed(ProbeKind::Startup, 8080), silent, web_0_responded) == None);
  CHECK(blocked(running("web-0"), silent, web_0_responded) == None);
  CHECK(blocked(with_probe(unready("web-0"), ProbeKind::Readiness, 8080), silent,
                web_0_responded) == None);
  auto restarted = probed(ProbeKind::Liveness, 8080);
  restarted.containers[0].restarts = 1;
  CHECK(blocked(restarted, silent, web_0_responded) == None);
}

TEST_CASE("exclude_blocked keeps a timeout when the connection was established") {
  const auto pod = with_probe(running("web-0"), ProbeKind::Readiness, 8080);
  using enum ExclusionReason;
  CHECK(blocked(pod, result_of("web-0", TimedOut, true), web_0_responded) == None);
  // A mesh accepts the connection and closes it.
  CHECK(blocked(pod, result_of("web-0", ConnectionClosed, true), web_0_responded) == Blocked);
  CHECK(blocked(pod, result_of("web-0", ConnectionRefused, true), web_0_responded) == Blocked);
}

TEST_CASE("exclude_blocked excludes silence when no pod on the node has responded before") {
  const auto silent = result_of("web-0", ConnectionRefused);
  using enum ExclusionReason;
  CHECK(blocked(running("web-0"), silent, {}) == NeverResponded);
  CHECK(blocked(running("web-0"), silent, responders_with({{.pod = "web-9", .node = "node-b"}})) ==
        NeverResponded);
  CHECK(blocked(running("web-0"), silent, responders_with({{.pod = "web-9", .node = "node-a"}})) ==
        None);
  CHECK(blocked(running("web-0"), result_of("web-0", Answered), {}) == None);
}

// The status of the guard records a pass that the former leader measured. The new leader has no
// responders yet.
TEST_CASE("exclude_blocked keeps silence after a recorded pass while there is no responder") {
  const auto outcome = [](const ProbeResult& result, const Responders& responders = {},
                          const api::Pod& pod = running("web-0")) {
    return blocked(pod, result, responders, RecordedPass::Yes);
  };
  using enum ExclusionReason;
  CHECK(outcome(result_of("web-0", ConnectionRefused)) == None);
  CHECK(outcome(result_of("web-0", ConnectionClosed)) == None);
  CHECK(outcome(result_of("web-0", TimedOut, true)) == None);
  // Nothing came back: the way from the new leader may be blocked.
  CHECK(outcome(result_of("web-0", TimedOut)) == NeverResponded);
  // The former leader may have had a way only to the other node.
  CHECK(outcome(result_of("web-0", ConnectionRefused),
                responders_with({{.pod = "web-9", .node = "node-b"}})) == NeverResponded);
  CHECK(outcome(result_of("web-0", ConnectionRefused), {},
                with_probe(running("web-0"), ProbeKind::Readiness, 8080)) == Blocked);
}

TEST_CASE("responders_of returns the pods that responded with any status") {
  std::vector<ProbeResult> results{result_of("a", Answered), result_of("b", InvalidResponse),
                                   result_of("c", TimedOut), result_of("", Answered)};
  CHECK(responders_of(results, std::nullopt) ==
        std::vector<Responder>{{.pod = "a", .node = "node-a"}, {.pod = "b", .node = "node-a"}});
  // After the rollout, the response of a URL counts too. It has no pod.
  CHECK(responders_of(results, now).size() == 3);
}

TEST_CASE("nodes_to_check has each node once, and only if nothing came back from one of its pods") {
  std::vector<ProbeResult> results{
      result_of("a", TimedOut), result_of("b", TimedOut),          result_of("c", Answered),
      result_of("d", TimedOut), result_of("e", ConnectionRefused), result_of("f", TimedOut, true)};
  for (std::size_t i = 2; i < results.size(); ++i)
    results[i].probe.node = "node-" + results[i].probe.pod;
  results[3].exclusion = ExclusionReason::Starting;
  CHECK(nodes_to_check(results) == std::vector<std::string>{"node-a"});
}

TEST_CASE("NodeObservation has a problem unless the node renews its Lease in time") {
  const NodeLease first{.renewed = now, .duration = seconds(40)};
  const NodeLease renewed{.renewed = now + seconds(10), .duration = seconds(40)};
  NodeObservation alive("node-a", first);
  alive.add(first, seconds(2));
  CHECK(alive.is_open());
  CHECK(alive.problem().empty());
  alive.add(renewed, seconds(4));
  CHECK_FALSE(alive.is_open());
  CHECK(alive.problem().empty());

  NodeObservation silent("node-a", first);
  silent.add(fail(ErrorKind::TimedOut, "no answer"), seconds(11));
  CHECK(silent.is_open());
  silent.add(first, seconds(13));
  CHECK_FALSE(silent.is_open());
  CHECK(silent.problem() == "node node-a has not renewed its Lease for 13s");

  const NodeObservation unreadable("node-a", fail(ErrorKind::NotFound, "not found"));
  CHECK_FALSE(unreadable.is_open());
  CHECK(unreadable.problem() == "the Lease of node node-a cannot be read: not found");
}

TEST_CASE("exclude_silent_nodes excludes a pod when its node is silent and nothing came back") {
  std::vector<ProbeResult> results{result_of("a", TimedOut), result_of("b", Answered),
                                   result_of("c", ConnectionRefused)};
  const std::vector<NodeObservation> alive{{"node-a", NodeLease{}}};
  exclude_silent_nodes(results, alive);
  CHECK(results[0].exclusion == ExclusionReason::None);
  const std::vector<NodeObservation> silent{{"node-a", fail(ErrorKind::NotFound, "not found")}};
  exclude_silent_nodes(results, silent);
  CHECK(results[0].exclusion == ExclusionReason::NodeNotReady);
  CHECK(results[0].detail == "the Lease of node node-a cannot be read: not found");
  CHECK(results[1].exclusion == ExclusionReason::None);
  CHECK(results[2].exclusion == ExclusionReason::None);
}

TEST_CASE("parse_node_lease reads when the kubelet renewed the Lease") {
  const auto lease = parse_node_lease(*codec::parse_json(
      R"({"spec": {"renewTime": "2026-11-24T12:00:00.250000Z", "leaseDurationSeconds": 20}})"));
  REQUIRE(lease);
  CHECK(lease->renewed == parse_rfc3339("2026-11-24T12:00:00.250Z"));
  CHECK(lease->duration == seconds(20));
  CHECK_FALSE(parse_node_lease(*codec::parse_json("{}"))->renewed);
  CHECK_FALSE(parse_node_lease(*codec::parse_json(R"({"spec": {"renewTime": 1}})")));
}

}  // namespace lastgood::checks::test
