#include "guard/bake.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "api/find_check.hpp"
#include "guard/check_status.hpp"

namespace lastgood::guard {

using api::CheckStatus;
using api::MeasurementResult;

namespace {

// A longer time between two reconciles is a gap in which no controller ran. Only this much of the
// gap counts as unobserved.
constexpr std::chrono::seconds max_unobserved_step{30};

constexpr int whole = 100;  // percent

int pass_percent(const CheckStatus& check) {
  const int total = check.bake_passes + check.bake_failures;
  return total == 0 ? whole : check.bake_passes * whole / total;
}

}  // namespace

std::vector<CheckStatus> counted_checks(const std::vector<CheckStatus>& checks,
                                        const api::PolicySpec& spec) {
  std::vector<CheckStatus> counted = checks;
  std::erase_if(counted, [&](const CheckStatus& status) {
    const api::Check* check = api::find_check(spec.checks, status.name);
    const bool may_be_left_out = check && check->on_no_data == api::OnNoData::Ignore;
    const bool awaits_result =
        status.reason == pending_reason || status.reason == api::Reason::PodsStarting;
    return may_be_left_out && !awaits_result && status.result == MeasurementResult::Unknown &&
           status.consecutive_failures == 0 && !status.breached &&
           pass_percent(status) >= min_pass_percent;
  });
  return counted;
}

void begin_bake(api::GuardStatus& guard, Time now) {
  guard.bake = api::Bake{.began = now, .counted_until = now};
  for (CheckStatus& check : guard.checks) {
    check.bake_passes = 0;
    check.bake_failures = 0;
  }
}

std::optional<Time> observed_until(const std::vector<CheckStatus>& checks,
                                   const api::PolicySpec& spec) {
  std::optional<Time> earliest;
  for (const CheckStatus& check : counted_checks(checks, spec)) {
    if (!check.last_result) return {};
    const Time end = *check.last_result + max_result_age(check, spec);
    earliest = std::min(earliest.value_or(end), end);
  }
  return earliest;
}

void count_bake(api::Bake& bake, const std::vector<CheckStatus>& before,
                const api::PolicySpec& spec, std::optional<Time> all_measured_from, Time now) {
  const Time from = bake.counted_until.value_or(now);
  bake.counted_until = std::max(from, now);
  if (now <= from) return;
  const Duration time = now - from;
  const Time until = std::min(observed_until(before, spec).value_or(from), now);
  const Duration observed = std::max(until - from, Duration::zero());
  bake.observed += observed;
  if (now > all_measured_from.value_or(from))
    bake.unobserved += std::min<Duration>(time - observed, max_unobserved_step);
}

const CheckStatus* below_pass_share(const std::vector<CheckStatus>& checks) {
  const auto found = std::ranges::find_if(
      checks, [](const CheckStatus& check) { return pass_percent(check) < min_pass_percent; });
  return found == checks.end() ? nullptr : &*found;
}

std::string pass_share_text(const CheckStatus& check) {
  return fmt::format("check {} passed {} of {} measurements ({}%, limit {}%)", check.name,
                     check.bake_passes, check.bake_passes + check.bake_failures,
                     pass_percent(check), min_pass_percent);
}

bool is_healthy(const std::vector<CheckStatus>& all, const api::PolicySpec& spec) {
  const std::vector<CheckStatus> checks = counted_checks(all, spec);
  const auto passes = [](const CheckStatus& check) {
    return check.result == MeasurementResult::Pass;
  };
  return summarize(checks) == CheckSummary::Passing && std::ranges::all_of(checks, passes) &&
         !below_pass_share(checks);
}

bool has_minimum_bake(const api::GuardStatus& guard, const api::PolicySpec& spec) {
  return guard.rolled_out && guard.bake && guard.bake->observed >= minimum_bake_of(spec) &&
         is_healthy(guard.checks, spec);
}

Duration rounded_down(Duration observed) {
  using std::chrono::hours;
  using std::chrono::minutes;
  const Duration step = observed < minutes(20) ? Duration(minutes(2))
                        : observed < hours(2)  ? Duration(minutes(10))
                                               : Duration(hours(1));
  return observed - observed % step;
}

}  // namespace lastgood::guard
