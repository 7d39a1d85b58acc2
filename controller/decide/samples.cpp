#include "decide/samples.hpp"

#include <algorithm>

namespace lastgood::decide {

using api::CheckStatus;
using api::SampleResult;

namespace {

void end_row(CheckStatus& check) {
  check.failures = 0;
  check.breached = false;
  check.first_failure.reset();
  check.last_failure.reset();
}

void lengthen_row(CheckStatus& check, const api::Sample& sample, Time now) {
  const bool gap = check.last_failure && now - *check.last_failure > longest_gap;
  // Time in which nobody looked is not time in which it failed.
  if (sample.must_hold > Duration::zero() && gap && !check.breached) end_row(check);
  if (!check.first_failure) check.first_failure = now;
  check.last_failure = now;
  check.failures += 1;
  const bool held = now - *check.first_failure >= sample.must_hold;
  if (sample.immediate || (check.failures >= check.failure_threshold && held)) check.breached = true;
}

CheckStatus empty_check(std::string name, int threshold) {
  CheckStatus check;
  check.name = std::move(name);
  check.failure_threshold = threshold;
  check.reason = "NotAskedYet";
  return check;
}

}  // namespace

CheckStatus apply(CheckStatus check, const api::Sample& sample, bool settled, Time now) {
  const bool was_unknown = check.result == SampleResult::Unknown;
  check.result = sample.result;
  check.reason = sample.reason;
  check.message = sample.message;
  switch (sample.result) {
    case SampleResult::Pass:
      end_row(check);
      check.passed_once = check.passed_once || settled;
      break;
    case SampleResult::Unknown: break;
    case SampleResult::Fail:
      if (was_unknown && sample.must_hold > Duration::zero() && !check.breached) end_row(check);
      lengthen_row(check, sample, now);
      break;
  }
  return check;
}

std::vector<CheckStatus> apply_all(const std::vector<CheckStatus>& checks, const api::PolicySpec& spec,
                                   std::span<const api::Sample> samples, bool settled, Time now) {
  std::vector<CheckStatus> result;
  const auto take = [&](const std::string& name, int threshold) {
    const auto known = std::ranges::find(checks, name, &CheckStatus::name);
    CheckStatus check = known == checks.end() ? empty_check(name, threshold) : *known;
    check.failure_threshold = threshold;
    for (const api::Sample& sample : samples) {
      if (sample.check == name) check = apply(std::move(check), sample, settled, now);
    }
    result.push_back(std::move(check));
  };
  take(std::string(rollout_check), 1);
  for (const api::Check& check : spec.checks) take(check.name, check.failure_threshold);
  return result;
}

const CheckStatus* breached(const std::vector<CheckStatus>& checks) {
  const auto found = std::ranges::find(checks, true, &CheckStatus::breached);
  return found == checks.end() ? nullptr : &*found;
}

Outlook outlook(const std::vector<CheckStatus>& checks) {
  // Unknown after a failure is still that failure: the row has not been ended by a pass.
  if (std::ranges::any_of(checks, [](const CheckStatus& check) { return check.failures > 0; })) return Outlook::Failing;
  if (std::ranges::all_of(checks, &CheckStatus::passed_once)) return Outlook::Passing;
  return Outlook::Silent;
}

}  // namespace lastgood::decide
