// Results of probes for the tests of HTTP checks.
#pragma once

#include <string>
#include <vector>

#include "checks/http_measurement.hpp"

namespace lastgood::checks::test {

using api::ProbeOutcome;

inline api::Check check_failing_above(int max_failing_percent) {
  return {.name = "health",
          .kind = api::HttpCheck{.port = 8080,
                                 .path = "/health",
                                 .timeout = Duration(2000),
                                 .max_failing_percent = max_failing_percent}};
}

inline api::Check health_check() { return check_failing_above(25); }

inline std::string pod_name(std::size_t i) { return "web-" + std::to_string(i); }

inline ProbeResult pod_result(const std::string& pod, ProbeOutcome outcome, int status = 0,
                              const std::string& detail = "") {
  return {.probe = {.pod = pod,
                    .request = {.host = "10.0.0.1",
                                .port = 8080,
                                .target = "/health",
                                .host_header = "myapp:8080"}},
          .response = {.outcome = outcome, .status = status, .detail = detail}};
}

inline ProbeResult url_result(ProbeOutcome outcome, int status = 0,
                              const std::string& detail = "") {
  return pod_result("", outcome, status, detail);
}

// One result for each status, of the pods web-0, web-1, ...
inline std::vector<ProbeResult> statuses(const std::vector<int>& codes) {
  std::vector<ProbeResult> out;
  for (const int code : codes)
    out.push_back(pod_result(pod_name(out.size()), ProbeOutcome::Answered, code));
  return out;
}

// One result for each outcome, of the pods web-0, web-1, ... Answered means the status 200.
inline std::vector<ProbeResult> outcomes(const std::vector<ProbeOutcome>& list) {
  std::vector<ProbeResult> out;
  for (const auto outcome : list)
    out.push_back(
        pod_result(pod_name(out.size()), outcome, outcome == ProbeOutcome::Answered ? 200 : 0));
  return out;
}

}  // namespace lastgood::checks::test
