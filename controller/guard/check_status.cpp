#include "guard/check_status.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "guard/schedule.hpp"

namespace lastgood::guard {

using api::CheckStatus;
using api::SampleResult;

namespace {

// So many turns each check has to answer, wherever a restart falls.
constexpr int most_unanswered = 2;

bool has_a_turn_left(const CheckStatus& check) {
  return check.result == SampleResult::Unknown && check.unanswered < most_unanswered;
}

void end_row(CheckStatus& check) {
  check.failures = 0;
  check.breached = false;
  check.first_failure.reset();
  check.last_failure.reset();
}

// Time in which nobody looked, or in which something else was wrong, is not time in which this was wrong.
bool holds_on(const CheckStatus& before, const api::Sample& sample, Time now) {
  const bool gap = before.last_failure && now - *before.last_failure > longest_gap;
  return before.result == SampleResult::Fail && before.reason == sample.reason && !gap;
}

void lengthen_row(CheckStatus& check, const api::Sample& sample, bool goes_on, Time now) {
  if (sample.must_hold > Duration::zero() && !goes_on && !check.breached) end_row(check);
  if (!check.first_failure) check.first_failure = now;
  check.last_failure = now;
  check.failures += 1;
  const bool held = now - *check.first_failure >= sample.must_hold;
  if (sample.immediate || (check.failures >= check.failure_threshold && held)) check.breached = true;
}

// Of another revision than the check: how often in a row it failed there, and since when.
void compare(CheckStatus& check, const api::Sample& sample) {
  auto& known = check.comparison;
  const bool failed_there = known && known->result == SampleResult::Fail;
  if (!sample.comparison || sample.comparison->result == SampleResult::Unknown) {
    // Asked and not answered says nothing, and what was answered before stands. But pods that failed once and are gone may have
    // failed by being stopped.
    constexpr int enough = 2;
    const bool is_doubtful = failed_there && !known->before && known->failures < enough;
    if (sample.result == SampleResult::Fail && is_doubtful) known.reset();
    return;
  }
  api::Comparison answer = *sample.comparison;
  const bool fails_there = answer.result == SampleResult::Fail;
  if (fails_there) answer.failures = failed_there ? known->failures + 1 : 1;
  answer.before = answer.before || (fails_there && failed_there && known->before);
  known = std::move(answer);
}

CheckStatus empty_check(std::string name, int threshold) {
  CheckStatus check;
  check.name = std::move(name);
  check.failure_threshold = threshold;
  check.reason = not_asked_yet;
  return check;
}

}  // namespace

CheckStatus apply(CheckStatus check, const api::Sample& sample, bool settled, Time now) {
  // However late it is looked at.
  const Time when = std::min(sample.at.value_or(now), now);
  const bool goes_on = holds_on(check, sample, when);
  check.result = sample.result;
  check.reason = sample.reason;
  check.message = sample.message;
  compare(check, sample);
  check.unanswered = sample.result == SampleResult::Unknown ? std::min(check.unanswered + 1, most_unanswered) : 0;
  switch (sample.result) {
    case SampleResult::Pass:
      end_row(check);
      check.comparison.reset();
      check.passed_once = check.passed_once || settled;
      break;
    case SampleResult::Unknown: break;
    case SampleResult::Fail: lengthen_row(check, sample, goes_on, when); break;
  }
  return check;
}

std::vector<CheckStatus> apply_all(const std::vector<CheckStatus>& checks, const api::PolicySpec& spec,
                                   std::span<const api::Sample> samples, bool settled, Time now) {
  std::vector<CheckStatus> result;
  const auto take = [&](const std::string& name, int threshold, const std::string& question) {
    const auto known = std::ranges::find(checks, name, &CheckStatus::name);
    // What another question was answered with says nothing of this one.
    const bool is_same = known != checks.end() && (known->asks.empty() || known->asks == question);
    CheckStatus check = is_same ? *known : empty_check(name, threshold);
    check.asks = question;
    if (threshold > check.failure_threshold) check.breached = check.breached && check.failures >= threshold;
    check.failure_threshold = threshold;
    for (const api::Sample& sample : samples) {
      if (sample.check == name) check = apply(std::move(check), sample, settled, now);
    }
    result.push_back(std::move(check));
  };
  take(std::string(rollout_check), 1, "");
  for (const api::Check& check : spec.checks) take(check.name, check.failure_threshold, api::question_of(check.http));
  return result;
}

const CheckStatus* breached(const std::vector<CheckStatus>& checks) {
  const auto found = std::ranges::find(checks, true, &CheckStatus::breached);
  return found == checks.end() ? nullptr : &*found;
}

namespace {

Duration longest_silence(const std::string& name, const api::PolicySpec& spec) {
  const auto found = std::ranges::find(spec.checks, name, &api::Check::name);
  return found == spec.checks.end() ? longest_gap : std::max(longest_gap, 2 * found->interval + found->http.timeout);
}

bool is_confirmed(const CheckStatus& check, const api::PolicySpec& spec, Time now) {
  const bool recent = check.last_failure && now - *check.last_failure <= longest_silence(check.name, spec);
  return check.breached && check.result == SampleResult::Fail && recent;
}

}  // namespace

const CheckStatus* confirmed_breach(const std::vector<CheckStatus>& checks, const api::PolicySpec& spec, Time now) {
  const auto found = std::ranges::find_if(checks, [&](const CheckStatus& check) { return is_confirmed(check, spec, now); });
  return found == checks.end() ? nullptr : &*found;
}

const CheckStatus* actionable_breach(const std::vector<CheckStatus>& checks, const api::PolicySpec& spec, Time now) {
  const auto found = std::ranges::find_if(checks, [&](const CheckStatus& check) {
    const bool is_shared = check.comparison && check.comparison->result == SampleResult::Fail;
    return is_confirmed(check, spec, now) && !is_shared;
  });
  return found == checks.end() ? nullptr : &*found;
}

bool is_failing_still(const std::vector<CheckStatus>& checks, const api::PolicySpec& spec, Time now) {
  return std::ranges::any_of(checks, [&](const CheckStatus& check) {
    const bool is_recent = check.last_failure && now - *check.last_failure <= longest_silence(check.name, spec);
    return check.failures > 0 && (is_recent || has_a_turn_left(check));
  });
}

Duration patience(const api::PolicySpec& spec) {
  Duration slowest = rollout_interval;
  for (const api::Check& check : spec.checks) slowest = std::max(slowest, check.interval);
  return 2 * slowest;
}

std::string silent_ones(const std::vector<CheckStatus>& checks) {
  std::string names;
  for (const CheckStatus& check : checks) {
    if (!check.passed_once) names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", check.name, check.reason);
  }
  return names;
}

Outlook outlook(const std::vector<CheckStatus>& checks) {
  // Unknown after a failure is still that failure: the row has not been ended by a pass.
  if (std::ranges::any_of(checks, [](const CheckStatus& check) { return check.failures > 0; })) return Outlook::Failing;
  if (std::ranges::all_of(checks, &CheckStatus::passed_once)) return Outlook::Passing;
  const auto unasked = [](const CheckStatus& check) { return !check.passed_once && has_a_turn_left(check); };
  return std::ranges::any_of(checks, unasked) ? Outlook::Unasked : Outlook::Silent;
}

}  // namespace lastgood::guard
