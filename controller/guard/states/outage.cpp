#include "guard/states/outage.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "api/find_check.hpp"
#include "checks/baseline.hpp"
#include "guard/check_status.hpp"
#include "guard/cluster_fault.hpp"
#include "guard/established.hpp"
#include "guard/flapping.hpp"
#include "guard/freeze.hpp"
#include "guard/gates/chains.hpp"
#include "guard/states/contest.hpp"
#include "guard/states/frozen.hpp"
#include "guard/states/restoration.hpp"
#include "guard/target.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::CheckStatus;
using api::RevisionVerdict;
using api::State;

namespace {

// A check has recovered after this many consecutive passes, or after as many as its failure
// threshold if that is greater.
constexpr int min_passes = 3;

bool has_recovered(const CheckStatus& check) {
  const auto wanted =
      static_cast<std::size_t>(std::clamp(check.failure_threshold, min_passes, max_recent_results));
  const std::string& results = check.recent_results;
  return results.size() >= wanted && !results.substr(results.size() - wanted).contains('F');
}

bool has_outage_ended(const Step& step) {
  const std::vector<CheckStatus> checks = credible_checks(step.plan.guard);
  return api::rollout_complete(step.deployment()) && summarize(checks) == CheckSummary::Passing &&
         std::ranges::all_of(checks, has_recovered);
}

// The restored revision fails, so it is not a rollback target. The freeze remembers its verdict.
void distrust_restored(Step& step, const api::Rollback& rollback, const CheckStatus& breach) {
  api::GuardStatus& guard = step.guard();
  const api::Revision* listed = find_revision(guard, guard.current->hash);
  const bool was_proven = listed && is_proven(*listed);
  if (was_proven && fails_like_release(rollback, &breach)) {
    guard.freeze->check = breach.name;
    guard.freeze->verdict_before = listed->verdict;
  }
  set_verdict(guard, guard.current->hash, RevisionVerdict::Breached, step.now);
}

std::string failure_text(const Step& step, const api::Rollback& rollback,
                         const CheckStatus& breach) {
  const std::string same_check =
      fails_like_release(rollback, &breach)
          ? fmt::format(
                ". The same check failed for {}, so an outage is likely. When the check "
                "passes again, the freeze ends",
                rollback::name_of(step.deployment(), rollback.spec.from))
          : "";
  return fmt::format("{} was restored but fails too, so it is not good any more. Check {}: {}{}",
                     step.current_name(), breach.name, breach.message, same_check);
}

}  // namespace

bool fails_like_release(const api::Rollback& rollback, const CheckStatus* breach) {
  if (!breach || breach->name != rollback.spec.check) return false;
  if (breach->name == api::rollout_check &&
      !checks::is_like_rollout_failure(rollback.spec.reason, breach->reason))
    return false;
  return !is_fault_of_template(rollback.spec.reason);
}

const CheckStatus* breach_like_release(const std::vector<CheckStatus>& checks,
                                       const api::Rollback& rollback) {
  const auto found = std::ranges::find_if(checks, [&](const CheckStatus& check) {
    return check.breached && fails_like_release(rollback, &check);
  });
  return found == checks.end() ? nullptr : &*found;
}

void fail_verification(Step& step, const api::Rollback& rollback, const CheckStatus& breach) {
  fail_rollback(step, rollback, Reason::VerificationFailed, failure_text(step, rollback, breach));
  distrust_restored(step, rollback, breach);
}

const CheckStatus* failed_verification(const api::Rollback& rollback) {
  if (rollback.status.phase != api::RollbackPhase::Failed || !rollback.status.template_restored)
    return nullptr;
  const std::vector<CheckStatus>& checks = rollback.status.verification;
  if (!rollback.status.rolled_out) return breach_like_release(checks, rollback);
  const CheckStatus* same = api::find_check(checks, rollback.spec.check);
  // The check of the Rollback comes first: another breached check may itself be wrong.
  return same && same->breached ? same : breached(checks);
}

void resume_failed_verification(Step& step, const api::Rollback& rollback,
                                const CheckStatus& breach) {
  freeze(step, Reason::VerificationFailed, rollback.status.message, failure_advice);
  distrust_restored(step, rollback, breach);
}

void step_frozen(Step& step) {
  api::GuardStatus& guard = step.guard();
  const api::Rollback* rollback = rollback::named_by(guard, step.inputs.rollback);
  if (!ends_with_outage(guard) || !rollback) return;
  if (first_hold(evaluation_gates(), step.inputs, guard, step.now)) return;
  // The restored revision may have failed before its rollout was complete.
  if (!guard.rolled_out && api::rollout_complete(step.deployment())) guard.rolled_out = step.now;
  apply_measurements(step);
  if (!has_outage_ended(step)) return;
  const api::Freeze freeze = *guard.freeze;
  const api::Revision& released = rollback->spec.from;
  set_verdict(guard, guard.current->hash, *freeze.verdict_before, step.now);
  set_verdict(guard, released.hash, RevisionVerdict::Inconclusive, step.now);
  forget_contests(guard, released.hash);
  const std::string bad = rollback::name_of(step.deployment(), released);
  const std::string message = fmt::format(
      "Check {0} failed for {1} and for {2} alike and passes again, so an outage was the cause and "
      "the freeze ends. {2} is good again. {1} is Inconclusive and not quarantined: ship it again "
      "to evaluate it",
      freeze.check, bad, step.current_name());
  step.enter(State::Idle, Reason::OutageEnded, message);
  step.emit(EventType::Normal, Reason::OutageEnded, EventAction::Evaluate, message);
}

}  // namespace lastgood::guard
