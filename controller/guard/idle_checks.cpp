#include "guard/idle_checks.hpp"

#include <algorithm>

#include "api/find_check.hpp"
#include "guard/established.hpp"
#include "guard/spread.hpp"

namespace lastgood::guard {

using api::IdleResult;
using api::MeasurementResult;

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration max_first_within = minutes(3);
constexpr std::chrono::milliseconds first_within_per_deployment{100};
constexpr Duration min_wait = minutes(1);
constexpr Duration max_wait = minutes(60);
constexpr Duration confirmation_wait = seconds(5);
constexpr int max_counted_failures = 2;

Duration wait_after(const IdleCheck& check, int runs) {
  if (check.every_minute) return min_wait;
  Duration wait = min_wait;
  for (int run = 1; run < runs && wait < max_wait; ++run) wait *= 2;
  return std::min(wait, max_wait);
}

const IdleResult* find_result(const api::GuardStatus& guard, const std::string& check,
                              const std::string& config_hash) {
  const auto found = std::ranges::find(guard.idle_results, check, &IdleResult::check);
  return found != guard.idle_results.end() && found->config_hash == config_hash ? &*found : nullptr;
}

}  // namespace

std::vector<IdleCheck> idle_checks(const api::Deployment& deployment, const api::PolicySpec& spec,
                                   const api::GuardStatus& guard) {
  if (guard.state != api::State::Idle || !guard.current) return {};
  std::vector<IdleCheck> checks;
  for (const api::Check& check : spec.checks) {
    const std::string config_hash = api::config_hash_of(check.kind);
    if (!deployment.recreates && has_passed_for(guard, config_hash, guard.current->hash)) continue;
    const IdleResult* last = find_result(guard, check.name, config_hash);
    const bool failed_once =
        last && last->result == MeasurementResult::Fail && last->consecutive_failures == 1;
    checks.push_back({.name = check.name,
                      .config_hash = config_hash,
                      .every_minute = deployment.recreates,
                      .needs_confirmation = deployment.recreates && failed_once});
  }
  return checks;
}

Duration first_measurement_within(std::size_t deployments) {
  const auto known = static_cast<Duration::rep>(std::max<std::size_t>(deployments, 1));
  return std::min(max_first_within, Duration(first_within_per_deployment) * known);
}

std::vector<std::string> IdleSchedule::take_due(std::span<const IdleCheck> checks,
                                                const Uid& deployment, Duration first_within,
                                                const std::set<std::string>& running,
                                                MonotonicTime now) {
  std::erase_if(turns_, [&](const auto& turn) {
    return std::ranges::none_of(checks, [&](const IdleCheck& check) {
      return check.name == turn.first && check.config_hash == turn.second.config_hash;
    });
  });
  std::vector<std::string> due;
  for (const IdleCheck& check : checks) {
    const Duration window = check.every_minute ? min_wait : first_within;
    const Turn first{.config_hash = check.config_hash,
                     .at = now + spread(deployment.value, window)};
    Turn& turn = turns_.try_emplace(check.name, first).first->second;
    if (check.needs_confirmation) turn.at = std::min(turn.at, now + confirmation_wait);
    turn.is_waiting = turn.at <= now && running.contains(check.name);
    if (turn.at > now || turn.is_waiting) continue;
    due.push_back(check.name);
    turn.runs += 1;
    turn.at = now + wait_after(check, turn.runs);
  }
  return due;
}

std::optional<MonotonicTime> IdleSchedule::next(const std::set<std::string>& running) const {
  std::optional<MonotonicTime> earliest;
  for (const auto& [name, turn] : turns_)
    if (!turn.is_waiting || !running.contains(name))
      earliest = std::min(earliest.value_or(turn.at), turn.at);
  return earliest;
}

void apply_idle_measurements(api::GuardStatus& guard,
                             std::span<const api::Measurement> measurements,
                             const api::PolicySpec& spec, Time now) {
  std::erase_if(guard.idle_results, [&](const IdleResult& result) {
    const api::Check* check = api::find_check(spec.checks, result.check);
    return !check || api::config_hash_of(check->kind) != result.config_hash;
  });
  for (const api::Measurement& measurement : measurements) {
    const api::Check* check = api::find_check(spec.checks, measurement.check);
    if (!check) continue;
    const std::string config_hash = api::config_hash_of(check->kind);
    if (measurement.result == MeasurementResult::Pass)
      record_pass(guard,
                  {.check = check->name,
                   .config_hash = passed_hash(config_hash, measurement.question),
                   .revision = guard.current->hash},
                  spec);
    const IdleResult* last = find_result(guard, check->name, config_hash);
    const int before = last ? last->consecutive_failures : 0;
    int failures = measurement.result == MeasurementResult::Unknown ? before : 0;
    if (measurement.result == MeasurementResult::Fail)
      failures = std::min(before + 1, max_counted_failures);
    std::erase_if(guard.idle_results,
                  [&](const IdleResult& result) { return result.check == check->name; });
    guard.idle_results.push_back({.check = check->name,
                                  .config_hash = config_hash,
                                  .result = measurement.result,
                                  .reason = measurement.reason,
                                  .message = measurement.message,
                                  .consecutive_failures = failures,
                                  .at = measurement.at.value_or(now)});
  }
}

}  // namespace lastgood::guard
