#include "checks/missing_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "codec/promql_selectors.hpp"

namespace lastgood::checks {
namespace {

using api::Reason;
using codec::LabelMatcher;
using codec::VectorSelector;

constexpr int base = 4;
// The digits of a metric, see the header. 2: it has series of the pods, which increased or are not
// of a counter.
constexpr int not_found = 0;
constexpr int no_series = 1;
constexpr int not_increased = 3;

struct DiagnosedMetric {
  VectorSelector name;  // see codec::metrics_of()
  std::vector<LabelMatcher> labels;
};

bool has_variable(const LabelMatcher& matcher) {
  for (auto at = matcher.value.find('$'); at != std::string::npos;
       at = matcher.value.find('$', at + 1))
    if (codec::is_variable(std::string_view(matcher.value).substr(at))) return true;
  return false;
}

void add_metrics(std::vector<DiagnosedMetric>& metrics, const std::string& query) {
  const auto selectors = codec::vector_selectors(query);
  if (!selectors) return;
  for (const VectorSelector& selector : *selectors) {
    const auto named = codec::metrics_of({&selector, 1});
    if (named.empty()) continue;
    const auto known = std::ranges::find_if(metrics, [&](const DiagnosedMetric& one) {
      return codec::series_of(one.name, {}) == codec::series_of(named.front(), {});
    });
    if (known != metrics.end()) {
      if (known->name.range.empty()) known->name.range = selector.range;
    } else if (metrics.size() < max_diagnosed_metrics) {
      std::vector<LabelMatcher> labels = selector.matchers;
      std::erase_if(labels, [](const LabelMatcher& one) { return !has_variable(one); });
      metrics.push_back({.name = named.front(), .labels = std::move(labels)});
    }
  }
}

// The PromQL expression for the digit of one metric.
std::string digit_query(const DiagnosedMetric& metric) {
  const std::string series = codec::series_of(metric.name, metric.labels);
  std::string query =
      fmt::format("((count({}) > bool 0) or vector(0)) + ((count({}) > bool 0) or vector(0))",
                  codec::series_of(metric.name, {}), series);
  if (!metric.name.range.empty()) {
    query += fmt::format(" + ((sum(increase({}[{}])) == bool 0) or vector(0))", series,
                         metric.name.range);
  }
  return query;
}

// The number as digits, the first metric first. Nothing if it is not such a number.
std::optional<std::vector<int>> digits_of(double value, std::size_t count) {
  if (value < 0 || value >= std::pow(base, static_cast<double>(count)) ||
      value != std::floor(value))
    return std::nullopt;
  std::vector<int> digits;
  for (auto rest = static_cast<int>(value); digits.size() < count; rest /= base)
    digits.push_back(rest % base);
  return digits;
}

std::string quoted(const MissingDataQuery::Metric& metric) { return in_quotes(metric.name, 128); }

}  // namespace

std::optional<MissingDataQuery> plan_missing_data(const api::PrometheusCheck& check, Reason reason,
                                                  const codec::QueryVariables& variables) {
  if (reason != Reason::NoData && reason != Reason::NotANumber) return std::nullopt;
  std::vector<DiagnosedMetric> metrics;
  add_metrics(metrics, check.query);
  if (check.minimum_traffic) add_metrics(metrics, check.minimum_traffic->query);
  if (metrics.empty()) return std::nullopt;
  MissingDataQuery plan;
  std::string query;
  int factor = 1;
  for (const DiagnosedMetric& metric : metrics) {
    plan.metrics.push_back({.name = codec::series_of(metric.name, {}),
                            .has_range = !metric.name.range.empty(),
                            .has_labels = !metric.labels.empty()});
    query += fmt::format("{}{} * ({})", query.empty() ? "" : " + ", factor, digit_query(metric));
    factor *= base;
  }
  auto bound = codec::bind_query(query, variables);
  if (!bound) return std::nullopt;
  plan.query = *std::move(bound);
  return plan;
}

std::optional<MissingValue> explain_missing_data(const MissingDataQuery& query,
                                                 const PrometheusAnswer& answer) {
  if (!answer) return std::nullopt;
  const auto digits = digits_of(answer->value, query.metrics.size());
  if (!digits) return std::nullopt;
  const auto metric_with = [&](int digit) -> const MissingDataQuery::Metric* {
    const auto found = std::ranges::find(*digits, digit);
    return found == digits->end() ? nullptr : &query.metrics[found - digits->begin()];
  };
  if (const auto* metric = metric_with(not_found)) {
    return MissingValue{
        .reason = Reason::MetricNotFound,
        .message = fmt::format("the server has no series of the metric {} in the last 5 minutes; "
                               "correct the name, or check that the application exports it, also "
                               "at 0, and that it is scraped",
                               quoted(*metric))};
  }
  if (const auto* metric = metric_with(no_series)) {
    return MissingValue{
        .reason = Reason::NoSeries,
        .message = fmt::format("the metric {} exists, but has no series of the pods; check that "
                               "the pods are scraped, and that the query uses the labels of the "
                               "series, for example pod and namespace",
                               quoted(*metric))};
  }
  bool has_counter = false;
  for (std::size_t i = 0; i < digits->size(); ++i) {
    if (!query.metrics[i].has_range) continue;
    has_counter = true;
    if ((*digits)[i] != not_increased) return std::nullopt;
  }
  if (!has_counter) return std::nullopt;
  return MissingValue{
      .reason = Reason::NoTraffic,
      .message = fmt::format("the {} have series of {}, but they did not increase, so there was no "
                             "traffic to measure; the check counts again with the next requests",
                             query.metrics.front().has_labels ? "pods" : "targets",
                             quoted(query.metrics.front()))};
}

}  // namespace lastgood::checks
