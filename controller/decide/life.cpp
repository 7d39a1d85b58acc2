#include "decide/life.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "decide/conditions.hpp"
#include "decide/step.hpp"
#include "decide/target.hpp"

namespace lastgood::decide {

using api::State;

namespace {

// A Deployment of the same name but another uid is another Deployment: nothing that was remembered is true of it.
void forget_another_deployment(Step& step) {
  api::GuardStatus& guard = step.guard();
  if (!guard.deployment_uid.empty() && guard.deployment_uid != step.deployment().meta.uid) guard = {};
  guard.deployment_uid = step.deployment().meta.uid;
  guard.observed_generation = step.deployment().meta.generation;
}

void tell_what_governs(Step& step) {
  api::GuardStatus& guard = step.guard();
  const Guarding& guarding = step.world.guarding;
  const api::Condition* known = api::find_condition(guard.conditions, "Governed");
  const api::Condition before = known ? *known : api::Condition{};
  guard.policy = guarding.kind == Guarding::Kind::None ? "" : guarding.policy;
  set_governed(guard, guarding, step.deployment().meta.generation, step.now);
  const api::Condition& after = *api::find_condition(guard.conditions, "Governed");
  if (before.reason == after.reason && before.message == after.message) return;
  const bool wrong = after.status == api::Truth::False && after.reason != "NotOptedIn";
  if (wrong) {
    step.fact(true, after.reason, "None", after.message);
  } else if (!before.type.empty()) {
    step.fact(false, after.reason, "None", after.message.empty() ? "No policy applies any more; nothing is done" : after.message);
  }
}

// Opted out, or what governs is broken: what was being judged is let go, but a rollback in flight stays on record.
void let_go(Step& step) {
  api::GuardStatus& guard = step.guard();
  if (step.world.guarding.kind == Guarding::Kind::None)
    step.enter(State::Idle, "NotOptedIn", "No policy applies; nothing is done");
  if (step.world.guarding.kind == Guarding::Kind::Broken) {
    for (api::CheckStatus& check : guard.checks)
      check = {.name = check.name, .reason = "NotAsked", .failure_threshold = check.failure_threshold};
  }
}

// An unfinished Rollback that the memory does not know of was written just before its writer stopped.
void adopt_rollback(Step& step) {
  api::GuardStatus& guard = step.guard();
  const auto& rollback = step.world.rollback;
  if (!rollback || api::finished(rollback->status.phase) || rollback->spec.deployment_uid != step.deployment().meta.uid) return;
  if (guard.state == State::RollingBack || guard.state == State::Verifying) return;
  guard.rollback = rollback->meta.key.name;
  step.enter(State::RollingBack, rollback->spec.reason, fmt::format("Going on with Rollback {}", rollback->meta.key.name));
}

void dispatch(Step& step) {
  switch (step.guard().state) {
    case State::Idle: return step_idle(step);
    case State::Watching:
    case State::Held: return step_watching(step);
    case State::RollingBack: return step_rolling_back(step);
    case State::Verifying: return step_verifying(step);
    case State::Frozen: return;
  }
}

}  // namespace

Decision decide(const World& world, Time now) {
  Step step{.world = world, .now = now, .out = {.guard = world.guard}};
  forget_another_deployment(step);
  tell_what_governs(step);
  if (world.guarding.kind != Guarding::Kind::Governed) {
    let_go(step);
  } else if (!world.deployment.meta.deleting) {
    adopt_rollback(step);
    // The record decides what is next until the template is restored; its ReplicaSet may not be needed for that.
    const bool recognised = recognise_template(step);
    if (recognised || step.guard().state == State::RollingBack) dispatch(step);
  }
  const Target target = choose_target(step.guard());
  step.guard().last_good = target.revision;
  set_standing(step.guard(), world.deployment.meta.generation, now);
  return std::move(step.out);
}

void note_kept(api::GuardStatus& guard, const TemplateHash& hash, const std::string& controller_revision) {
  if (api::Revision* revision = find_revision(guard, hash)) revision->kept_as = controller_revision;
  if (guard.current && guard.current->hash == hash) guard.current->kept_as = controller_revision;
}

namespace {

void blank_words(api::GuardStatus& guard) {
  guard.observed_generation = 0;
  guard.message.clear();
  for (api::CheckStatus& check : guard.checks) {
    check.message.clear();
    check.last_failure.reset();
  }
  for (api::Condition& condition : guard.conditions) {
    condition.observed_generation = 0;
    if (condition.type != "Governed") condition.message.clear();
  }
}

}  // namespace

bool worth_writing(const api::GuardStatus& before, const api::GuardStatus& after) {
  api::GuardStatus old_words = before;
  api::GuardStatus new_words = after;
  blank_words(old_words);
  blank_words(new_words);
  return old_words != new_words;
}

}  // namespace lastgood::decide
