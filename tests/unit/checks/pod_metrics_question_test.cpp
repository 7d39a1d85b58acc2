#include "checks/pod_metrics_question.hpp"

#include <catch2/catch.hpp>

#include "checks/exposition.hpp"
#include "checks/pod_metrics_conventions.hpp"
#include "unit/checks/pod_metrics_fixtures.hpp"

namespace lastgood::checks::test {

using Value = api::PodMetricsCheck::Value;

TEST_CASE("question_of selects the metrics of the check and the start of the process") {
  const auto wanted = question(ratio_check());
  REQUIRE(wanted.selectors.size() == 3);
  REQUIRE(wanted.sources.size() == 1);
  CHECK(wanted.selectors[wanted.sources[0].total].text() == "requests_total");
  CHECK(wanted.selectors[wanted.sources[0].errors.value()].text() ==
        R"(requests_total{code=~"5.."})");
  CHECK(wanted.selectors.back().name() == "process_start_time_seconds");
  CHECK_FALSE(wanted.uses_conventions);
}

TEST_CASE("question_of selects the buckets of a histogram") {
  const auto name = GENERATE("latency_seconds", "latency_seconds_bucket");
  const auto wanted = question({.value = Value::Latency, .histogram = name});
  CHECK(wanted.selectors[wanted.sources.at(0).total].name() == "latency_seconds_bucket");
  CHECK_FALSE(wanted.sources[0].errors);
}

TEST_CASE("question_of keeps the labels of a histogram") {
  const auto wanted =
      question({.value = Value::Latency, .histogram = R"(latency_seconds{path="/"})"});
  const std::vector<LabelView> root{{"path", "/"}, {"le", "1"}};
  const std::vector<LabelView> other{{"path", "/other"}, {"le", "1"}};
  CHECK(wanted.selectors[0].matches(root));
  CHECK_FALSE(wanted.selectors[0].matches(other));
}

TEST_CASE("question_of selects a gauge") {
  const auto wanted = question({.value = Value::Gauge, .gauge = "queue_length"});
  CHECK(wanted.selectors[wanted.sources.at(0).total].name() == "queue_length");
}

TEST_CASE("question_of uses all conventions if the check names no metric") {
  const auto ratio = question({});
  CHECK(ratio.uses_conventions);
  CHECK(ratio.sources.size() == ratio_conventions().size());
  CHECK(ratio.selectors.size() <= max_selectors);
  const auto latency = question({.value = Value::Latency});
  CHECK(latency.uses_conventions);
  CHECK(latency.sources.size() == latency_conventions().size());
}

TEST_CASE("question_of rejects a selector that is not valid") {
  const auto check = GENERATE(api::PodMetricsCheck{.total = "x{", .errors = "x"},
                              api::PodMetricsCheck{.total = "x", .errors = "x{code=~\"(\"}"},
                              api::PodMetricsCheck{.value = Value::Latency, .histogram = "rate(x)"},
                              api::PodMetricsCheck{.value = Value::Gauge, .gauge = ""});
  const auto wanted = question_of(check);
  REQUIRE_FALSE(wanted);
  CHECK(wanted.error().kind == ErrorKind::BadInput);
}

TEST_CASE("the conventions distinguish errors from other requests") {
  struct Row {
    std::string_view name;
    std::string_view good;
    std::string_view bad;
  };
  const auto row = GENERATE(values<Row>({
      {"http_requests_total", R"(code="200")", R"(code="503")"},
      {"http_requests_total", R"(status="404")", R"(status="500")"},
      {"http_requests_total", R"(status="2xx")", R"(status="5xx")"},
      {"http_requests_total", R"(status_code="200")", R"(status_code="500")"},
      {"http_server_request_duration_seconds_count", R"(http_response_status_code="200")",
       R"(http_response_status_code="500")"},
      {"http_server_requests_seconds_count", R"(status="200",uri="/")", R"(status="502",uri="/")"},
      {"http_requests_received_total", R"(code="200")", R"(code="500")"},
      {"http_request_duration_seconds_count", R"(status_code="200")", R"(status_code="500")"},
      {"grpc_server_handled_total", R"(grpc_code="NotFound")", R"(grpc_code="Internal")"},
      {"istio_requests_total", R"(reporter="destination",response_code="200")",
       R"(reporter="destination",response_code="503")"},
      {"response_total", R"(direction="inbound",classification="success")",
       R"(direction="inbound",classification="failure")"},
  }));
  INFO(row.name << " " << row.good);
  const auto wanted = question({});
  // How many sources count a series with these labels as a request, and as an error.
  const auto sources_with = [&](std::string_view labels) {
    const Exposition page = scrape(wanted, fmt::format("{}{{{}}} 1\n", row.name, labels)).value();
    REQUIRE(page.series.size() == 1);
    std::pair<int, int> out;
    for (const MetricSource& source : wanted.sources) {
      out.first += page.series[0].is_selected_by(source.total) ? 1 : 0;
      out.second += page.series[0].is_selected_by(*source.errors) ? 1 : 0;
    }
    return out;
  };
  CHECK(sources_with(row.good) == std::pair(1, 0));
  CHECK(sources_with(row.bad) == std::pair(1, 1));
}

TEST_CASE("the conventions do not count the requests that a pod sends or the metrics page") {
  const auto wanted = question({});
  const auto line =
      GENERATE(R"(istio_requests_total{reporter="source",response_code="500"} 1)",
               R"(response_total{direction="outbound",classification="failure"} 1)",
               R"(http_client_request_duration_seconds_count{http_response_status_code="500"} 1)",
               R"(promhttp_metric_handler_requests_total{code="200"} 1)");
  CHECK(scrape(wanted, std::string(line) + "\n")->series.empty());
}

}  // namespace lastgood::checks::test
