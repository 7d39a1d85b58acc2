#include "guard/gates/evidence_gates.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "guard/check_status.hpp"
#include "guard/established.hpp"

namespace lastgood::guard::gates {

const api::CheckStatus* established_breach(const api::GuardStatus& guard,
                                           const api::PolicySpec& spec, Time now) {
  const auto breaches = actionable_breaches(guard.checks, spec, now);
  const auto found = std::ranges::find_if(
      breaches, [&](const api::CheckStatus* check) { return is_established(guard, *check); });
  return found == breaches.end() ? nullptr : *found;
}

std::optional<Hold> check_not_established(const Inputs& inputs, const api::GuardStatus& guard,
                                          Time now) {
  const api::PolicySpec& spec = inputs.policy.spec;
  const api::CheckStatus* breach = actionable_breach(guard.checks, spec, now);
  if (!breach || established_breach(guard, spec, now)) return {};
  return Hold{
      .reason = Reason::CheckNotEstablished,
      .message = fmt::format(
          "Check {0} of {1} never passed for another revision of this Deployment, so its failure "
          "does not show that the release is bad. Check {0}: {2}. If the check is wrong, correct "
          "it in {1}. If the release is bad, ship a new release or create a Rollback",
          breach->name, inputs.policy.name, breach->message)};
}

}  // namespace lastgood::guard::gates
