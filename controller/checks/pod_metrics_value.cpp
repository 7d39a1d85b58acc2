#include "checks/pod_metrics_value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.hpp"
#include "checks/histogram_quantile.hpp"
#include "codec/values.hpp"

namespace lastgood::checks {

namespace {

using api::Reason;
using Value = api::PodMetricsCheck::Value;

constexpr std::size_t min_pods_to_leave_one_out = 3;

std::unexpected<ScrapeProblem> problem(Reason reason, std::string message) {
  return std::unexpected(ScrapeProblem{.reason = reason, .message = std::move(message)});
}

// The counts of one pod, or the sums of several pods.
struct Counts {
  double requests = 0;
  double errors = 0;
  double gauge = 0;
  std::size_t pods = 0;
  std::map<double, double> buckets = {};

  void add(const Counts& other) {
    requests += other.requests;
    errors += other.errors;
    gauge += other.gauge;
    pods += other.pods;
    for (const auto& [bound, count] : other.buckets) buckets[bound] += count;
  }
};

struct CountedPod {
  std::string name;
  Counts counts;
};

// Without the digits that come from the addition of floating-point numbers.
double rounded(double count) {
  constexpr double precision = 1000;
  return std::round(count * precision) / precision;
}

std::string count_text(double count) { return codec::format_number(rounded(count)); }

std::string pods_text(std::size_t count) {
  return fmt::format("{} {}", count, count == 1 ? "pod" : "pods");
}

class Evaluation {
 public:
  Evaluation(const api::PodMetricsCheck& check, const PodMetricsQuestion& question,
             const std::vector<PodOfRevision>& pods, Duration window)
      : check_(check), question_(question), all_(pods), window_(window) {}

  RevisionMetrics run() {
    for (const PodOfRevision& pod : all_) {
      if (pod.window.problem()) {
        not_counted_.emplace_back(pod.name, *pod.window.problem());
      } else {
        scraped_.push_back(&pod);
      }
    }
    if (auto too_few = too_few_pods()) return std::unexpected(std::move(*too_few));
    if (auto missing = choose_source()) return std::unexpected(std::move(*missing));
    for (const PodOfRevision* pod : scraped_) count(*pod);
    if (auto too_few = too_few_pods()) return std::unexpected(std::move(*too_few));
    return result();
  }

 private:
  [[nodiscard]] std::optional<ScrapeProblem> too_few_pods() const {
    if (!not_counted_.empty() && not_counted_.size() * 2 > all_.size()) return common_problem();
    if (not_counted_.size() == all_.size())
      return ScrapeProblem{.reason = Reason::NoPodsToProbe, .message = "no pod was scraped"};
    return std::nullopt;
  }

  [[nodiscard]] ScrapeProblem common_problem() const {
    std::map<Reason, std::size_t> counts;
    for (const auto& [name, one] : not_counted_) ++counts[one.reason];
    const auto most = std::ranges::max(not_counted_, {},
                                       [&](const auto& pod) { return counts[pod.second.reason]; });
    return {.reason = most.second.reason, .message = not_counted_text(most)};
  }

  [[nodiscard]] std::string not_counted_text(
      const std::pair<std::string, ScrapeProblem>& example) const {
    return fmt::format("{} of {} pods {} not counted: {}: {}", not_counted_.size(), all_.size(),
                       not_counted_.size() == 1 ? "is" : "are", example.first,
                       example.second.message);
  }

  [[nodiscard]] bool any_has_series(std::size_t selector) const {
    return std::ranges::any_of(
        scraped_, [&](const PodOfRevision* pod) { return !pod->window.values(selector).empty(); });
  }

  [[nodiscard]] SelectorUse use(std::size_t selector) const {
    SelectorUse out;
    for (const PodOfRevision* pod : scraped_) {
      out.has_name = out.has_name || pod->window.use(selector).has_name;
      out.has_labels = out.has_labels || pod->window.use(selector).has_labels;
    }
    return out;
  }

  // Sets source_. Nothing: a pod has its series.
  std::optional<ScrapeProblem> choose_source() {
    source_ = question_.sources.front();
    if (!question_.uses_conventions) return missing_series();
    for (const MetricSource& source : question_.sources) {
      source_ = source;
      if (any_has_series(source.total)) return std::nullopt;
    }
    const bool is_ratio = check_.value == Value::ErrorRatio;
    return ScrapeProblem{
        .reason = Reason::MetricNotFound,
        .message =
            fmt::format("the pods have none of the common metrics of requests, or had no "
                        "request yet; set {}",
                        is_ratio ? "errorRatio.total and errorRatio.errors" : "latency.histogram")};
  }

  [[nodiscard]] std::optional<ScrapeProblem> missing_series() const {
    const SeriesSelector& selector = question_.selectors[source_.total];
    if (!use(source_.total).has_name) {
      return ScrapeProblem{
          .reason = Reason::MetricNotFound,
          .message = fmt::format("no pod has the metric {}; correct its name, or wait for the "
                                 "first request if it appears with it",
                                 selector.name())};
    }
    if (!any_has_series(source_.total)) return no_series(selector);
    if (!source_.errors) return std::nullopt;
    const SelectorUse errors = use(*source_.errors);
    return errors.has_name && !errors.has_labels
               ? std::optional(no_series(question_.selectors[*source_.errors]))
               : std::nullopt;
  }

  static ScrapeProblem no_series(const SeriesSelector& selector) {
    return {.reason = Reason::NoSeries,
            .message = fmt::format("the pods have {}, but no series for {}; correct its labels",
                                   selector.name(), clip(selector.text(), 120))};
  }

  void count(const PodOfRevision& pod) {
    auto counts = counts_of(pod.window);
    if (counts) {
      counted_.push_back({.name = pod.name, .counts = *std::move(counts)});
    } else {
      not_counted_.emplace_back(pod.name, std::move(counts.error()));
    }
  }

  [[nodiscard]] std::expected<Counts, ScrapeProblem> counts_of(const PodWindow& window) const {
    Counts out{.pods = 1};
    switch (check_.value) {
      case Value::ErrorRatio:
        out.requests = window.increase(source_.total);
        out.errors = source_.errors ? window.increase(*source_.errors) : 0;
        // A page is not written in one moment, so the errors may be slightly ahead.
        if (out.errors > out.requests + std::max(1.0, out.requests / 100)) {
          return problem(Reason::CounterReset,
                         fmt::format("{} errors of {} requests: the errors are not a part of the "
                                     "total, or the counters were reset",
                                     count_text(out.errors), count_text(out.requests)));
        }
        out.errors = std::min(out.errors, out.requests);
        return out;
      case Value::Latency:
        out.buckets = window.bucket_increases(source_.total);
        // Bucket +Inf has all requests.
        if (!out.buckets.empty()) out.requests = out.buckets.rbegin()->second;
        return out;
      case Value::Gauge: return with_gauge(std::move(out), window);
    }
    return out;
  }

  [[nodiscard]] std::expected<Counts, ScrapeProblem> with_gauge(Counts counts,
                                                                const PodWindow& window) const {
    const std::vector<double> values = window.values(source_.total);
    const std::string& name = question_.selectors[source_.total].name();
    if (values.empty())
      return problem(Reason::NoSeries, fmt::format("no series of {} is selected", name));
    if (values.size() > 1) {
      return problem(Reason::MultipleSeries,
                     fmt::format("{} series of {} are selected; add labels until one is left",
                                 values.size(), name));
    }
    if (!std::isfinite(values.front())) {
      return problem(std::isnan(values.front()) ? Reason::NotANumber : Reason::InfiniteValue,
                     fmt::format("{} is {}", name, codec::format_number(values.front())));
    }
    counts.gauge = values.front();
    return counts;
  }

  // The sums of all counted pods except `left_out`.
  [[nodiscard]] Counts sum(const CountedPod* left_out = nullptr) const {
    Counts out;
    for (const CountedPod& pod : counted_)
      if (&pod != left_out) out.add(pod.counts);
    return out;
  }

  [[nodiscard]] std::expected<double, ScrapeProblem> value_of(const Counts& counts) const {
    if (check_.value == Value::Gauge) return counts.gauge / static_cast<double>(counts.pods);
    const std::string in_window =
        format_duration(std::chrono::round<std::chrono::seconds>(window_));
    if (counts.requests <= 0) {
      return problem(Reason::NoTraffic,
                     fmt::format("{} had no request in {}", pods_text(counts.pods), in_window));
    }
    if (counts.requests < check_.minimum_requests) {
      return problem(
          Reason::LowTraffic,
          fmt::format("{} had {} requests in {}, fewer than minimumRequests {}; send more "
                      "requests, or lower minimumRequests",
                      pods_text(counts.pods), count_text(counts.requests), in_window,
                      codec::format_number(check_.minimum_requests)));
    }
    if (check_.value == Value::ErrorRatio) return counts.errors / counts.requests;
    std::vector<HistogramBucket> buckets;
    for (const auto& [bound, count] : counts.buckets)
      buckets.push_back({.bound = bound, .count = count});
    const auto quantile = histogram_quantile(check_.quantile, std::move(buckets));
    if (!quantile) {
      return problem(Reason::NoData,
                     fmt::format("{} has no bucket +Inf or no other bucket; name a classic "
                                 "histogram, without _bucket",
                                 question_.selectors[source_.total].name()));
    }
    return *quantile;
  }

  [[nodiscard]] std::string text_of(const Counts& counts, double value) const {
    const std::string in_window =
        format_duration(std::chrono::round<std::chrono::seconds>(window_));
    const std::string requests = count_text(counts.requests);
    switch (check_.value) {
      case Value::ErrorRatio:
        return fmt::format("{} of {} requests of {} failed in {}: ratio ",
                           count_text(counts.errors), requests, pods_text(counts.pods), in_window);
      case Value::Latency: {
        const auto highest =
            counts.buckets.size() < 2 ? counts.buckets.end() : std::prev(counts.buckets.end(), 2);
        const bool is_above = highest != counts.buckets.end() && value >= highest->first;
        return fmt::format("the quantile {} of {} requests of {} in {} is {}",
                           codec::format_number(check_.quantile), requests, pods_text(counts.pods),
                           in_window, is_above ? "at least " : "");
      }
      case Value::Gauge:
        return fmt::format("the mean of {} in {} is ", question_.selectors[source_.total].name(),
                           pods_text(counts.pods));
    }
    return "";
  }

  [[nodiscard]] RevisionMetrics result() const {
    const Counts counts = sum();
    const auto value = value_of(counts);
    if (!value) return std::unexpected(value.error());
    RevisionValue out{
        .value = *value, .requests = rounded(counts.requests), .text = text_of(counts, *value)};
    out.metric = question_.selectors[source_.total].text();
    if (source_.errors)
      out.metric = fmt::format("{} / {}", question_.selectors[*source_.errors].text(), out.metric);
    if (!not_counted_.empty()) out.pods_not_counted = not_counted_text(not_counted_.front());
    if (counted_.size() < min_pods_to_leave_one_out) return out;
    for (const CountedPod& pod : counted_) {
      if (const auto rest = value_of(sum(&pod)))
        out.without_pod.push_back({.pod = pod.name, .value = *rest});
    }
    return out;
  }

  const api::PodMetricsCheck& check_;
  const PodMetricsQuestion& question_;
  const std::vector<PodOfRevision>& all_;
  Duration window_;
  std::vector<const PodOfRevision*> scraped_;
  std::vector<std::pair<std::string, ScrapeProblem>> not_counted_;
  std::vector<CountedPod> counted_;
  MetricSource source_;
};

}  // namespace

RevisionMetrics value_of_revision(const api::PodMetricsCheck& check,
                                  const PodMetricsQuestion& question,
                                  const std::vector<PodOfRevision>& pods, Duration window) {
  return Evaluation(check, question, pods, window).run();
}

}  // namespace lastgood::checks
