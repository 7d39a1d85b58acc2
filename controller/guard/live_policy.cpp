#include "guard/live_policy.hpp"

#include <fmt/format.h>

#include <vector>

#include "codec/objects.hpp"
#include "kube/paths.hpp"
#include "policy/effective_policy.hpp"

namespace lastgood::guard {

using codec::Json;
using kube::Resource;
using policy::EffectivePolicy;

namespace {

Result<std::vector<api::RollbackPolicy>> parse_policies(const Json& list) {
  const auto items = list.find("items");
  if (items == list.end() || !items->is_array())
    return fail(ErrorKind::Protocol, "the response is not a list of RollbackPolicies");
  std::vector<api::RollbackPolicy> out;
  for (const Json& item : *items) {
    auto policy = codec::parse_policy(item);
    if (!policy) return std::unexpected(policy.error());
    out.push_back(std::move(*policy));
  }
  return out;
}

// The RollbackPolicies in the response: all of the namespace, or the one that an annotation names.
Result<std::vector<api::RollbackPolicy>> policies_in(const policy::OptIn& opt_in,
                                                     const Json& response) {
  if (opt_in.policy.empty()) return parse_policies(response);
  auto policy = codec::parse_policy(response);
  if (!policy) return std::unexpected(policy.error());
  return std::vector<api::RollbackPolicy>{std::move(*policy)};
}

Result<EffectivePolicy> live_policy(const api::Deployment& live,
                                    const std::optional<Result<Json>>& response) {
  const policy::OptIn opt_in = policy::parse_opt_in(live.meta.annotations);
  if (response && !*response) return std::unexpected(response->error());
  if (!response) return policy::resolve_policy(live, opt_in, {}, {});
  if (policy::config_map_wanted(opt_in)) {
    const std::optional config_map = codec::parse_config_map(**response);
    return policy::resolve_policy(live, opt_in, {}, config_map);
  }
  const auto policies = policies_in(opt_in, **response);
  if (!policies) return std::unexpected(policies.error());
  std::vector<const api::RollbackPolicy*> pointers;
  for (const api::RollbackPolicy& policy : *policies) pointers.push_back(&policy);
  return policy::resolve_policy(live, opt_in, pointers, {});
}

bool is_approved(const api::Rollback& rollback, const EffectivePolicy& policy) {
  // The Rollback of a group member: its approved_by has the approval of the group.
  if (!rollback.spec.caused_by.empty() && !rollback.status.approved_by.empty()) return true;
  return rollback.spec.approved || policy.approve == rollback.meta.key.name;
}

// Why the policy forbids the rollback now. Empty: it does not.
std::string restriction(const EffectivePolicy& policy, const api::Rollback& rollback, Time now) {
  const bool is_manual = api::is_manual(rollback.spec);
  const bool is_forced = is_manual && rollback.spec.force;
  if (policy.spec.suspend && !is_forced) return "the policy is suspended";
  if (policy.pause_until && *policy.pause_until > now && !is_forced)
    return fmt::format("the annotation lastgood.dev/pause-until forbids rollbacks until {}",
                       format_rfc3339(*policy.pause_until));
  if (is_manual) return "";
  if (policy.spec.mode == api::Mode::Observe) return "the policy has mode Observe";
  // A Rollback that was recorded in mode Approve needs its approval in each mode.
  const bool needs_approval =
      policy.spec.mode == api::Mode::Approve || rollback.spec.mode == api::Mode::Approve;
  const bool is_missing = needs_approval && !is_approved(rollback, policy);
  return is_missing ? "the policy requires an approval" : "";
}

}  // namespace

std::optional<Result<api::ApiCall>> policy_read(const Result<Json>& live) {
  const auto deployment = live ? codec::parse_deployment(*live) : std::unexpected(live.error());
  if (!deployment) return {};
  const policy::OptIn opt_in = policy::parse_opt_in(deployment->meta.annotations);
  if (opt_in.enabled == false || !opt_in.problems.empty()) return {};
  const std::string& namespace_ = deployment->meta.key.namespace_;
  if (!opt_in.policy.empty())
    return kube::get(Resource::RollbackPolicy, {.namespace_ = namespace_, .name = opt_in.policy});
  if (const auto name = policy::config_map_wanted(opt_in))
    return kube::get(Resource::ConfigMap, {.namespace_ = namespace_, .name = *name});
  return kube::list(Resource::RollbackPolicy, namespace_);
}

Result<void> confirm_policy(const Result<Json>& live, const std::optional<Result<Json>>& policy,
                            const std::string& decided_by, const api::Rollback& rollback,
                            Time now) {
  const auto deployment = live ? codec::parse_deployment(*live) : std::unexpected(live.error());
  if (!deployment) return std::unexpected(deployment.error());
  const auto governing = live_policy(*deployment, policy);
  if (!governing) return std::unexpected(governing.error());
  if (!governing->governs())
    return fail(ErrorKind::Conflict,
                fmt::format("the live Deployment is not governed by {} any more: {}", decided_by,
                            governing->message));
  if (governing->name != decided_by)
    return fail(ErrorKind::Conflict,
                fmt::format("the live Deployment is governed by {}, but {} decided the rollback",
                            governing->name, decided_by));
  const std::string reason = restriction(*governing, rollback, now);
  if (!reason.empty()) return fail(ErrorKind::Conflict, reason);
  return {};
}

}  // namespace lastgood::guard
