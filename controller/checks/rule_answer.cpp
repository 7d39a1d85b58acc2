#include "checks/rule_answer.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "codec/json_at.hpp"

namespace lastgood::checks {
namespace {

using api::Reason;
using codec::Json;

// A native histogram is not one number, but the expression of an alert is true for it, as for any
// other value.
PrometheusAnswer value_of(const Json& series, Time evaluated_at) {
  if (codec::find(series, {"histogram"}) != nullptr) {
    return missing(Reason::WrongResultType, "the value is a native histogram");
  }
  const Json* const point = codec::find(series, {"value"});
  if (point == nullptr) return std::unexpected(not_a_result("a series has no value"));
  return parse_point(*point, evaluated_at);
}

std::optional<Time> time_of(const Json& series) {
  const Json* const point = codec::find(series, {"value"});
  return point == nullptr ? std::nullopt : time_of_point(*point);
}

// Whether the missing value is a property of the series. For any other reason, the whole answer has
// no result.
bool is_of_series(Reason reason) {
  return reason == Reason::NotANumber || reason == Reason::InfiniteValue ||
         reason == Reason::WrongResultType;
}

}  // namespace

SeriesAnswer parse_series(const api::HttpResponse& response, Time evaluated_at) {
  const auto body = parse_api_response(response);
  if (!body) return std::unexpected(body.error());
  const std::string type = codec::text_at(*body, {"data", "resultType"});
  const Json* const result = codec::find(*body, {"data", "result"});
  if (type == "string" || type == "matrix") {
    return missing(Reason::WrongResultType,
                   fmt::format("the expression returned a {}, and an alert needs a vector", type));
  }
  if ((type != "vector" && type != "scalar") || result == nullptr || !result->is_array())
    return std::unexpected(not_a_result("it has no vector and no scalar"));
  if (auto warning = warning_in(*body)) return std::unexpected(*std::move(warning));
  std::vector<Series> all;
  if (type == "scalar") {
    all.push_back({.value = parse_point(*result, evaluated_at), .at = time_of_point(*result)});
  } else if (result->size() > max_series) {
    return missing(
        Reason::ResponseTooLarge,
        fmt::format("the expression returned {} series, and at most {} are read; make the "
                    "expression more specific",
                    result->size(), max_series));
  } else {
    for (const Json& one : *result) {
      Series series{.value = value_of(one, evaluated_at), .at = time_of(one)};
      for (const auto& [name, value] : codec::object_at(one, {"metric"}).items()) {
        if (value.is_string()) series.labels.emplace(name, value.get<std::string>());
      }
      all.push_back(std::move(series));
    }
  }
  for (const Series& series : all) {
    if (!series.value && !is_of_series(series.value.error().reason))
      return std::unexpected(series.value.error());
  }
  return all;
}

}  // namespace lastgood::checks
