#include "codec/query_forms.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codec/promql_tokens.hpp"
#include "codec/values.hpp"

namespace lastgood::codec {
namespace {

// Prometheus reads no fractions such as "1.5m".
std::string window_text(Duration window) {
  const std::string text = format_duration(window);
  return text.contains('.') ? fmt::format("{}ms", window.count()) : text;
}

// `metric{matchers}[window]` for the pods of the new revision.
std::string series(const std::string& metric, const std::string& matchers, const PodLabels& labels,
                   Duration window) {
  return fmt::format(R"({}{{{}="$namespace",{}=~"$pods"{}{}}}[{}])", metric, labels.namespace_,
                     labels.pod, matchers.empty() ? "" : ",", matchers, window_text(window));
}

}  // namespace

std::string error_ratio_query(const std::string& metric, const std::string& errors,
                              const PodLabels& labels, Duration window) {
  return fmt::format("(sum(rate({})) or vector(0)) / sum(rate({}))",
                     series(metric, errors, labels, window), series(metric, "", labels, window));
}

std::string latency_query(const std::string& histogram, double quantile, const PodLabels& labels,
                          Duration window) {
  return fmt::format("histogram_quantile({}, sum by (le) (rate({})))", format_number(quantile),
                     series(histogram + "_bucket", "", labels, window));
}

std::string requests_query(const std::string& counter, const PodLabels& labels, Duration window) {
  return fmt::format("sum(increase({}))", series(counter, "", labels, window));
}

bool is_metric_name(std::string_view text) {
  constexpr std::size_t max_size = 200;
  return !text.empty() && text.size() <= max_size && is_metric_name_start(text.front()) &&
         std::ranges::all_of(text, is_metric_name_part);
}

}  // namespace lastgood::codec
