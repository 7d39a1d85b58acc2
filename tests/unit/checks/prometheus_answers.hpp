// Responses to an instant query, and what parse_prometheus_answer() reads in them.
#pragma once

#include <chrono>
#include <string>

#include "api/call.hpp"
#include "checks/prometheus_answer.hpp"

namespace lastgood::checks::test {

inline constexpr Time evaluated_at{std::chrono::seconds(1795907976)};  // 2026-11-28T23:19:36Z

inline api::HttpResponse response(int status, const std::string& body,
                                  const std::string& content_type = "application/json") {
  return {.outcome = api::ProbeOutcome::Answered,
          .status = status,
          .content_type = content_type,
          .body = body};
}

inline PrometheusAnswer answer(const std::string& body) {
  return parse_prometheus_answer(response(200, body), evaluated_at);
}

inline std::string vector_of(const std::string& point) {
  return R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":)" +
         point + "}]}}";
}

}  // namespace lastgood::checks::test
