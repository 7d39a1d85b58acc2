// A server with the HTTP API of Prometheus for the simulation. It does not evaluate PromQL: the
// test says which value a query has.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "codec/json.hpp"
#include "ports/http_client.hpp"
#include "simulation/fake/virtual_clock.hpp"

namespace lastgood::simulation {

struct MetricsQuery {
  std::string text;
  Time at;  // the time of the evaluation
};

struct MetricsSeries {
  std::map<std::string, std::string> labels = {};
  double value = 0;
};

struct MetricsServer {
  bool is_running = true;
  Duration clock_offset{0};  // the time of the server minus the time of the controller
  // The values of the result, one for each series. By default the result is empty.
  std::function<std::vector<double>(const MetricsQuery& query)> evaluate;
  // The series of the result, instead of `evaluate`.
  std::function<std::vector<MetricsSeries>(const MetricsQuery& query)> evaluate_series;
  // data.groups of GET /api/v1/rules. By default there are no rules.
  std::function<codec::Json()> rules;
  std::vector<MetricsQuery> queries = {};
  // If set, responds to all GET requests, as a pod responds to a scrape of its metrics page. A body
  // above the limit of the call becomes InvalidResponse, as in net/.
  std::function<api::HttpResponse(const api::HttpCall& call)> scrape;
  // Called before a query is evaluated, and may return another response. If it returns nothing, the
  // query is evaluated.
  std::function<std::optional<api::HttpResponse>(const api::HttpCall& call)> respond;
};

class FakeHttpClient final : public ports::HttpClient {
 public:
  FakeHttpClient(MetricsServer& server, VirtualClock& clock) : server_(server), clock_(clock) {}

  boost::asio::awaitable<api::HttpResponse> call(api::HttpCall call) override;

 private:
  MetricsServer& server_;
  VirtualClock& clock_;
};

}  // namespace lastgood::simulation
