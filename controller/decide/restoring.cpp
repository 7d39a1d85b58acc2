// RollingBack and Verifying: seeing a rollback through, from the record that it is meant to the proof that it helped.
#include <fmt/format.h>

#include "decide/hold.hpp"
#include "decide/record.hpp"
#include "decide/samples.hpp"
#include "decide/step.hpp"

namespace lastgood::decide {

using api::CheckStatus;
using api::RevisionVerdict;
using api::RollbackPhase;
using api::State;

namespace {

// The Deployment's own progress deadline ends most failed rollouts earlier; this ends those that have none.
constexpr std::chrono::minutes longest_restoration{15};

void freeze(Step& step, std::string reason, const std::string& message) {
  const api::Rollback& rollback = *step.world.rollback;
  step.out.rollback = advance(rollback.status, RollbackPhase::Failed, message, step.now);
  step.fact(true, "RollbackFailed", "None",
            fmt::format("{}. A person is needed: nothing more is done until the template changes", message));
  step.enter(State::Frozen, std::move(reason), message + "; ship a new template to go on");
}

void quarantine(Step& step, const api::Rollback& rollback) {
  api::GuardStatus& guard = step.guard();
  const api::Revision* bad = find_revision(guard, rollback.spec.from.hash);
  if (!bad || bad->verdict == RevisionVerdict::RolledBack) return;
  set_verdict(guard, rollback.spec.from.hash, RevisionVerdict::RolledBack, step.now);
  step.fact(
      true, "RolledBack", "Rollback",
      fmt::format("{} was put back to {}, because check {} was breached: {}", name_of(step.deployment(), rollback.spec.from),
                  name_of(step.deployment(), rollback.spec.to), rollback.spec.check, rollback.spec.message));
}

// The Rollback that the state speaks of; an older one that is still remembered is none of it.
const api::Rollback* in_flight(const Step& step) {
  const auto& rollback = step.world.rollback;
  return rollback && rollback->meta.key.name == step.out.guard.rollback ? &*rollback : nullptr;
}

void judge(Step& step) {
  api::GuardStatus& guard = step.guard();
  guard.checks = apply_all(guard.checks, step.world.guarding.spec, step.world.samples, guard.rolled_out.has_value(), step.now);
}

void await_rollout(Step& step, const api::Rollback& rollback) {
  api::GuardStatus& guard = step.guard();
  const Time deadline = rollback.status.template_restored.value_or(step.now) + longest_restoration;
  const std::string name = name_of(step.deployment(), rollback.spec.to);
  if (step.now >= deadline) {
    return freeze(
        step, "RollbackFailed",
        fmt::format("{} was not rolled out within {} after it was put back", name, format_duration(longest_restoration)));
  }
  step.look_again(deadline);
  if (!guard.current || guard.current->hash != rollback.spec.to.hash) return;
  judge(step);
  if (const CheckStatus* breach = breached(guard.checks)) {
    return freeze(step, "RollbackFailed", fmt::format("{} did not roll out after it was put back: {}", name, breach->message));
  }
  if (!api::rollout_complete(step.deployment())) return;
  guard.rolled_out = step.now;
  guard.checks.clear();
  const std::string message = fmt::format("{} is rolled out again and is being verified", name);
  step.out.rollback = advance(rollback.status, RollbackPhase::Verifying, message, step.now);
  step.enter(State::Verifying, "RolledOut", message);
}

}  // namespace

void step_rolling_back(Step& step) {
  const api::Rollback* recorded = in_flight(step);
  if (!recorded) {
    // The record was not written, so nothing was touched: judge again.
    step.enter(State::Watching, "RollbackNotRecorded", "The Rollback could not be recorded; nothing was touched");
    return step_watching(step);
  }
  const api::Rollback& rollback = *recorded;
  switch (rollback.status.phase) {
    case RollbackPhase::Pending:
    case RollbackPhase::TemplateRestored: {
      if (rollback.status.template_restored) quarantine(step, rollback);
      if (const auto held = first_hold(touch_rules(), step.world, step.guard(), step.now)) {
        if (held->until) step.look_again(*held->until);
        return step.enter(State::RollingBack, held->reason, held->message);
      }
      step.out.act = CarryOutRollback{};
      return;
    }
    case RollbackPhase::Restored: quarantine(step, rollback); return await_rollout(step, rollback);
    case RollbackPhase::Verifying:
      quarantine(step, rollback);
      return step.enter(State::Verifying, "RolledOut", rollback.status.message);
    case RollbackPhase::Superseded: return step.enter(State::Watching, "RollbackSuperseded", rollback.status.message);
    case RollbackPhase::Failed: return step.enter(State::Frozen, "RollbackFailed", rollback.status.message);
    case RollbackPhase::Succeeded: return step.enter(State::Idle, "RolledBack", rollback.status.message);
  }
}

void step_verifying(Step& step) {
  api::GuardStatus& guard = step.guard();
  const api::Rollback* recorded = in_flight(step);
  if (!recorded || api::finished(recorded->status.phase)) {
    return step.enter(State::Idle, "RolledBack", "The rollback is finished");
  }
  const api::Rollback& rollback = *recorded;
  if (!guard.rolled_out) guard.rolled_out = rollback.status.rolled_out.value_or(step.now);
  judge(step);
  const std::string name = name_of(step.deployment(), *guard.current);
  if (const CheckStatus* breach = breached(guard.checks)) {
    return freeze(step, "VerificationFailed",
                  fmt::format("{} was put back but fails too, check {}: {}", name, breach->name, breach->message));
  }
  const Time done = *guard.rolled_out + step.world.guarding.spec.verify_for;
  if (step.now < done) return step.look_again(done);
  if (outlook(guard.checks) != Outlook::Passing || !api::rollout_complete(step.deployment())) {
    return step.enter(State::Verifying, "AwaitingPass", fmt::format("{} is verified once every check has passed", name));
  }
  set_verdict(guard, guard.current->hash, RevisionVerdict::Good, step.now);
  const std::string message = fmt::format("{} was put back and passes its checks", name);
  step.out.rollback = advance(rollback.status, RollbackPhase::Succeeded, message, step.now);
  step.fact(false, "RollbackVerified", "None", message);
  step.enter(State::Idle, "RolledBack", message);
}

}  // namespace lastgood::decide
