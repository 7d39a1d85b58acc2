#include "checks/pod_metrics_rates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "codec/values.hpp"

namespace lastgood::checks {

namespace {

using api::Reason;

// Some libraries compute the start time from the present time and the age of the process, so it
// differs a little from page to page.
constexpr double max_start_difference = 1;  // second

bool is_counter(const PodMetricsQuestion& question, const ScrapedSeries& series) {
  const std::size_t process_start = question.selectors.size() - 1;
  return (series.selectors & ~(1U << process_start)) != 0;
}

std::optional<double> process_start(const PodMetricsQuestion& question, const Exposition& page) {
  const std::size_t selector = question.selectors.size() - 1;
  const auto found = std::ranges::find_if(
      page.series, [&](const ScrapedSeries& series) { return series.is_selected_by(selector); });
  return found == page.series.end() ? std::nullopt : std::optional(found->value);
}

const ScrapedSeries* find(const Exposition& page, std::uint64_t id) {
  const auto found = std::ranges::lower_bound(page.series, id, {}, &ScrapedSeries::id);
  return found == page.series.end() || found->id != id ? nullptr : &*found;
}

const std::string& name_of(const PodMetricsQuestion& question, const ScrapedSeries& series) {
  std::size_t selector = 0;
  while (!series.is_selected_by(selector)) ++selector;
  return question.selectors[selector].name();
}

// A counter that is negative or not finite says nothing about requests.
std::optional<ScrapeProblem> counter_problem(const PodMetricsQuestion& question,
                                             const Exposition& page) {
  for (const ScrapedSeries& series : page.series) {
    if (!is_counter(question, series) || (std::isfinite(series.value) && series.value >= 0))
      continue;
    return ScrapeProblem{
        .reason = Reason::InvalidMetrics,
        .message = fmt::format("{} has the value {}; a counter begins at 0",
                               name_of(question, series), codec::format_number(series.value))};
  }
  return std::nullopt;
}

std::optional<ScrapeProblem> restart_problem(const PodMetricsQuestion& question,
                                             const Exposition& before, const Exposition& page) {
  const auto old_start = process_start(question, before);
  const auto new_start = process_start(question, page);
  if (old_start.has_value() == new_start.has_value() &&
      (!old_start || std::abs(*old_start - *new_start) <= max_start_difference))
    return std::nullopt;
  return ScrapeProblem{
      .reason = Reason::CounterReset,
      .message = fmt::format("{} changed: the process started again", process_start_metric)};
}

ScrapeProblem first_scrape() {
  return {.reason = Reason::FirstScrape,
          .message = "the increase of a counter needs a second scrape"};
}

}  // namespace

PodWindow::PodWindow(const PodMetricsQuestion& question, Metric metric)
    : question_(&question), metric_(metric), problem_(first_scrape()) {
  begin_window();
}

void PodWindow::begin_window() {
  increases_.assign(question_->selectors.size(), 0);
  buckets_.assign(question_->selectors.size(), {});
}

void PodWindow::add(Scrape scrape) {
  if (!scrape) {
    problem_ = std::move(scrape.error());
    return;
  }
  if (metric_ == Metric::Counter) {
    if (auto problem = counter_problem(*question_, *scrape)) {
      problem_ = std::move(problem);
      return;
    }
    problem_ = last_ ? add_increases(*scrape) : first_scrape();
    if (problem_) begin_window();
  } else {
    problem_.reset();
  }
  last_ = *std::move(scrape);
}

std::optional<ScrapeProblem> PodWindow::add_increases(const Exposition& page) {
  if (auto problem = restart_problem(*question_, *last_, page)) return problem;
  for (const ScrapedSeries& before : last_->series) {
    const ScrapedSeries* const series = find(page, before.id);
    if (!is_counter(*question_, before) || (series && series->value >= before.value)) continue;
    return ScrapeProblem{
        .reason = Reason::CounterReset,
        .message = fmt::format(
            "{} {}", name_of(*question_, before),
            series ? fmt::format("fell from {} to {}", codec::format_number(before.value),
                                 codec::format_number(series->value))
                   : "lost a series")};
  }
  for (const ScrapedSeries& series : page.series) {
    if (!is_counter(*question_, series)) continue;
    const ScrapedSeries* const before = find(*last_, series.id);
    const double increase = series.value - (before ? before->value : 0);
    for (std::size_t i = 0; i < question_->selectors.size(); ++i) {
      if (!series.is_selected_by(i)) continue;
      if (!before && !last_->uses[i].has_name) return first_scrape();
      increases_[i] += increase;
      if (!std::isnan(series.bound)) buckets_[i][series.bound] += increase;
    }
  }
  return std::nullopt;
}

SelectorUse PodWindow::use(std::size_t selector) const {
  return last_ ? last_->uses[selector] : SelectorUse{};
}

std::vector<double> PodWindow::values(std::size_t selector) const {
  std::vector<double> out;
  if (!last_) return out;
  for (const ScrapedSeries& series : last_->series)
    if (series.is_selected_by(selector)) out.push_back(series.value);
  return out;
}

}  // namespace lastgood::checks
