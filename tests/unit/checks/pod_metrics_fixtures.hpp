// Pages of metrics for the tests of the podMetrics check.
#pragma once

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "checks/pod_metrics_question.hpp"
#include "checks/pod_metrics_value.hpp"

namespace lastgood::checks::test {

inline api::PodMetricsCheck ratio_check() {
  return {.total = "requests_total",
          .errors = R"(requests_total{code=~"5.."})",
          .minimum_requests = 20,
          .fail_if = api::Comparison{.limit = 0.05}};
}

inline PodMetricsQuestion question(const api::PodMetricsCheck& check) {
  auto out = question_of(check);
  INFO((out ? std::string() : out.error().message));
  REQUIRE(out);
  return *std::move(out);
}

// The page of an application with these requests in its counters.
inline std::string page(double good, double bad, std::string_view more = "") {
  return fmt::format("requests_total{{code=\"200\"}} {}\nrequests_total{{code=\"500\"}} {}\n{}",
                     good, bad, more);
}

inline Scrape scrape(const PodMetricsQuestion& wanted, std::string_view body) {
  auto out = parse_exposition(body, ExpositionFormat::Text, wanted.selectors);
  INFO((out ? std::string() : out.error().message));
  REQUIRE(out);
  return *std::move(out);
}

inline Scrape failed_scrape() {
  return std::unexpected(ScrapeProblem{.reason = api::Reason::EndpointFailed,
                                       .message = "it answered with status 500"});
}

// A window with these pages, in this order. An empty text is a scrape that failed.
inline PodWindow window(const PodMetricsQuestion& wanted, const std::vector<std::string>& bodies,
                        PodWindow::Metric metric = PodWindow::Metric::Counter) {
  PodWindow out(wanted, metric);
  for (const std::string& body : bodies)
    out.add(body.empty() ? failed_scrape() : scrape(wanted, body));
  return out;
}

inline api::Reason problem_of(const PodWindow& window) {
  return window.problem() ? window.problem()->reason : api::Reason::None;
}

}  // namespace lastgood::checks::test
