#include "guard/manual_request.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "guard/target.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard {

using api::Revision;
using api::RollbackPhase;

const Revision* requested_revision(const Inputs& inputs, const api::GuardStatus& guard) {
  const auto& number = inputs.request->spec.to_revision;
  if (!number) return nullptr;
  const auto found = std::ranges::find(guard.revisions, *number, &Revision::number);
  return found == guard.revisions.end() ? nullptr : &*found;
}

namespace {

const api::Rollback* pending_rollback(const Inputs& inputs, const api::GuardStatus& guard) {
  const api::Rollback* rollback = rollback::named_by(guard, inputs.rollback);
  return rollback && rollback->status.phase == RollbackPhase::Pending ? rollback : nullptr;
}

}  // namespace

std::optional<Revision> pending_or_last_good_target(const Inputs& inputs,
                                                    const api::GuardStatus& guard) {
  if (const api::Rollback* rollback = pending_rollback(inputs, guard)) return rollback->spec.to;
  return choose_target(guard).revision;
}

std::optional<Revision> wanted_target(const Inputs& inputs, const api::GuardStatus& guard) {
  if (!inputs.request || pending_rollback(inputs, guard))
    return pending_or_last_good_target(inputs, guard);
  if (inputs.request->spec.to_revision) {
    const Revision* revision = requested_revision(inputs, guard);
    return revision && !revision->snapshot.empty() ? std::optional(*revision) : std::nullopt;
  }
  if (!inputs.request->spec.force) return choose_target(guard).revision;
  // With force, a no-rollback-past mark does not matter.
  for (const Revision* proven : proven_with_snapshot(guard)) {
    if (!guard.current || proven->hash != guard.current->hash) return *proven;
  }
  return {};
}

api::RollbackStatus reject_unguarded(const api::Rollback& request, bool exists, Time now) {
  const std::string& name = request.spec.deployment;
  const std::string message =
      exists ? fmt::format("{}: Deployment {} is not guarded, so it has no snapshots. Opt in first",
                           Reason::NotGuarded, name)
             : fmt::format("{}: this namespace has no Deployment {}", Reason::DeploymentNotFound,
                           name);
  return rollback::advance(request.status, RollbackPhase::Rejected, message, now);
}

}  // namespace lastgood::guard
