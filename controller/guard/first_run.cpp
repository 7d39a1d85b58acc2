#include "guard/first_run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "api/find_check.hpp"
#include "guard/release_states.hpp"
#include "guard/spread.hpp"

namespace lastgood::guard {
namespace {

// When the pods of the present evaluation began to replace others.
std::optional<Time> evaluation_began(const api::GuardStatus& guard,
                                     const std::optional<api::Rollback>& rollback) {
  const bool is_restored = rollback && guard.current && rollback->status.template_restored &&
                           rollback->spec.to.hash == guard.current->hash;
  if (!is_restored) return guard.evaluation_started;
  return std::max(guard.evaluation_started.value_or(Time{}), *rollback->status.template_restored);
}

// A clock that was set back must not delay a check without initialDelay.
bool is_delayed(const api::Check& check, Time began, Time now) {
  return check.initial_delay > Duration::zero() && began + check.initial_delay > now;
}

}  // namespace

std::vector<std::string> only_for_baseline(const api::GuardStatus& guard,
                                           const std::optional<api::Rollback>& rollback,
                                           const api::PolicySpec& spec, Time now) {
  std::vector<std::string> names;
  const auto began = evaluation_began(guard, rollback);
  if (!began || guard.rolled_out || !is_release_evaluated(guard.state)) return names;
  for (const api::Check& check : spec.checks) {
    if (is_delayed(check, *began, now) &&
        std::holds_alternative<api::ExternalMetricCheck>(check.kind))
      names.push_back(check.name);
  }
  return names;
}

FirstRuns first_runs(const api::GuardStatus& guard, const std::optional<api::Rollback>& rollback,
                     const api::PolicySpec& spec, Time now) {
  FirstRuns runs;
  const auto began = evaluation_began(guard, rollback);
  if (!began) return runs;
  const std::vector<std::string> undelayed = only_for_baseline(guard, rollback, spec, now);
  for (const api::Check& check : spec.checks) {
    const Time first = *began + check.initial_delay;
    if (std::ranges::find(undelayed, check.name) != undelayed.end()) continue;
    if (is_delayed(check, *began, now)) {
      runs[check.name].not_before = first - now;
    } else if (now - first > check.interval) {
      runs[check.name].spread = spread(guard.deployment_uid.value + "/" + check.name,
                                       std::min(check.interval, max_first_run_delay));
    }
  }
  return runs;
}

std::optional<Time> all_measured_from(const api::GuardStatus& guard,
                                      const std::optional<api::Rollback>& rollback,
                                      const api::PolicySpec& spec) {
  const auto began = evaluation_began(guard, rollback);
  if (!began) return std::nullopt;
  Duration longest{0};
  for (const api::Check& check : spec.checks) longest = std::max(longest, check.initial_delay);
  return *began + longest;
}

void explain_initial_delays(std::vector<api::CheckStatus>& checks, const api::GuardStatus& guard,
                            const std::optional<api::Rollback>& rollback,
                            const api::PolicySpec& spec, Time now) {
  const auto began = evaluation_began(guard, rollback);
  if (!began) return;
  for (api::CheckStatus& status : checks) {
    const api::Check* check = api::find_check(spec.checks, status.name);
    if (!check || check->initial_delay == Duration::zero() || status.reason != api::Reason::Pending)
      continue;
    const Time first = *began + check->initial_delay;
    status.message = first > now
                         ? fmt::format("is measured from {} on (initialDelay {})",
                                       format_rfc3339(first), format_duration(check->initial_delay))
                         : "";
  }
}

}  // namespace lastgood::guard
