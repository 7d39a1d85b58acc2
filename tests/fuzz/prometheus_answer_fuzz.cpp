// The response of a metrics server to a query, to the query of an alert and to a query for rules.
#include <cmath>

#include "checks/alerts_answer.hpp"
#include "checks/prometheus_answer.hpp"
#include "checks/rule_answer.hpp"
#include "fuzz.hpp"

using namespace lastgood;
using namespace lastgood::fuzz;
using namespace lastgood::checks;

namespace {

constexpr std::size_t max_missing_message = 400;
// The time of the answers in the seeds.
constexpr Time evaluated_at{std::chrono::seconds(1795907975)};

api::HttpResponse response_of(int status, std::string_view body) {
  return {.outcome = api::ProbeOutcome::Answered,
          .status = status,
          .content_type = "application/json",
          .body = std::string(body)};
}

bool is_usable(const MetricValue& value) {
  return std::isfinite(value.value) && evaluated_at - value.at <= max_value_age &&
         value.at - evaluated_at <= max_clock_skew;
}

void require_reason(const MissingValue& missing) {
  require(missing.reason != api::Reason::None, "a missing value has a reason");
  require_message(missing.message, max_missing_message);
  require(missing.message.find('\n') == std::string::npos, "a message is one line");
}

void read_query(const api::HttpResponse& response) {
  const auto answer = parse_prometheus_answer(response, evaluated_at);
  const auto series = parse_series(response, evaluated_at);
  if (!answer) require_reason(answer.error());
  if (!series) require_reason(series.error());
  if (answer) {
    require(is_usable(*answer), "a value is finite and of the time of the query");
    require(series.has_value() && series->size() == 1, "a value is also one series");
    require(series->front().value == *answer, "a series has the same value");
  }
  if (!series) return;
  require(series->size() <= max_series, "the series have a limit");
  for (const Series& one : *series) {
    if (one.value) require(is_usable(*one.value), "the value of a series can be used");
    if (!one.value) require_reason(one.value.error());
  }
}

void read_rules(const api::HttpResponse& response) {
  const auto rules = parse_rules(response, "HighErrors");
  if (!rules) return require_reason(rules.error());
  for (const ServerRule& rule : *rules) {
    require(rule.alerts.size() <= max_alerts, "the alerts of a rule have a limit");
    require(rule.last_error.size() <= 200, "the error of a rule has a limit");
    require(rule.interval >= Duration::zero(), "the interval of a group is not negative");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  for (const int status : {200, 400, 422, 503}) {
    const api::HttpResponse response = response_of(status, text);
    read_query(response);
    if (status != 200)
      require(!parse_prometheus_answer(response, evaluated_at), "an error has no value");
    read_rules(response);
  }
  return 0;
}
