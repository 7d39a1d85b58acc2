#include "simulation/fake/metrics_server.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <map>

#include "codec/json.hpp"

namespace lastgood::simulation {

namespace {

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::map<std::string, std::string> fields_of(std::string_view form) {
  std::map<std::string, std::string> out;
  while (!form.empty()) {
    const std::string_view field = form.substr(0, form.find('&'));
    const std::size_t equals = std::min(field.find('='), field.size() - 1);
    out[decoded(field.substr(0, equals))] = decoded(field.substr(equals + 1));
    form.remove_prefix(std::min(form.size(), field.size() + 1));
  }
  return out;
}

double seconds_of(Time time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1000.0;
}

api::HttpResponse scraped(api::HttpResponse response, const api::HttpCall& call) {
  if (response.body.size() <= call.max_body_bytes) return response;
  return {.outcome = api::ProbeOutcome::InvalidResponse, .status = 200, .is_too_large = true};
}

api::HttpResponse response_with(const codec::Json& data) {
  const codec::Json body = {{"status", "success"}, {"data", data}};
  return {.outcome = api::ProbeOutcome::Answered,
          .status = 200,
          .content_type = "application/json",
          .body = body.dump()};
}

std::vector<MetricsSeries> series_of(const MetricsServer& server, const MetricsQuery& query) {
  if (server.evaluate_series) return server.evaluate_series(query);
  std::vector<MetricsSeries> all;
  for (const double value : server.evaluate ? server.evaluate(query) : std::vector<double>())
    all.push_back({.labels = {{"series", std::to_string(all.size())}}, .value = value});
  return all;
}

}  // namespace

boost::asio::awaitable<api::HttpResponse> FakeHttpClient::call(api::HttpCall call) {
  constexpr std::chrono::milliseconds latency{5};
  co_await clock_.sleep_until(clock_.monotonic_now() + latency);
  if (call.method == "GET" && server_.scrape) co_return scraped(server_.scrape(call), call);
  if (!server_.is_running)
    co_return api::HttpResponse{.outcome = api::ProbeOutcome::ConnectionRefused};
  if (server_.respond) {
    if (auto response = server_.respond(call)) co_return *std::move(response);
  }
  if (call.target.contains("/api/v1/rules"))
    co_return response_with({{"groups", server_.rules ? server_.rules() : codec::Json::array()}});
  const auto form = fields_of(call.body);
  MetricsQuery query{.text = form.at("query"), .at = clock_.now() + server_.clock_offset};
  if (const auto time = form.find("time"); time != form.end()) {
    const double seconds = std::strtod(time->second.c_str(), nullptr);
    query.at = Time(Duration(static_cast<std::int64_t>(seconds * 1000)));
  }
  server_.queries.push_back(query);
  codec::Json result = codec::Json::array();
  for (const MetricsSeries& series : series_of(server_, query))
    result.push_back({{"metric", series.labels},
                      {"value", {seconds_of(query.at), fmt::format("{}", series.value)}}});
  co_return response_with({{"resultType", "vector"}, {"result", result}});
}

}  // namespace lastgood::simulation
