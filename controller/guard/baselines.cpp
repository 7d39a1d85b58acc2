#include "guard/baselines.hpp"

#include <algorithm>

#include "api/find_check.hpp"
#include "guard/check_status.hpp"
#include "guard/established.hpp"
#include "guard/known_before.hpp"
#include "guard/release_states.hpp"
#include "guard/target.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::CheckStatus;
using api::MeasurementResult;
using api::Revision;
using api::RevisionVerdict;
using checks::BaselineCandidate;
using checks::BaselineTrust;

namespace {

constexpr int min_failures = 2;
// A result of the state Idle that is older may no longer be true.
constexpr Duration max_idle_age = std::chrono::minutes(3);

bool is_trusted(const api::GuardStatus& guard, const Revision& revision) {
  if (revision.verdict == RevisionVerdict::Breached) return false;
  return is_proven(revision) ||
         std::ranges::find(guard.passed_checks, revision.hash, &api::PassedCheck::revision) !=
             guard.passed_checks.end();
}

// The replaced revision as the baseline of a check that fails.
std::optional<api::BaselineResult> failure_of_replaced_revision(const std::string& name,
                                                                api::Reason reason,
                                                                const std::string& message,
                                                                std::optional<Time> at) {
  return api::BaselineResult{.result = MeasurementResult::Fail,
                             .reason = reason,
                             .message = message,
                             .revision = name,
                             .consecutive_failures = min_failures,
                             .before = true,
                             .at = at};
}

bool worked_before(const api::GuardStatus& guard, const CheckStatus& check) {
  return has_passed_for(guard, passed_hash(check.config_hash, check.question), guard.current->hash);
}

// The external metric passed in state Idle. This pass is evidence from before the release: a pod of
// the release may start before the next measurement. Other checks need a baseline that is measured
// at the time of the failure.
bool passed_before_release(const api::IdleResult& result, const api::PolicySpec& spec) {
  return result.result == MeasurementResult::Pass && is_external_metric(spec, result.check);
}

std::optional<api::BaselineResult> inherited_baseline(const api::GuardStatus& guard,
                                                      const CheckStatus& check,
                                                      const std::string& name) {
  if (is_baseline_failing(check)) {
    auto baseline = check.baseline;
    baseline->before = true;
    return baseline;
  }
  const bool fails = check.consecutive_failures >= min_failures;
  if (!fails || check.baseline || !worked_before(guard, check)) return {};
  return failure_of_replaced_revision(name, check.reason, check.message, check.last_failure);
}

}  // namespace

std::vector<BaselineCandidate> baseline_candidates(const api::GuardStatus& guard) {
  if (guard.state == api::State::Idle) return {};
  const auto target = choose_target(guard).revision;
  std::vector<Revision> others;
  for (const Revision& revision : guard.revisions) {
    const bool is_current = guard.current && revision.hash == guard.current->hash;
    if (!is_current && revision.verdict != RevisionVerdict::RolledBack) others.push_back(revision);
  }
  // The first one ran immediately before. Then the target, then the others.
  if (others.size() > 1 && target) {
    const auto found =
        std::ranges::find(others.begin() + 1, others.end(), target->hash, &Revision::hash);
    if (found != others.end()) std::rotate(others.begin() + 1, found, found + 1);
  }
  std::vector<BaselineCandidate> candidates;
  for (const BaselineTrust trust : {BaselineTrust::Trusted, BaselineTrust::PassOnly}) {
    for (const Revision& revision : others) {
      if (is_trusted(guard, revision) == (trust == BaselineTrust::Trusted))
        candidates.push_back({.revision = revision, .trust = trust});
    }
  }
  return candidates;
}

checks::ComparedWith compared_with(const api::GuardStatus& guard) {
  const bool is_release = guard.current && (guard.current->verdict == RevisionVerdict::Evaluating ||
                                            guard.current->verdict == RevisionVerdict::Breached);
  const bool has_baseline = !baseline_candidates(guard).empty();
  return is_release && is_release_evaluated(guard.state) && has_baseline
             ? checks::ComparedWith::Baseline
             : checks::ComparedWith::Nothing;
}

bool fails_for_shared_cause(const api::GuardStatus& guard) {
  bool any_breached = false;
  for (const CheckStatus& check : guard.checks) {
    if (!check.breached) continue;
    any_breached = true;
    const bool worked = !check.baseline && worked_before(guard, check);
    if (!is_baseline_failing(check) && !worked) return false;
  }
  return any_breached;
}

std::vector<CheckStatus> inherited_checks(const api::GuardStatus& guard,
                                          const api::PolicySpec& spec, const std::string& name,
                                          Time now) {
  std::vector<CheckStatus> inherited;
  if (!guard.current) return inherited;
  const auto inherit = [&](const std::string& check, const std::string& config_hash,
                           std::optional<api::BaselineResult> baseline) {
    inherited.push_back({.name = check,
                         .config_hash = config_hash,
                         .reason = pending_reason,
                         .baseline = std::move(baseline)});
  };
  const auto has_inherited = [&](const std::string& check) {
    return api::find_check(inherited, check) != nullptr;
  };
  for (const CheckStatus& check : guard.checks) {
    // A rollout can fail for many causes, so the failure of one revision says nothing about the
    // next one.
    if (check.name == api::rollout_check) continue;
    if (auto baseline = inherited_baseline(guard, check, name))
      inherit(check.name, check.config_hash, std::move(baseline));
  }
  for (const api::IdleResult& result : guard.idle_results) {
    const bool is_recent = result.at && now - *result.at <= max_idle_age;
    const bool fails =
        result.result == MeasurementResult::Fail && result.consecutive_failures >= min_failures;
    const bool worked = has_passed_for(guard, result.config_hash, guard.current->hash);
    if (fails && is_recent && (worked || is_proven(*guard.current)))
      inherit(result.check, result.config_hash,
              failure_of_replaced_revision(name, result.reason, result.message, result.at));
    if (is_recent && passed_before_release(result, spec) && !has_inherited(result.check))
      inherit(result.check, result.config_hash,
              api::BaselineResult{.result = MeasurementResult::Pass,
                                  .reason = result.reason,
                                  .message = result.message,
                                  .revision = name,
                                  .before = true,
                                  .at = result.at});
  }
  return inherited;
}

}  // namespace lastgood::guard
