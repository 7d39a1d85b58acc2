#include "guard/check_status.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "guard/schedule.hpp"

namespace lastgood::guard {

using api::CheckStatus;
using api::MeasurementResult;

namespace {

// The turns that each check has for a result, also after a restart.
constexpr int max_consecutive_unknowns = 2;

bool has_a_turn_left(const CheckStatus& check) {
  return check.result == MeasurementResult::Unknown &&
         check.consecutive_unknowns < max_consecutive_unknowns;
}

void reset_failures(CheckStatus& check) {
  check.consecutive_failures = 0;
  check.breached = false;
  check.first_failure.reset();
  check.last_failure.reset();
}

// A failure has not held over a gap in the measurements, or while another reason was measured.
bool holds_on(const CheckStatus& before, const api::Measurement& measurement, Time now) {
  const bool gap = before.last_failure && now - *before.last_failure > max_gap;
  return before.result == MeasurementResult::Fail && before.reason == measurement.reason && !gap;
}

void add_failure(CheckStatus& check, const api::Measurement& measurement, bool goes_on, Time now) {
  if (measurement.must_hold > Duration::zero() && !goes_on && !check.breached)
    reset_failures(check);
  if (!check.first_failure) check.first_failure = now;
  check.last_failure = now;
  check.consecutive_failures += 1;
  const bool held = now - *check.first_failure >= measurement.must_hold;
  if (measurement.immediate || (check.consecutive_failures >= check.failure_threshold && held))
    check.breached = true;
}

// Updates the result of the baseline: its consecutive failures, and whether they began before the
// release.
void compare(CheckStatus& check, const api::Measurement& measurement) {
  auto& known = check.baseline;
  const bool failed_there = known && known->result == MeasurementResult::Fail;
  if (!measurement.baseline || measurement.baseline->result == MeasurementResult::Unknown) {
    // Without a result the last one stays. But one single failure of pods that are gone may be a
    // consequence of their termination.
    constexpr int enough = 2;
    const bool is_doubtful = failed_there && !known->before && known->consecutive_failures < enough;
    if (measurement.result == MeasurementResult::Fail && is_doubtful) known.reset();
    return;
  }
  api::BaselineResult answer = *measurement.baseline;
  const bool fails_there = answer.result == MeasurementResult::Fail;
  if (fails_there) answer.consecutive_failures = failed_there ? known->consecutive_failures + 1 : 1;
  answer.before = answer.before || (fails_there && failed_there && known->before);
  known = std::move(answer);
}

CheckStatus empty_check(std::string name, int threshold) {
  CheckStatus check;
  check.name = std::move(name);
  check.failure_threshold = threshold;
  check.reason = pending_result;
  return check;
}

}  // namespace

CheckStatus apply(CheckStatus check, const api::Measurement& measurement, bool settled, Time now) {
  // The time of the measurement, not of this reconcile.
  const Time when = std::min(measurement.at.value_or(now), now);
  const bool goes_on = holds_on(check, measurement, when);
  check.result = measurement.result;
  check.reason = measurement.reason;
  check.message = measurement.message;
  compare(check, measurement);
  check.consecutive_unknowns =
      measurement.result == MeasurementResult::Unknown
          ? std::min(check.consecutive_unknowns + 1, max_consecutive_unknowns)
          : 0;
  switch (measurement.result) {
    case MeasurementResult::Pass:
      reset_failures(check);
      check.baseline.reset();
      check.passed_once = check.passed_once || settled;
      break;
    case MeasurementResult::Unknown: break;
    case MeasurementResult::Fail: add_failure(check, measurement, goes_on, when); break;
  }
  return check;
}

std::vector<CheckStatus> apply_all(const std::vector<CheckStatus>& checks,
                                   const api::PolicySpec& spec,
                                   std::span<const api::Measurement> measurements, bool settled,
                                   Time now) {
  std::vector<CheckStatus> result;
  const auto take = [&](const std::string& name, int threshold, const std::string& config_hash) {
    const auto known = std::ranges::find(checks, name, &CheckStatus::name);
    // Results of another configuration do not count.
    const bool is_same =
        known != checks.end() && (known->config_hash.empty() || known->config_hash == config_hash);
    CheckStatus check = is_same ? *known : empty_check(name, threshold);
    check.config_hash = config_hash;
    if (threshold > check.failure_threshold)
      check.breached = check.breached && check.consecutive_failures >= threshold;
    check.failure_threshold = threshold;
    for (const api::Measurement& measurement : measurements) {
      if (measurement.check == name) check = apply(std::move(check), measurement, settled, now);
    }
    result.push_back(std::move(check));
  };
  take(std::string(api::rollout_check), 1, "");
  for (const api::Check& check : spec.checks)
    take(check.name, check.failure_threshold, api::config_hash_of(check.http));
  return result;
}

const CheckStatus* breached(const std::vector<CheckStatus>& checks) {
  const auto found = std::ranges::find(checks, true, &CheckStatus::breached);
  return found == checks.end() ? nullptr : &*found;
}

namespace {

Duration max_silence(const std::string& name, const api::PolicySpec& spec) {
  const auto found = std::ranges::find(spec.checks, name, &api::Check::name);
  return found == spec.checks.end() ? max_gap
                                    : std::max(max_gap, 2 * found->interval + found->http.timeout);
}

bool is_confirmed(const CheckStatus& check, const api::PolicySpec& spec, Time now) {
  const bool recent =
      check.last_failure && now - *check.last_failure <= max_silence(check.name, spec);
  return check.breached && check.result == MeasurementResult::Fail && recent;
}

}  // namespace

const CheckStatus* confirmed_breach(const std::vector<CheckStatus>& checks,
                                    const api::PolicySpec& spec, Time now) {
  const auto found = std::ranges::find_if(
      checks, [&](const CheckStatus& check) { return is_confirmed(check, spec, now); });
  return found == checks.end() ? nullptr : &*found;
}

const CheckStatus* actionable_breach(const std::vector<CheckStatus>& checks,
                                     const api::PolicySpec& spec, Time now) {
  const auto found = std::ranges::find_if(checks, [&](const CheckStatus& check) {
    const bool is_shared = check.baseline && check.baseline->result == MeasurementResult::Fail;
    return is_confirmed(check, spec, now) && !is_shared;
  });
  return found == checks.end() ? nullptr : &*found;
}

bool is_failing_still(const std::vector<CheckStatus>& checks, const api::PolicySpec& spec,
                      Time now) {
  return std::ranges::any_of(checks, [&](const CheckStatus& check) {
    const bool is_recent =
        check.last_failure && now - *check.last_failure <= max_silence(check.name, spec);
    return check.consecutive_failures > 0 && (is_recent || has_a_turn_left(check));
  });
}

Duration no_result_timeout(const api::PolicySpec& spec) {
  Duration slowest = rollout_interval;
  for (const api::Check& check : spec.checks) slowest = std::max(slowest, check.interval);
  return 2 * slowest;
}

std::string checks_without_result(const std::vector<CheckStatus>& checks) {
  std::string names;
  for (const CheckStatus& check : checks) {
    if (!check.passed_once)
      names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", check.name, check.reason);
  }
  return names;
}

CheckSummary summarize(const std::vector<CheckStatus>& checks) {
  // An Unknown after a failure does not end that failure.
  if (std::ranges::any_of(checks,
                          [](const CheckStatus& check) { return check.consecutive_failures > 0; }))
    return CheckSummary::Failing;
  if (std::ranges::all_of(checks, &CheckStatus::passed_once)) return CheckSummary::Passing;
  const auto not_measured = [](const CheckStatus& check) {
    return !check.passed_once && has_a_turn_left(check);
  };
  return std::ranges::any_of(checks, not_measured) ? CheckSummary::Pending : CheckSummary::NoResult;
}

}  // namespace lastgood::guard
