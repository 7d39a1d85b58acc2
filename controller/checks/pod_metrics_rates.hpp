// The increases of the counters of one pod, added from scrape to scrape. The window of the pod is
// the time over which they are added. No increase is a guess: if it is not certain what happened
// between two scrapes, the pod is not counted.
//
//   between two scrapes                 the pod
//   each counter increased or stayed    is counted
//   a counter is lower or is gone, or   was reset: the second scrape begins a new window
//   the process started again
//   a metric has a new series           is counted, and the series began at 0: label values
//                                       appear with their first request
//   a metric has its first series       begins a new window: the page before may have been
//                                       incomplete
//   a scrape failed                     is not counted until a scrape succeeds; then the increase
//                                       is from the last scrape that succeeded
//
// Prometheus counts the value after a reset as the increase, which loses the requests before the
// reset. The total and the errors lose different shares, so a ratio would be wrong. After a new
// window begins, the pod is counted from the next scrape on.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/reasons.hpp"
#include "checks/exposition.hpp"
#include "checks/pod_metrics_question.hpp"

namespace lastgood::checks {

// Why a pod is not counted.
struct ScrapeProblem {
  api::Reason reason = api::Reason::None;
  std::string message;  // one line, without the name of the pod
  bool operator==(const ScrapeProblem&) const = default;
};

using Scrape = std::expected<Exposition, ScrapeProblem>;

class PodWindow {
 public:
  enum class Metric : std::uint8_t { Counter, Gauge };

  // `question` must outlive the window.
  PodWindow(const PodMetricsQuestion& question, Metric metric);

  void add(Scrape scrape);
  // Does not count the pod from now on, for example because its container restarted.
  void exclude(ScrapeProblem problem) { exclusion_ = std::move(problem); }

  // Why the pod is not counted. Nothing: it is counted. A counter needs two scrapes, a gauge one.
  [[nodiscard]] const std::optional<ScrapeProblem>& problem() const {
    return exclusion_ ? exclusion_ : problem_;
  }

  // The functions below are about the last scrape that succeeded, and the window that ends with it.

  // The increase in the window, summed over the series of a selector.
  [[nodiscard]] double increase(std::size_t selector) const { return increases_[selector]; }
  // The increase for each bound of a bucket. Empty if the series have no label le.
  [[nodiscard]] const std::map<double, double>& bucket_increases(std::size_t selector) const {
    return buckets_[selector];
  }
  [[nodiscard]] SelectorUse use(std::size_t selector) const;
  // The values of the series of a selector.
  [[nodiscard]] std::vector<double> values(std::size_t selector) const;
  // Whether a scrape succeeded.
  [[nodiscard]] bool has_page() const { return last_.has_value(); }

 private:
  // Nothing: the increases from the last page to `page` are certain, and were added.
  [[nodiscard]] std::optional<ScrapeProblem> add_increases(const Exposition& page);
  void begin_window();

  const PodMetricsQuestion* question_;
  Metric metric_;
  std::optional<Exposition> last_;
  std::optional<ScrapeProblem> problem_;
  std::optional<ScrapeProblem> exclusion_;
  std::vector<double> increases_;
  std::vector<std::map<double, double>> buckets_;
};

}  // namespace lastgood::checks
