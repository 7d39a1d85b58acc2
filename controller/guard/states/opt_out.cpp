#include "guard/states/opt_out.hpp"

#include <fmt/format.h>

#include "api/constants.hpp"
#include "guard/states/restoration.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::State;

namespace {

constexpr std::string_view policy_kind = "RollbackPolicy/";
constexpr std::string_view config_map_kind = "ConfigMap/";

// The annotation that opts in to the policy. For any other name, that of the built-in policy.
std::string annotation_for(const std::string& policy) {
  if (policy.starts_with(policy_kind))
    return fmt::format("{}={}", api::annotation::policy, policy.substr(policy_kind.size()));
  if (policy.starts_with(config_map_kind))
    return fmt::format("{}={}", api::annotation::config_map, policy.substr(config_map_kind.size()));
  return fmt::format("{}=true", api::annotation::enabled);
}

// A user who sets enabled: "false" means to opt out.
bool is_explicit(const api::Deployment& deployment) {
  return deployment.meta.annotations.contains(std::string(api::annotation::enabled));
}

bool loses_opt_in(const Step& step) {
  const api::GuardStatus& before = step.inputs.guard;
  const api::Deployment& deployment = step.deployment();
  return before.current && before.deployment_uid == deployment.meta.uid && before.template_digest &&
         before.template_digest != deployment.template_digest && !is_explicit(deployment);
}

void report_lost_opt_in(Step& step) {
  const Key& key = step.deployment().meta.key;
  const std::string annotation = annotation_for(step.inputs.guard.policy);
  const std::string name = annotation.substr(0, annotation.find('='));
  const bool may_be_selected = step.inputs.guard.policy.starts_with(policy_kind);
  const std::string note = fmt::format(
      "The last write changed the template and ended the opt-in: the annotation {}{} is gone. The "
      "new template is not evaluated. To opt in again: kubectl annotate deployment {} -n {} {}. "
      "Add the annotation to the manifest too",
      name, may_be_selected ? ", or the label that the policy selects," : "", key.name,
      key.namespace_, annotation);
  step.emit(EventType::Warning, Reason::OptInLost, EventAction::None, note);
  step.plan.opt_in_lost = true;
  step.enter(State::Idle, Reason::NotOptedIn, note);
}

}  // namespace

bool came_with_lost_opt_in(const Step& step) {
  const api::GuardStatus& before = step.inputs.guard;
  return !before.current && before.deployment_uid == step.deployment().meta.uid &&
         before.template_digest == step.deployment().template_digest;
}

void opt_out(Step& step) {
  api::GuardStatus& guard = step.guard();
  const bool is_lost = loses_opt_in(step);
  const bool was_lost = came_with_lost_opt_in(step);
  if (is_lost) {
    report_lost_opt_in(step);
  } else if (!was_lost) {
    step.enter(State::Idle, Reason::NotOptedIn,
               "No policy applies, so nothing is evaluated and nothing is rolled back");
  }
  if (rollback::is_open(step.inputs.rollback, step.deployment())) {
    const api::Rollback& rollback = *step.inputs.rollback;
    if (rollback.status.template_restored) quarantine(step, rollback);
    step.plan.rollback = rollback::advance(rollback.status, api::RollbackPhase::Superseded,
                                           "No policy applies any more", step.now);
  }
  if (guard.current && guard.current->verdict == api::RevisionVerdict::Evaluating) {
    set_verdict(guard, guard.current->hash, api::RevisionVerdict::Inconclusive, step.now);
  }
  guard.current.reset();
  guard.template_digest.reset();
  if (is_lost || was_lost) guard.template_digest = step.deployment().template_digest;
  guard.evaluation_started.reset();
  guard.rolled_out.reset();
  guard.bake.reset();
  guard.checks.clear();
  guard.declined.reset();
  guard.pending.clear();
}

}  // namespace lastgood::guard
