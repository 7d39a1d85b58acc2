#include "guard/states/drill.hpp"

#include <fmt/format.h>

#include "guard/gates/chains.hpp"
#include "guard/target.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

namespace {

bool is_due(const api::DrillPlan& plan, const api::GuardStatus& guard, Time now) {
  const auto last = guard.last_drill ? guard.last_drill->at : std::optional<Time>();
  const bool is_new = guard.current->verdict == api::RevisionVerdict::Good &&
                      guard.current->since && (!last || *last < *guard.current->since);
  if (plan.after_good && is_new) return true;
  return plan.every > Duration::zero() && (!last || now - *last >= plan.every);
}

}  // namespace

void plan_drill(Step& step) {
  const api::GuardStatus& guard = step.guard();
  const api::DrillPlan& plan = step.inputs.policy.spec.drill;
  const TargetChoice target = choose_target(guard);
  // If there is no target, the condition RollbackReady says why.
  if (!target.revision || first_hold(write_gates(), step.inputs, guard, step.now)) return;
  if (!is_due(plan, guard, step.now)) {
    if (plan.every > Duration::zero()) step.requeue_at(*guard.last_drill->at + plan.every);
    return;
  }
  api::Rollback record = rollback::new_rollback(step.deployment(), step.inputs.rollback, guard, {},
                                                *target.revision, step.now);
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(step.now.time_since_epoch()).count();
  record.meta.key.name += fmt::format("-drill-{}", seconds);
  record.spec.drill = true;
  record.spec.policy = guard.policy;
  step.plan.action = RunDrill{.record = std::move(record)};
}

}  // namespace lastgood::guard
