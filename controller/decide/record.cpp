#include "decide/record.hpp"

#include <fmt/format.h>

#include <utility>

namespace lastgood::decide {

using api::RollbackPhase;
using api::Truth;

std::string rollback_name(const api::Deployment& deployment) {
  constexpr std::size_t longest_base = 220;
  return fmt::format("{}-{}-{}", deployment.meta.key.name.substr(0, longest_base), deployment.meta.generation,
                     deployment.meta.uid.value.substr(0, 4));
}

api::Rollback write_intent(const api::Deployment& deployment, const api::GuardStatus& guard, const api::CheckStatus& breach,
                           const api::Revision& target, Time now) {
  api::Rollback rollback;
  rollback.meta.key = {.namespace_ = deployment.meta.key.namespace_, .name = rollback_name(deployment)};
  rollback.meta.owner = deployment.meta.uid;
  rollback.spec = {.deployment = deployment.meta.key.name,
                   .deployment_uid = deployment.meta.uid,
                   .generation = deployment.meta.generation,
                   .from = *guard.current,
                   .to = target,
                   .check = breach.name,
                   .reason = breach.reason,
                   .message = breach.message,
                   .detected = now};
  rollback.status.first_failure = breach.first_failure;
  rollback.status.evidence = guard.checks;
  rollback.status =
      advance(std::move(rollback.status), RollbackPhase::Pending, "Recorded; the Deployment is not touched yet", now);
  return rollback;
}

namespace {

struct Standing {
  Truth succeeded;
  bool reconciling;
};

Standing standing_of(RollbackPhase phase) {
  switch (phase) {
    case RollbackPhase::Succeeded: return {.succeeded = Truth::True, .reconciling = false};
    case RollbackPhase::Failed:
    case RollbackPhase::Superseded: return {.succeeded = Truth::False, .reconciling = false};
    case RollbackPhase::Pending:
    case RollbackPhase::TemplateRestored:
    case RollbackPhase::Restored:
    case RollbackPhase::Verifying: break;
  }
  return {.succeeded = Truth::Unknown, .reconciling = true};
}

}  // namespace

api::RollbackStatus advance(api::RollbackStatus status, RollbackPhase phase, std::string message, Time now) {
  status.phase = phase;
  status.message = message;
  const bool touched = phase == RollbackPhase::TemplateRestored || phase == RollbackPhase::Restored;
  if (touched && !status.template_restored) status.template_restored = now;
  if (phase == RollbackPhase::Verifying && !status.rolled_out) status.rolled_out = now;
  if (api::finished(phase) && !status.finished) status.finished = now;
  const Standing standing = standing_of(phase);
  api::set_condition(status.conditions,
                     {.type = "Succeeded", .status = standing.succeeded, .reason = api::to_string(phase), .message = message},
                     now);
  api::set_condition(status.conditions,
                     {.type = "Reconciling",
                      .status = standing.reconciling ? Truth::True : Truth::False,
                      .reason = api::to_string(phase),
                      .message = std::move(message)},
                     now);
  return status;
}

}  // namespace lastgood::decide
