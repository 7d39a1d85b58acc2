#include "checks/pod_metrics_conventions.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "codec/query_forms.hpp"
#include "codec/series_selector.hpp"

namespace lastgood::checks::test {
namespace {

using codec::LabelView;
using codec::SeriesSelector;

// The convention whose total selects a series with this name and these labels. Null: none.
const RatioConvention* convention_for(const std::string& name,
                                      const std::vector<LabelView>& labels) {
  for (const RatioConvention& one : ratio_conventions()) {
    const SeriesSelector total = SeriesSelector::parse(one.total).value();
    if (total.name() == name && total.has_each_label(labels) && total.matches(labels)) return &one;
  }
  return nullptr;
}

bool is_error(const std::string& name, const std::vector<LabelView>& labels) {
  const RatioConvention* const found = convention_for(name, labels);
  return found && SeriesSelector::parse(found->errors).value().matches(labels);
}

}  // namespace

TEST_CASE("ratio_conventions are valid selectors, and the errors have the name of the total") {
  std::set<std::string> totals;
  for (const RatioConvention& one : ratio_conventions()) {
    INFO(one.total);
    const auto total = SeriesSelector::parse(one.total);
    const auto errors = SeriesSelector::parse(one.errors);
    REQUIRE(total);
    REQUIRE(errors);
    CHECK(errors->name() == total->name());
    CHECK(totals.insert(one.total).second);
  }
}

TEST_CASE("ratio_conventions select as errors only the failed requests of each library") {
  struct Row {
    const char* name;
    std::vector<LabelView> error;
    std::vector<LabelView> other;
  };
  const Row row = GENERATE(values<Row>({
      {"http_server_request_duration_seconds_count",
       {{"http_response_status_code", "503"}},
       {{"http_response_status_code", "404"}}},
      {"http_server_duration_milliseconds_count",
       {{"http_status_code", "500"}},
       {{"http_status_code", "200"}}},
      {"http_server_requests_seconds_count", {{"status", "500"}}, {{"status", "499"}}},
      {"http_requests_total", {{"code", "500"}}, {{"code", "200"}}},
      {"http_requests_total", {{"status", "502"}}, {{"status", "301"}}},
      {"http_requests_total", {{"status_code", "500"}}, {{"status_code", "50"}}},
      {"http_requests_received_total", {{"code", "500"}}, {{"code", "5000"}}},
      {"http_request_duration_seconds_count", {{"code", "504"}}, {{"code", "400"}}},
      {"grpc_server_handled_total", {{"grpc_code", "Internal"}}, {{"grpc_code", "NotFound"}}},
      {"grpc_server_handled_total", {{"grpc_code", "Unavailable"}}, {{"grpc_code", "OK"}}},
      {"istio_requests_total",
       {{"reporter", "destination"}, {"response_code", "500"}},
       {{"reporter", "destination"}, {"response_code", "200"}}},
      {"response_total",
       {{"direction", "inbound"}, {"classification", "failure"}},
       {{"direction", "inbound"}, {"classification", "success"}}},
  }));
  INFO(row.name);
  CHECK(is_error(row.name, row.error));
  CHECK(convention_for(row.name, row.other));
  CHECK_FALSE(is_error(row.name, row.other));
}

TEST_CASE("ratio_conventions leave out the requests that a pod sends to others") {
  CHECK_FALSE(
      convention_for("istio_requests_total", {{"reporter", "source"}, {"response_code", "500"}}));
  CHECK_FALSE(
      convention_for("response_total", {{"direction", "outbound"}, {"classification", "failure"}}));
  CHECK_FALSE(convention_for("promhttp_metric_handler_requests_total", {{"code", "500"}}));
}

TEST_CASE("ratio_conventions have the metrics of the application before those of a proxy") {
  std::vector<std::string> names;
  for (const RatioConvention& one : ratio_conventions())
    names.push_back(SeriesSelector::parse(one.total).value().name());
  REQUIRE(names.size() > 2);
  CHECK(names[names.size() - 2] == "istio_requests_total");
  CHECK(names.back() == "response_total");
}

TEST_CASE("latency_conventions are names of histograms in seconds, without a suffix") {
  CHECK(latency_conventions().size() == 3);
  for (const std::string name : latency_conventions()) {
    INFO(name);
    CHECK(codec::is_metric_name(name));
    CHECK(name.ends_with("_seconds"));
  }
}

}  // namespace lastgood::checks::test
