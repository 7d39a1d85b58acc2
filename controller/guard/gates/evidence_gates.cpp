#include "guard/gates/evidence_gates.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "api/find_check.hpp"
#include "guard/check_status.hpp"
#include "guard/established.hpp"
#include "rollback/record.hpp"

namespace lastgood::guard::gates {

const api::CheckStatus* established_breach(const api::GuardStatus& guard,
                                           const api::PolicySpec& spec, Time now) {
  const auto breaches = actionable_breaches(guard.checks, spec, now);
  const auto found = std::ranges::find_if(
      breaches, [&](const api::CheckStatus* check) { return is_established(guard, *check); });
  return found == breaches.end() ? nullptr : *found;
}

namespace {

// The Rollback in progress was recorded because of this check, with the same configuration.
bool is_recorded_cause(const Inputs& inputs, const api::GuardStatus& guard,
                       const api::CheckStatus& check) {
  const api::Rollback* rollback = rollback::named_by(guard, inputs.rollback);
  if (!rollback || api::finished(rollback->status.phase) || rollback->spec.check != check.name)
    return false;
  const api::CheckStatus* recorded = api::find_check(rollback->status.evidence, check.name);
  return recorded && recorded->config_hash == check.config_hash;
}

}  // namespace

std::optional<Hold> check_not_established(const Inputs& inputs, const api::GuardStatus& guard,
                                          Time now) {
  const api::PolicySpec& spec = inputs.policy.spec;
  const api::CheckStatus* breach = actionable_breach(guard.checks, spec, now);
  if (!breach || established_breach(guard, spec, now)) return {};
  const auto breaches = actionable_breaches(guard.checks, spec, now);
  const bool is_cause = std::ranges::any_of(breaches, [&](const api::CheckStatus* check) {
    return is_recorded_cause(inputs, guard, *check);
  });
  if (is_cause) return {};
  return Hold{
      .reason = Reason::CheckNotEstablished,
      .message = fmt::format(
          "Check {0} of {1} never passed for another revision of this Deployment, so its failure "
          "does not show that the release is bad. Check {0}: {2}. If the check is wrong, correct "
          "it in {1}. If the release is bad, ship a new release or create a Rollback",
          breach->name, inputs.policy.name, breach->message)};
}

}  // namespace lastgood::guard::gates
