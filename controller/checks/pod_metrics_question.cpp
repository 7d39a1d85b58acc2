#include "checks/pod_metrics_question.hpp"

#include "checks/pod_metrics_conventions.hpp"

namespace lastgood::checks {

namespace {

using Value = api::PodMetricsCheck::Value;

constexpr std::string_view bucket_suffix = "_bucket";

class Question {
 public:
  Result<PodMetricsQuestion> run(const api::PodMetricsCheck& check) {
    switch (check.value) {
      case Value::ErrorRatio: add_ratios(check); break;
      case Value::Latency: add_latencies(check); break;
      case Value::Gauge: out_.sources.push_back({.total = add(check.gauge)}); break;
    }
    (void)add(process_start_metric);
    if (error_) return std::unexpected(*error_);
    return std::move(out_);
  }

 private:
  std::size_t add(std::string_view text) {
    auto selector = SeriesSelector::parse(text);
    if (selector) {
      out_.selectors.push_back(*std::move(selector));
    } else if (!error_) {
      error_ = selector.error();
    }
    return out_.selectors.size() - 1;
  }

  void add_ratio(std::string_view total, std::string_view errors) {
    const std::size_t total_selector = add(total);
    out_.sources.push_back({.total = total_selector, .errors = add(errors)});
  }

  void add_ratios(const api::PodMetricsCheck& check) {
    out_.uses_conventions = check.total.empty();
    if (!out_.uses_conventions) return add_ratio(check.total, check.errors);
    for (const RatioConvention& convention : ratio_conventions())
      add_ratio(convention.total, convention.errors);
  }

  void add_latency(std::string_view histogram) {
    const std::size_t selector = add(histogram);
    if (error_) return;
    SeriesSelector& buckets = out_.selectors[selector];
    if (!buckets.name().ends_with(bucket_suffix))
      buckets = buckets.with_name(buckets.name() + std::string(bucket_suffix));
    out_.sources.push_back({.total = selector});
  }

  void add_latencies(const api::PodMetricsCheck& check) {
    out_.uses_conventions = check.histogram.empty();
    if (!out_.uses_conventions) return add_latency(check.histogram);
    for (const char* histogram : latency_conventions()) add_latency(histogram);
  }

  PodMetricsQuestion out_;
  std::optional<Error> error_;
};

}  // namespace

Result<PodMetricsQuestion> question_of(const api::PodMetricsCheck& check) {
  return Question().run(check);
}

}  // namespace lastgood::checks
