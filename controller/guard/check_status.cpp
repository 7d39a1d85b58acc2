#include "guard/check_status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "api/find_check.hpp"
#include "checks/baseline.hpp"
#include "checks/pod_metrics_plan.hpp"
#include "guard/cluster_fault.hpp"
#include "guard/flapping.hpp"
#include "guard/needs.hpp"
#include "guard/schedule.hpp"

namespace lastgood::guard {

using api::CheckStatus;
using api::MeasurementResult;

namespace {

// After this many consecutive Unknown measurements, a check counts as a check without a result.
constexpr int max_consecutive_unknowns = 2;

bool may_still_get_result(const CheckStatus& check) {
  return check.result == MeasurementResult::Unknown &&
         check.consecutive_unknowns < max_consecutive_unknowns;
}

void reset_failures(CheckStatus& check) {
  check.consecutive_failures = 0;
  check.breached = false;
  check.first_failure.reset();
  check.last_failure.reset();
  check.failing_series.clear();
  check.min_failing_time = Duration::zero();
}

// The series that fail in the measurement and in all failures before.
std::vector<std::string> common_series(const CheckStatus& before,
                                       const api::Measurement& measurement) {
  std::vector<std::string> common;
  std::ranges::set_intersection(before.failing_series, measurement.failing_series,
                                std::back_inserter(common));
  return common;
}

// False after a gap in the measurements, or if the last measurement had another result or reason,
// or if no series has failed in all measurements.
bool is_same_failure(const CheckStatus& before, const api::Measurement& measurement, Time now) {
  const bool has_gap = before.last_failure && now - *before.last_failure > measurement.max_gap;
  // The reasons of the rollout check are different failures. Those of another check are not: an
  // endpoint may return 500 now and no response later.
  const bool has_same_reason =
      measurement.check != api::rollout_check || before.reason == measurement.reason;
  const bool has_same_series =
      measurement.failing_series.empty() || !common_series(before, measurement).empty();
  return before.result == MeasurementResult::Fail && has_same_reason && has_same_series && !has_gap;
}

void set_passing_since(CheckStatus& check, const api::Measurement& measurement, Time now) {
  const bool passes = measurement.result == MeasurementResult::Pass;
  const bool has_gap = check.last_result && now - *check.last_result > measurement.max_gap;
  if (!passes || has_gap) check.passing_since.reset();
  if (passes && !check.passing_since) check.passing_since = now;
}

// The baseline is an alert that has not been inactive for min_inactive_time.
bool is_alert_baseline_kept(const CheckStatus& check, Time now) {
  const bool is_failing_alert =
      is_baseline_failing(check) && check.baseline->reason == api::Reason::AlertFiring;
  const bool was_inactive = check.passing_since && now - *check.passing_since >= min_inactive_time;
  return is_failing_alert && !was_inactive;
}

void add_pass(CheckStatus& check, bool settled, Time now) {
  record_result(check, MeasurementResult::Pass);
  const bool still_flaps = check.breached && is_flapping(check);
  const std::optional<Time> began = check.first_failure;
  reset_failures(check);
  if (!is_alert_baseline_kept(check, now)) check.baseline.reset();
  check.passed_once = check.passed_once || settled;
  if (settled) check.bake_passes += 1;
  if (!still_flaps) return;
  check.breached = true;
  check.first_failure = began;
}

void add_failure(CheckStatus& check, const api::Measurement& measurement, bool is_same, Time now) {
  if (measurement.min_failing_time > Duration::zero() && !is_same && !check.breached)
    reset_failures(check);
  if (!check.first_failure) check.first_failure = now;
  check.last_failure = now;
  check.min_failing_time = measurement.min_failing_time;
  check.consecutive_failures += 1;
  const bool has_lasted = now - *check.first_failure >= measurement.min_failing_time;
  if (measurement.immediate ||
      (check.consecutive_failures >= check.failure_threshold && has_lasted)) {
    check.breached = true;
  } else if (measurement.min_failing_time == Duration::zero() && is_flapping(check)) {
    check.breached = true;
    check.message += ". " + flapping_text(check);
  }
}

// A pass from before the release says nothing about the pods that were measured later.
bool is_outdated_pass(const api::BaselineResult& result, const api::BaselineResult& last) {
  return result.result == MeasurementResult::Pass && result.before && result.at && last.at &&
         *result.at < *last.at;
}

// Updates the result of the baseline: its consecutive failures, and whether they began before the
// release had a pod.
void update_baseline(CheckStatus& check, const api::Measurement& measurement, Time now) {
  auto& baseline = check.baseline;
  const bool had_failed = baseline && baseline->result == MeasurementResult::Fail;
  const auto& found = measurement.baseline;
  // A metrics server that has lost its data shows the alert of the old pods late, too.
  if (found && found->result == MeasurementResult::Pass &&
      measurement.result != MeasurementResult::Fail && is_alert_baseline_kept(check, now))
    return;
  if (!found || found->result == MeasurementResult::Unknown ||
      (baseline && is_outdated_pass(*found, *baseline))) {
    // The old result stays. But a single failure of the baseline after the release had a pod is
    // forgotten: the old pod may have been terminating.
    const bool is_doubtful = had_failed && !baseline->before && !is_baseline_failing(check);
    // The baseline showed another failure of the rollout than the one that the release has now.
    const bool is_other = had_failed && check.name == api::rollout_check &&
                          !checks::is_like_rollout_failure(measurement.reason, baseline->reason);
    if (measurement.result == MeasurementResult::Fail && (is_doubtful || is_other))
      baseline.reset();
    return;
  }
  api::BaselineResult result = *found;
  const bool fails_now = result.result == MeasurementResult::Fail;
  // The baseline may have been measured, and failed, several times for this measurement: see
  // checks::repeats_baseline().
  if (fails_now)
    result.consecutive_failures = std::max(result.consecutive_failures, 1) +
                                  (had_failed ? baseline->consecutive_failures : 0);
  result.before = result.before || (fails_now && had_failed && baseline->before);
  baseline = std::move(result);
  if (fails_now) check.passing_since.reset();
}

CheckStatus empty_check(std::string name) {
  CheckStatus check;
  check.name = std::move(name);
  check.reason = pending_reason;
  return check;
}

}  // namespace

bool is_baseline_failing(const CheckStatus& check) {
  constexpr int min_failures = 2;
  return check.baseline && check.baseline->result == MeasurementResult::Fail &&
         check.baseline->consecutive_failures >= min_failures;
}

namespace {

// The rule that the check reads has changed: the results of the old rule do not count.
bool is_other_question(const CheckStatus& check, const api::Measurement& measurement) {
  return !measurement.question.empty() && !check.question.empty() &&
         measurement.question != check.question;
}

CheckStatus with_question(CheckStatus check, const api::Measurement& measurement) {
  if (is_other_question(check, measurement)) {
    CheckStatus empty = empty_check(check.name);
    empty.config_hash = check.config_hash;
    empty.failure_threshold = check.failure_threshold;
    check = std::move(empty);
  }
  if (!measurement.question.empty()) check.question = measurement.question;
  return check;
}

}  // namespace

CheckStatus apply(CheckStatus check, const api::Measurement& measurement, bool settled, Time now) {
  check = with_question(std::move(check), measurement);
  // A failure has the time of its measurement, not of this reconcile.
  const Time when = std::min(measurement.at.value_or(now), now);
  // A breach that the cluster caused ends when its reason is no fault of the cluster any more. Then
  // the failures of the release are counted from their own beginning.
  if (check.breached && is_cluster_fault(check.reason) && !is_cluster_fault(measurement.reason))
    reset_failures(check);
  const bool is_same = is_same_failure(check, measurement, when);
  auto failing_series = is_same ? common_series(check, measurement) : measurement.failing_series;
  check.result = measurement.result;
  check.reason = measurement.reason;
  check.message = measurement.message;
  check.value = measurement.value;
  check.threshold = measurement.threshold;
  check.query = measurement.query;
  check.traffic = measurement.traffic;
  set_passing_since(check, measurement, when);
  update_baseline(check, measurement, when);
  check.consecutive_unknowns =
      measurement.result == MeasurementResult::Unknown
          ? std::min(check.consecutive_unknowns + 1, max_consecutive_unknowns)
          : 0;
  switch (measurement.result) {
    case MeasurementResult::Pass: add_pass(check, settled, when); break;
    case MeasurementResult::Unknown: return check;
    case MeasurementResult::Fail:
      record_result(check, MeasurementResult::Fail);
      if (settled) check.bake_failures += 1;
      add_failure(check, measurement, is_same, when);
      check.failing_series = std::move(failing_series);
      break;
  }
  check.last_result = when;
  return check;
}

std::optional<Time> breach_due_at(const CheckStatus& check) {
  const bool lacks_only_time = check.result == MeasurementResult::Fail && !check.breached &&
                               check.first_failure &&
                               check.consecutive_failures >= check.failure_threshold;
  if (!lacks_only_time) return std::nullopt;
  return *check.first_failure + check.min_failing_time;
}

Duration max_result_age(const std::string& check, const api::PolicySpec& spec) {
  const api::Check* found = api::find_check(spec.checks, check);
  if (!found) return api::default_max_gap;
  const bool is_pod_metrics = std::holds_alternative<api::PodMetricsCheck>(found->kind);
  const Duration max_run = is_pod_metrics ? checks::max_scrape_window : Duration::zero();
  return std::max(api::default_max_gap,
                  2 * found->interval + api::timeout_of(found->kind) + max_run);
}

Duration max_result_age(const CheckStatus& check, const api::PolicySpec& spec) {
  const bool may_run_rarely = check.name == api::rollout_check &&
                              check.result == MeasurementResult::Pass && check.bake_failures == 0;
  const Duration more = may_run_rarely ? passing_rollout_interval : Duration::zero();
  return max_result_age(check.name, spec) + more;
}

namespace {

// After a gap as long as the window of results, the results from before the gap do not count.
void forget_old_results(CheckStatus& check, const api::PolicySpec& spec, Time now) {
  const Duration window = max_recent_results * max_result_age(check.name, spec) / 2;
  if (check.last_result && now - *check.last_result > window) check.recent_results.clear();
}

// The failures of a check of the policy must last for the `for` of the check, and for the `for` of
// the alerting rule that it reads. Sets the longer one, and the max_gap of the check.
api::Measurement with_duration(api::Measurement measurement, const api::PolicySpec& spec) {
  const api::Check* check = api::find_check(spec.checks, measurement.check);
  if (!check) return measurement;
  measurement.min_failing_time = std::max(measurement.min_failing_time, check->fail_for);
  measurement.max_gap = max_result_age(check->name, spec);
  return measurement;
}

}  // namespace

std::vector<CheckStatus> apply_all(const std::vector<CheckStatus>& checks,
                                   const api::PolicySpec& spec,
                                   std::span<const api::Measurement> measurements, bool settled,
                                   Time now) {
  std::vector<CheckStatus> result;
  const auto add_check = [&](const std::string& name, int threshold,
                             const std::string& config_hash) {
    const CheckStatus* previous = api::find_check(checks, name);
    // Results of another configuration do not count.
    const bool is_same =
        previous && (previous->config_hash.empty() || previous->config_hash == config_hash);
    CheckStatus check = is_same ? *previous : empty_check(name);
    check.config_hash = config_hash;
    if (threshold > check.failure_threshold)
      check.breached = check.breached && check.consecutive_failures >= threshold;
    check.failure_threshold = threshold;
    forget_old_results(check, spec, now);
    for (const api::Measurement& measurement : measurements) {
      if (measurement.check == name)
        check = apply(std::move(check), with_duration(measurement, spec), settled, now);
    }
    result.push_back(std::move(check));
  };
  add_check(std::string(api::rollout_check), 1, "");
  for (const api::Check& check : spec.checks)
    add_check(check.name, check.failure_threshold, api::config_hash_of(check.kind));
  return result;
}

const CheckStatus* breached(const std::vector<CheckStatus>& checks) {
  const auto found = std::ranges::find(checks, true, &CheckStatus::breached);
  return found == checks.end() ? nullptr : &*found;
}

namespace {

bool is_confirmed(const CheckStatus& check, const api::PolicySpec& spec, Time now) {
  const bool recent =
      check.last_failure && now - *check.last_failure <= max_result_age(check.name, spec);
  return check.breached && check.result == MeasurementResult::Fail && recent;
}

}  // namespace

const CheckStatus* confirmed_breach(const std::vector<CheckStatus>& checks,
                                    const api::PolicySpec& spec, Time now) {
  const auto found = std::ranges::find_if(
      checks, [&](const CheckStatus& check) { return is_confirmed(check, spec, now); });
  return found == checks.end() ? nullptr : &*found;
}

std::vector<const CheckStatus*> actionable_breaches(const std::vector<CheckStatus>& checks,
                                                    const api::PolicySpec& spec, Time now) {
  std::vector<const CheckStatus*> found;
  for (const CheckStatus& check : checks) {
    const bool is_excused = is_baseline_failing(check) || is_cluster_fault(check.reason);
    if (is_confirmed(check, spec, now) && !is_excused) found.push_back(&check);
  }
  return found;
}

const CheckStatus* actionable_breach(const std::vector<CheckStatus>& checks,
                                     const api::PolicySpec& spec, Time now) {
  const auto found = actionable_breaches(checks, spec, now);
  return found.empty() ? nullptr : found.front();
}

bool is_failing_still(const std::vector<CheckStatus>& checks, const api::PolicySpec& spec,
                      Time now) {
  return std::ranges::any_of(checks, [&](const CheckStatus& check) {
    const bool is_recent =
        check.last_failure && now - *check.last_failure <= max_result_age(check.name, spec);
    return check.consecutive_failures > 0 && (is_recent || may_still_get_result(check));
  });
}

Duration no_result_timeout(const api::PolicySpec& spec) {
  Duration slowest = rollout_interval;
  for (const api::Check& check : spec.checks) slowest = std::max(slowest, check.interval);
  return 2 * slowest;
}

const CheckStatus* check_without_recent_result(const std::vector<CheckStatus>& checks) {
  const auto found = std::ranges::find_if(checks, [](const CheckStatus& check) {
    return check.result == MeasurementResult::Unknown && !may_still_get_result(check);
  });
  return found == checks.end() ? nullptr : &*found;
}

CheckSummary summarize(const std::vector<CheckStatus>& checks) {
  // An Unknown after a failure does not end that failure.
  if (std::ranges::any_of(checks,
                          [](const CheckStatus& check) { return check.consecutive_failures > 0; }))
    return CheckSummary::Failing;
  if (std::ranges::all_of(checks, &CheckStatus::passed_once)) return CheckSummary::Passing;
  const auto is_pending = [](const CheckStatus& check) {
    return !check.passed_once && may_still_get_result(check);
  };
  return std::ranges::any_of(checks, is_pending) ? CheckSummary::Pending : CheckSummary::NoResult;
}

}  // namespace lastgood::guard
