#include "checks/http_measurement.hpp"

#include <catch2/catch.hpp>

#include "checks/container.hpp"
#include "support/printers.hpp"
#include "unit/checks/pods.hpp"

namespace lastgood::checks::test {
namespace {

using api::ProbeOutcome;
using api::Reason;
using enum api::MeasurementResult;

api::Check check_of(int max_failing_percent = 25) {
  return {.name = "health",
          .http = {.port = 8080,
                   .path = "/health",
                   .timeout = Duration(2000),
                   .max_failing_percent = max_failing_percent}};
}

std::string pod_name(std::size_t i) { return "web-" + std::to_string(i); }

ProbeResult result_of(const std::string& pod, ProbeOutcome outcome, int status = 0,
                      const std::string& detail = "") {
  return {.probe = {.pod = pod,
                    .request = {.host = "10.0.0.1",
                                .port = 8080,
                                .target = "/health",
                                .host_header = "myapp:8080"}},
          .response = {.outcome = outcome, .status = status, .detail = detail}};
}

std::vector<ProbeResult> statuses(const std::vector<int>& codes) {
  std::vector<ProbeResult> out;
  for (const int code : codes)
    out.push_back(result_of(pod_name(out.size()), ProbeOutcome::Answered, code));
  return out;
}

std::vector<ProbeResult> outcomes(const std::vector<ProbeOutcome>& list) {
  std::vector<ProbeResult> out;
  for (const auto outcome : list)
    out.push_back(
        result_of(pod_name(out.size()), outcome, outcome == ProbeOutcome::Answered ? 200 : 0));
  return out;
}

std::vector<ProbeResult> excluded(ExclusionReason exclusion, std::vector<ProbeResult> results,
                                  const std::vector<std::size_t>& which) {
  for (const std::size_t i : which) results[i].exclusion = exclusion;
  return results;
}
std::vector<ProbeResult> terminating(std::vector<ProbeResult> results,
                                     const std::vector<std::size_t>& which) {
  return excluded(ExclusionReason::Terminating, std::move(results), which);
}
std::vector<ProbeResult> starting(std::vector<ProbeResult> results,
                                  const std::vector<std::size_t>& which) {
  return excluded(ExclusionReason::Starting, std::move(results), which);
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
      {"one of four pods fails: not above the limit", statuses({200, 500, 200, 200}), Pass,
       Reason::Passed,
       "1 of 4 pods failed GET /health: web-1 returned 500, expected 200-399 (limit 25% of pods)"},
      {"a status just outside the expected range", statuses({400}), Fail, Reason::WrongStatus,
       "1 of 1 pods failed GET /health: web-0 returned 400, expected 200-399 (limit 25% of pods)"},
      {"connection refused", outcomes({ConnectionRefused}), Fail, Reason::ConnectionRefused,
       "1 of 1 pods failed GET /health: web-0 refused or reset the connection on port 8080 (limit "
       "25% of pods)"},
      {"timeout", outcomes({TimedOut}), Fail, Reason::TimedOut,
       "1 of 1 pods failed GET /health: web-0 returned no response within 2s (limit 25% of pods)"},
      {"connection closed", outcomes({ConnectionClosed}), Fail, Reason::ConnectionClosed,
       "1 of 1 pods failed GET /health: web-0 closed the connection before the response was "
       "complete (limit 25% of pods)"},
      {"no HTTP", outcomes({InvalidResponse}), Fail, Reason::InvalidResponse,
       "1 of 1 pods failed GET /health: web-0 returned no valid HTTP response (limit 25% of pods)"},
      {"the reason is the most frequent failure",
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
       terminating(outcomes({ConnectionRefused, Answered}), {0}), Pass, Reason::Passed,
       "1 of 1 pods passed GET /health: web-1 returned 200, expected 200-399 (limit 25% of pods); "
       "not counted: 1 terminating"},
      {"a terminated pod does not hide the failures of others",
       terminating(outcomes({ConnectionRefused, TimedOut, Answered}), {0}), Fail, Reason::TimedOut,
       "1 of 2 pods failed GET /health: web-1 returned no response within 2s (limit 25% of pods); "
       "not counted: 1 terminating"},
      {"a pod that passes before it terminates is counted", terminating(statuses({200}), {0}), Pass,
       Reason::Passed,
       "1 of 1 pods passed GET /health: web-0 returned 200, expected 200-399 (limit 25% of pods)"},
      {"all probed pods terminated", terminating(statuses({503, 503}), {0, 1}), Unknown,
       Reason::PodsTerminating, "web-0 was terminated during the probe"},
      {"pods terminated during the probe of a URL",
       terminating({result_of("", ConnectionRefused)}, {0}), Unknown, Reason::PodsTerminating,
       "http://myapp:8080/health failed while pods were terminating"},
      {"a starting pod that refuses the connection is not counted",
       starting(outcomes({ConnectionRefused, Answered}), {0}), Pass, Reason::Passed,
       "1 of 1 pods passed GET /health: web-1 returned 200, expected 200-399 (limit 25% of pods); "
       "not counted: 1 starting"},
      {"a starting pod that times out or closes the connection is not counted",
       starting(outcomes({TimedOut, ConnectionClosed}), {0, 1}), Unknown, Reason::PodsStarting,
       "web-0 is not ready yet and may still be starting"},
      {"a starting pod that returns 503 is counted", starting(statuses({503}), {0}), Fail,
       Reason::WrongStatus,
       "1 of 1 pods failed GET /health: web-0 returned 503, expected 200-399 (limit 25% of pods)"},
      {"the probe of a URL fails while all pods start",
       starting({result_of("", ConnectionRefused)}, {0}), Unknown, Reason::PodsStarting,
       "http://myapp:8080/health failed, but no pod is ready yet"},
      {"no pod can be reached", outcomes({Unreachable, Unreachable}), Unknown, Reason::Unreachable,
       "web-0 cannot be reached from the controller"},
      {"the host name does not resolve",
       {result_of("", DNSLookupFailed, 0, "Host not found")},
       Unknown,
       Reason::DNSLookupFailed,
       "http://myapp:8080/health has a host name that does not resolve (Host not found)"},
      {"the probe of a URL fails",
       {result_of("", Answered, 503)},
       Fail,
       Reason::WrongStatus,
       "http://myapp:8080/health returned 503, expected 200-399"},
      {"the probe of a URL passes",
       {result_of("", Answered, 200)},
       Pass,
       Reason::Passed,
       "http://myapp:8080/health returned 200, expected 200-399"},
      {"the TLS handshake fails",
       {result_of("", InvalidResponse, 0, "wrong version number")},
       Fail,
       Reason::InvalidResponse,
       "http://myapp:8080/health returned no valid HTTP response (wrong version number)"},
      {"no probe", {}, Unknown, Reason::NoPodsToProbe, "no pod of the revision was probed"},
  };
}

}  // namespace

TEST_CASE("measure_http reports the first failure, the expected status and the limit") {
  for (const auto& row : rows()) {
    DYNAMIC_SECTION(row.name) {
      const auto measurement = measure_http(check_of(), row.results);
      CHECK(measurement.check == "health");
      CHECK(measurement.result == row.result);
      CHECK(measurement.reason == row.reason);
      CHECK(measurement.message == row.message);
      CHECK(measurement.must_hold == Duration(0));
      CHECK_FALSE(measurement.immediate);
    }
  }
}

TEST_CASE("exclude_terminating excludes pods that are gone from the second list") {
  const std::vector<api::Pod> before{running("web-0"), running("web-1"),
                                     deleting(running("web-2"))};
  struct Row {
    const char* name;
    std::vector<api::Pod> after;
    std::vector<bool> pods_excluded;  // web-0, web-1
    bool url_excluded;
  };
  auto evicted = running("web-1");
  evicted.phase = "Failed";
  const std::vector<Row> rows{
      {"all pods are still there", before, {false, false}, false},
      {"a pod that was terminating before the probe is gone",
       {running("web-0"), running("web-1")},
       {false, false},
       false},
      {"one pod is gone", {running("web-0")}, {false, true}, true},
      {"one pod is terminating",
       {deleting(running("web-0")), running("web-1")},
       {true, false},
       true},
      {"one pod was evicted", {running("web-0"), evicted}, {false, true}, true},
      {"one pod crashed: it still exists",
       {running("web-0"), crashed("web-1")},
       {false, false},
       false},
      {"one pod is new",
       {running("web-0"), running("web-1"), running("web-3")},
       {false, false},
       false},
      {"all pods are gone", {}, {true, true}, true},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      std::vector<ProbeResult> pods =
          outcomes({ProbeOutcome::ConnectionRefused, ProbeOutcome::ConnectionRefused});
      exclude_terminating(pods, before, row.after);
      CHECK(std::vector<bool>{pods[0].exclusion == ExclusionReason::Terminating,
                              pods[1].exclusion == ExclusionReason::Terminating} ==
            row.pods_excluded);
      std::vector<ProbeResult> url{result_of("", ProbeOutcome::ConnectionRefused)};
      exclude_terminating(url, before, row.after);
      CHECK((url[0].exclusion == ExclusionReason::Terminating) == row.url_excluded);
    }
  }
}

TEST_CASE("exclude_starting excludes unready pods that are young and were never ready") {
  const auto created = [](api::Pod pod, Duration ago) {
    pod.meta.created = now - ago;
    return pod;
  };
  const auto unready = [&](Duration ago) { return created(running("web-0", false), ago); };
  constexpr Duration minute = std::chrono::minutes(1);
  auto was_ready = unready(minute);
  was_ready.taken_on = now - minute;
  was_ready.unready_since = now - std::chrono::seconds(20);
  auto never_ready = was_ready;
  never_ready.unready_since = now - minute + std::chrono::seconds(1);
  auto without_creation_time = running("web-0", false);
  without_creation_time.meta.created.reset();
  struct Row {
    const char* name;
    std::vector<api::Pod> pods;
    std::optional<Time> rolled_out;
    bool pod_excluded;
    bool url_excluded;
  };
  const std::vector<Row> rows{
      {"a pod of one minute is not ready", {unready(minute)}, {}, true, true},
      {"it is ready", {created(running("web-0"), minute)}, {}, false, false},
      {"it is as old as the limit", {unready(startup_time)}, {}, false, false},
      {"it is one second younger than the limit",
       {unready(startup_time - std::chrono::seconds(1))},
       {},
       true,
       true},
      {"it has no creation time", {without_creation_time}, {}, false, false},
      {"it existed when the rollout completed, so it was ready",
       {unready(minute)},
       now - std::chrono::seconds(30),
       false,
       false},
      {"it was created after the rollout",
       {unready(minute)},
       now - std::chrono::seconds(90),
       true,
       true},
      {"it was ready before", {was_ready}, {}, false, false},
      {"it was never ready", {never_ready}, {}, true, true},
      {"another pod is ready, and the URL may lead to it",
       {unready(minute), running("web-1")},
       {},
       true,
       false},
      {"it is gone", {}, {}, false, false},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      std::vector<ProbeResult> results = outcomes({ProbeOutcome::ConnectionRefused});
      results.push_back(result_of("", ProbeOutcome::ConnectionRefused));
      exclude_starting(results, row.pods, row.rolled_out, now);
      CHECK((results[0].exclusion == ExclusionReason::Starting) == row.pod_excluded);
      CHECK((results[1].exclusion == ExclusionReason::Starting) == row.url_excluded);
    }
  }
}

TEST_CASE("measure_http fails when more than maxFailingPods fail") {
  CHECK(measure_http(check_of(0), statuses({200, 200, 500})).result == Fail);
  CHECK(measure_http(check_of(50), statuses({200, 500})).result == Pass);
  CHECK(measure_http(check_of(50), statuses({200, 500, 500})).result == Fail);
  CHECK(measure_http(check_of(99), statuses({500, 500})).result == Fail);
}

TEST_CASE("measure_http passes for each status in expectedStatus") {
  auto check = check_of();
  check.http.expected = {{.from = 200, .to = 200}, {.from = 418, .to = 418}};
  CHECK(measure_http(check, statuses({418})).result == Pass);
  CHECK(measure_http(check, statuses({204})).message ==
        "1 of 1 pods failed GET /health: web-0 returned 204, expected 200,418 (limit 25% of pods)");
}

TEST_CASE("measure_http reports how many of the pods were probed") {
  CHECK(measure_http(check_of(), statuses({200, 200}), 240).message ==
        "2 of 2 pods passed GET /health: web-0 returned 200, expected 200-399 (limit 25% of pods); "
        "2 of 240 pods were probed");
}

TEST_CASE("measure_http limits the message to 512 bytes") {
  auto long_result =
      result_of(std::string(253, 'p'), ProbeOutcome::InvalidResponse, 0, std::string(200, 'd'));
  long_result.probe.request.target = "/" + std::string(2000, 't');
  CHECK(measure_http(check_of(), std::vector{long_result}).message.size() <= 512);
}

}  // namespace lastgood::checks::test
