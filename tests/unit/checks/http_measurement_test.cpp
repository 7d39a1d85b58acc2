#include "checks/http_measurement.hpp"

#include <catch2/catch.hpp>

#include "checks/container.hpp"
#include "support/printers.hpp"
#include "unit/checks/pods.hpp"
#include "unit/checks/probe_results.hpp"

namespace lastgood::checks::test {
namespace {

using api::Reason;
using enum api::MeasurementResult;

// Excludes the results at these indexes.
std::vector<ProbeResult> with_exclusion(ExclusionReason exclusion, std::vector<ProbeResult> results,
                                        const std::vector<std::size_t>& indexes) {
  for (const std::size_t i : indexes) results[i].exclusion = exclusion;
  return results;
}
std::vector<ProbeResult> with_terminating(std::vector<ProbeResult> results,
                                          const std::vector<std::size_t>& indexes) {
  return with_exclusion(ExclusionReason::Terminating, std::move(results), indexes);
}
std::vector<ProbeResult> with_starting(std::vector<ProbeResult> results,
                                       const std::vector<std::size_t>& indexes) {
  return with_exclusion(ExclusionReason::Starting, std::move(results), indexes);
}
std::vector<ProbeResult> with_late(std::vector<ProbeResult> results,
                                   const std::vector<std::size_t>& indexes) {
  return with_exclusion(ExclusionReason::Late, std::move(results), indexes);
}
ProbeResult on_node_a(ProbeOutcome outcome) {
  ProbeResult result = pod_result("web-0", outcome);
  result.probe.node = "node-a";
  return result;
}

struct Row {
  const char* name;
  std::vector<ProbeResult> results;
  api::MeasurementResult result;
  Reason reason;
  std::string message;
};

std::vector<Row> rows() {
  using enum ProbeOutcome;
  return {
      {"every pod passes", statuses({200, 204, 302}), Pass, Reason::Passed,
       "3 of 3 pods passed GET /health: web-0 returned 200, expected 200-399 (limit 25% of pods)"},
      {"one of three pods returns 500", statuses({200, 500, 200}), Fail, Reason::WrongStatus,
       "1 of 3 pods failed GET /health: web-1 returned 500, expected 200-399 (limit 25% of pods)"},
      {"one of four pods fails: 25% is not above the limit", statuses({200, 500, 200, 200}), Pass,
       Reason::Passed,
       "1 of 4 pods failed GET /health: web-1 returned 500, expected 200-399 (limit 25% of pods)"},
      {"a pod returns 400, just outside the expected range", statuses({400}), Fail,
       Reason::WrongStatus,
       "1 of 1 pods failed GET /health: web-0 returned 400, expected 200-399 (limit 25% of pods)"},
      {"a pod refuses the connection", outcomes({ConnectionRefused}), Fail,
       Reason::ConnectionRefused,
       "1 of 1 pods failed GET /health: web-0 refused or reset the connection on port 8080 (limit "
       "25% of pods)"},
      {"a pod returns no response in time", outcomes({TimedOut}), Fail, Reason::TimedOut,
       "1 of 1 pods failed GET /health: web-0 returned no response within 2s (limit 25% of pods)"},
      {"a pod closes the connection", outcomes({ConnectionClosed}), Fail, Reason::ConnectionClosed,
       "1 of 1 pods failed GET /health: web-0 closed the connection before the response was "
       "complete (limit 25% of pods)"},
      {"the response of a pod is not HTTP", outcomes({InvalidResponse}), Fail,
       Reason::InvalidResponse,
       "1 of 1 pods failed GET /health: web-0 returned no valid HTTP response (limit 25% of pods)"},
      {"the pods fail differently: the reason is the most frequent failure",
       outcomes({ConnectionClosed, ConnectionRefused, TimedOut, ConnectionRefused}), Fail,
       Reason::ConnectionRefused,
       "4 of 4 pods failed GET /health: web-1 refused or reset the connection on port 8080 (limit "
       "25% of pods)"},
      {"an unreachable pod is not counted", outcomes({Unreachable, Answered, Answered}), Pass,
       Reason::Passed,
       "2 of 2 pods passed GET /health: web-1 returned 200, expected 200-399 (limit 25% of pods); "
       "not counted: 1 unreachable"},
      {"half of the reachable pods fail", outcomes({Unreachable, Answered, TimedOut}), Fail,
       Reason::TimedOut,
       "1 of 2 pods failed GET /health: web-2 returned no response within 2s (limit 25% of pods); "
       "not counted: 1 unreachable"},
      {"a pod that terminated during the probe is not counted",
       with_terminating(outcomes({ConnectionRefused, Answered}), {0}), Pass, Reason::Passed,
       "1 of 1 pods passed GET /health: web-1 returned 200, expected 200-399 (limit 25% of pods); "
       "not counted: 1 terminating"},
      {"a terminating pod is not counted, and another pod fails",
       with_terminating(outcomes({ConnectionRefused, TimedOut, Answered}), {0}), Fail,
       Reason::TimedOut,
       "1 of 2 pods failed GET /health: web-1 returned no response within 2s (limit 25% of pods); "
       "not counted: 1 terminating"},
      {"a pod that passes before it terminates is counted", with_terminating(statuses({200}), {0}),
       Pass, Reason::Passed,
       "1 of 1 pods passed GET /health: web-0 returned 200, expected 200-399 (limit 25% of pods)"},
      {"all pods terminated during the probe", with_terminating(statuses({503, 503}), {0, 1}),
       Unknown, Reason::PodsTerminating, "web-0 was terminated during the probe"},
      {"pods terminated during the probe of a URL",
       with_terminating({url_result(ConnectionRefused)}, {0}), Unknown, Reason::PodsTerminating,
       "http://myapp:8080/health failed while pods were terminating"},
      {"a starting pod that refuses the connection is not counted",
       with_starting(outcomes({ConnectionRefused, Answered}), {0}), Pass, Reason::Passed,
       "1 of 1 pods passed GET /health: web-1 returned 200, expected 200-399 (limit 25% of pods); "
       "not counted: 1 starting"},
      {"a starting pod that times out or closes the connection is not counted",
       with_starting(outcomes({TimedOut, ConnectionClosed}), {0, 1}), Unknown, Reason::PodsStarting,
       "web-0 has never been ready and may still be starting"},
      {"a starting pod that returns 503 is not counted", with_starting(statuses({503}), {0}),
       Unknown, Reason::PodsStarting, "web-0 has never been ready and may still be starting"},
      {"one pod is starting, another has never responded: the starting pod gives the reason",
       with_starting(with_exclusion(ExclusionReason::NeverResponded,
                                    outcomes({ConnectionRefused, ConnectionRefused}), {0}),
                     {1}),
       Unknown, Reason::PodsStarting, "web-1 has never been ready and may still be starting"},
      {"the controller was delayed during the probe", with_late(outcomes({TimedOut}), {0}), Unknown,
       Reason::ProbeLate, "web-0 returned no response, but the controller was delayed"},
      {"the kubelet's own probe passes",
       with_exclusion(ExclusionReason::Blocked, outcomes({TimedOut, TimedOut}), {0, 1}), Unknown,
       Reason::ProbeBlocked,
       "web-0 does not respond to the controller on port 8080, but the kubelet's own probe of this "
       "port passes. Likely causes: a NetworkPolicy, a service mesh with mTLS, or a firewall. "
       "Allow connections from the controller"},
      {"no pod on the node has ever responded",
       with_exclusion(ExclusionReason::NeverResponded, {on_node_a(ConnectionRefused)}, {0}),
       Unknown, Reason::Unreachable,
       "web-0 does not respond on port 8080, and no pod on its node node-a has responded to the "
       "controller before"},
      {"a pod on a node that may not be alive is not counted",
       with_exclusion(ExclusionReason::NodeNotReady,
                      {on_node_a(TimedOut), pod_result("web-1", Answered, 200)}, {0}),
       Pass, Reason::NodeNotReady,
       "1 of 1 pods passed GET /health: web-1 returned 200, expected 200-399 (limit 25% of pods); "
       "not counted: 1 on a node that may not be alive (node-a)"},
      {"the probe of a URL fails while all pods are starting",
       with_starting({url_result(ConnectionRefused)}, {0}), Unknown, Reason::PodsStarting,
       "http://myapp:8080/health failed, but no pod is ready yet"},
      {"no pod can be reached", outcomes({Unreachable, Unreachable}), Unknown, Reason::Unreachable,
       "web-0 cannot be reached from the controller"},
      {"the host name does not resolve",
       {url_result(DNSLookupFailed, 0, "Host not found")},
       Unknown,
       Reason::DNSLookupFailed,
       "http://myapp:8080/health has a host name that does not resolve (Host not found)"},
      {"the probe of a URL fails",
       {url_result(Answered, 503)},
       Fail,
       Reason::WrongStatus,
       "http://myapp:8080/health returned 503, expected 200-399"},
      {"the probe of a URL passes",
       {url_result(Answered, 200)},
       Pass,
       Reason::Passed,
       "http://myapp:8080/health returned 200, expected 200-399"},
      {"the TLS handshake fails",
       {url_result(InvalidResponse, 0, "wrong version number")},
       Fail,
       Reason::InvalidResponse,
       "http://myapp:8080/health returned no valid HTTP response (wrong version number)"},
      {"no pod was probed",
       {},
       Unknown,
       Reason::NoPodsToProbe,
       "no pod of the revision was probed"},
  };
}

}  // namespace

TEST_CASE("measure_http counts the failed probes and reports an example and the limit") {
  for (const auto& row : rows()) {
    DYNAMIC_SECTION(row.name) {
      const auto measurement = measure_http(health_check(), row.results);
      CHECK(measurement.check == "health");
      CHECK(measurement.result == row.result);
      CHECK(measurement.reason == row.reason);
      CHECK(measurement.message == row.message);
      CHECK(measurement.min_failing_time == Duration(0));
      CHECK_FALSE(measurement.immediate);
    }
  }
}

TEST_CASE("measure_http fails when more than maxFailingPods fail") {
  CHECK(measure_http(check_failing_above(0), statuses({200, 200, 500})).result == Fail);
  CHECK(measure_http(check_failing_above(50), statuses({200, 500})).result == Pass);
  CHECK(measure_http(check_failing_above(50), statuses({200, 500, 500})).result == Fail);
  CHECK(measure_http(check_failing_above(99), statuses({500, 500})).result == Fail);
}

TEST_CASE("measure_http passes for each status in expectedStatus") {
  auto check = health_check();
  api::http_of(check).expected = {{.from = 200, .to = 200}, {.from = 418, .to = 418}};
  CHECK(measure_http(check, statuses({418})).result == Pass);
  CHECK(measure_http(check, statuses({204})).message ==
        "1 of 1 pods failed GET /health: web-0 returned 204, expected 200,418 (limit 25% of pods)");
}

TEST_CASE("measure_http reports how many of the pods were probed") {
  CHECK(measure_http(health_check(), statuses({200, 200}), {.pods = 240}).message ==
        "2 of 2 pods passed GET /health: web-0 returned 200, expected 200-399 (limit 25% of pods); "
        "2 of 240 pods were probed");
}

TEST_CASE("measure_http names the nodes of pods that were not probed") {
  const auto measurement = measure_http(health_check(), statuses({200}),
                                        {.pods = 1, .lost_pods = 2, .lost_nodes = {"a", "b"}});
  CHECK(measurement.result == Pass);
  CHECK(measurement.reason == Reason::NodeNotReady);
  CHECK(measurement.message ==
        "1 of 1 pods passed GET /health: web-0 returned 200, expected 200-399 (limit 25% of pods); "
        "not counted: 2 on a node that may not be alive (a, b)");
}

TEST_CASE("measure_http limits the message to 512 bytes") {
  auto long_result =
      pod_result(std::string(253, 'p'), ProbeOutcome::InvalidResponse, 0, std::string(200, 'd'));
  long_result.probe.request.target = "/" + std::string(2000, 't');
  CHECK(measure_http(health_check(), std::vector{long_result}).message.size() <= 512);
}

}  // namespace lastgood::checks::test
