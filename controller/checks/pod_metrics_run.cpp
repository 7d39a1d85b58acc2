#include "checks/pod_metrics_run.hpp"

#include "checks/pod_metrics_measurement.hpp"

namespace lastgood::checks {

using api::MeasurementResult;

PodMetricsRun::PodMetricsRun(const PodMetricsInputs& inputs)
    : inputs_(inputs), release_(planned(inputs.pods)), baseline_(planned(inputs.baseline_pods)) {
  update();
}

const api::PodMetricsCheck& PodMetricsRun::pod_metrics() const {
  return std::get<api::PodMetricsCheck>(inputs_.check.kind);
}

PodMetricsRun::Revision PodMetricsRun::planned(std::span<const api::Pod> pods) const {
  const bool is_gauge = pod_metrics().value == api::PodMetricsCheck::Value::Gauge;
  const auto metric = is_gauge ? PodWindow::Metric::Gauge : PodWindow::Metric::Counter;
  Revision out{.targets = plan_scrapes(pod_metrics(), pods)};
  for (const ScrapeTarget& target : out.targets)
    out.pods.push_back({.name = target.pod, .window = PodWindow(inputs_.question, metric)});
  out.are_large.resize(out.targets.size(), false);
  return out;
}

std::vector<ScrapeJob> PodMetricsRun::jobs() {
  std::vector<ScrapeJob> out;
  for (Revision* revision : {&release_, &baseline_}) {
    for (std::size_t i = 0; i < revision->pods.size(); ++i)
      out.push_back({.target = revision->targets[i],
                     .window = revision->pods[i].window,
                     .is_large = revision->are_large[i]});
  }
  return out;
}

RevisionMetrics PodMetricsRun::metrics_of(const Revision& revision) const {
  return value_of_revision(pod_metrics(), inputs_.question, revision.pods, window_);
}

void PodMetricsRun::update() {
  baseline_metrics_.reset();
  if (!baseline_.pods.empty()) baseline_metrics_ = metrics_of(baseline_);
  const RevisionMetrics release = release_.pods.empty()
                                      ? RevisionMetrics(std::unexpected(no_targets(inputs_.pods)))
                                      : metrics_of(release_);
  measurement_ = measure_pod_metrics(inputs_.check, release, baseline_metrics_);
}

void PodMetricsRun::add_round(Duration since_first) {
  window_ = since_first;
  update();
}

std::optional<Duration> PodMetricsRun::next_round() const {
  const Duration next = window_ + scrape_distance(inputs_.check);
  if (next > max_scrape_window) return std::nullopt;
  const bool goes_on = release_.pods.empty() ? needs_baseline_result() &&
                                                   needs_longer_window(baseline_measurement(), {})
                                             : needs_longer_window(measurement_, baseline_metrics_);
  return goes_on ? std::optional(next) : std::nullopt;
}

bool PodMetricsRun::needs_confirmation() const {
  return measurement_.result == MeasurementResult::Fail ||
         baseline_measurement().result == MeasurementResult::Fail;
}

void PodMetricsRun::confirm(std::span<const api::Pod> pods_now,
                            std::span<const api::Pod> baseline_pods_now) {
  confirm_pods(release_.pods, inputs_.pods, pods_now);
  confirm_pods(baseline_.pods, inputs_.baseline_pods, baseline_pods_now);
  update();
}

bool PodMetricsRun::needs_baseline_result() const {
  return !inputs_.baseline_pods.empty() &&
         has_baseline_result(measurement_, inputs_.nothing_started, inputs_.established);
}

api::Measurement PodMetricsRun::baseline_measurement() const {
  if (!baseline_metrics_) return {.check = inputs_.check.name};
  return measure_baseline_pod_metrics(inputs_.check, *baseline_metrics_);
}

}  // namespace lastgood::checks
