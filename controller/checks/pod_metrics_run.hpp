// One run of a podMetrics check, without its I/O: which pods are scraped, when the run ends, and
// its result. The pods of the release and of the baseline are scraped at the same moment.
//
//   jobs() -> scrape -> add_round() -> next_round() -> a time: wait, and scrape again
//                                  \-> nothing: needs_confirmation() -> confirm() -> measurement()
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "api/workload.hpp"
#include "base/time.hpp"
#include "checks/baseline.hpp"
#include "checks/pod_metrics_plan.hpp"
#include "checks/pod_metrics_question.hpp"
#include "checks/pod_metrics_value.hpp"

namespace lastgood::checks {

struct PodMetricsInputs {
  const api::Check& check;  // a podMetrics check
  const PodMetricsQuestion& question;
  std::span<const api::Pod> pods;                // of the measured revision
  std::span<const api::Pod> baseline_pods = {};  // empty: there is no baseline
  bool nothing_started = false;                  // see checks::nothing_started()
  Established established = Established::Yes;
};

// One pod to scrape. The result goes into the window.
struct ScrapeJob {
  const ScrapeTarget& target;
  PodWindow& window;
  bool& is_large;  // for the scraper: an earlier page was too large for the regular lane
};

class PodMetricsRun {
 public:
  // The inputs must outlive the run.
  explicit PodMetricsRun(const PodMetricsInputs& inputs);
  PodMetricsRun(const PodMetricsRun&) = delete;
  PodMetricsRun& operator=(const PodMetricsRun&) = delete;

  [[nodiscard]] std::vector<ScrapeJob> jobs();
  // All jobs were done. `since_first`: the time from the first round to this one.
  void add_round(Duration since_first);
  // When the next round is due, as the time since the first one. Nothing: the run ends. It goes on
  // while a longer window may give the measurement a value. If no pod of the release is ready, the
  // same applies to the measurement of the baseline.
  [[nodiscard]] std::optional<Duration> next_round() const;

  // The release or the baseline fails, so the pods of both must be listed again for confirm().
  [[nodiscard]] bool needs_confirmation() const;
  void confirm(std::span<const api::Pod> pods_now, std::span<const api::Pod> baseline_pods_now);

  [[nodiscard]] const api::Measurement& measurement() const { return measurement_; }
  // Whether the measurement gets the result of the baseline: see has_baseline_result().
  [[nodiscard]] bool needs_baseline_result() const;
  // The same check for the baseline. Unknown without a baseline.
  [[nodiscard]] api::Measurement baseline_measurement() const;

 private:
  // All three lists have the same order.
  struct Revision {
    std::vector<ScrapeTarget> targets = {};
    std::vector<PodOfRevision> pods = {};
    std::deque<bool> are_large = {};
  };

  [[nodiscard]] Revision planned(std::span<const api::Pod> pods) const;
  [[nodiscard]] RevisionMetrics metrics_of(const Revision& revision) const;
  [[nodiscard]] const api::PodMetricsCheck& pod_metrics() const;
  void update();

  PodMetricsInputs inputs_;
  Revision release_;
  Revision baseline_;
  Duration window_{0};  // from the first round to the last one
  std::optional<RevisionMetrics> baseline_metrics_;
  api::Measurement measurement_;
};

}  // namespace lastgood::checks
