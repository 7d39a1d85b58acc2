#include "policy/effective_policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "policy/config_map.hpp"

namespace lastgood::policy {
namespace {

using Policies = std::span<const api::RollbackPolicy* const>;

constexpr api::Reason invalid_annotation = api::Reason::InvalidAnnotation;
constexpr api::Reason policy_not_found = api::Reason::PolicyNotFound;
constexpr api::Reason policy_conflict = api::Reason::PolicyConflict;
constexpr api::Reason policy_invalid = api::Reason::PolicyInvalid;
constexpr api::Reason config_map_not_found = api::Reason::ConfigMapNotFound;
constexpr api::Reason config_map_invalid = api::Reason::ConfigMapInvalid;
constexpr api::Reason config_map_unreadable = api::Reason::ConfigMapUnreadable;
constexpr std::array reasons = {invalid_annotation,   policy_not_found,     policy_conflict,
                                policy_invalid,       config_map_not_found, config_map_invalid,
                                config_map_unreadable};

constexpr std::size_t max_message_size = 1000;  // bytes

EffectivePolicy none() { return {.message = "No policy applies to the Deployment"}; }

EffectivePolicy broken(std::string name, api::Reason reason, std::string_view message) {
  return {.kind = EffectivePolicy::Kind::Broken,
          .name = std::move(name),
          .reason = reason,
          .message = clip(message, max_message_size)};
}

EffectivePolicy from_policy(const api::RollbackPolicy& policy) {
  std::string name = "RollbackPolicy/" + policy.meta.key.name;
  if (!policy.problem.empty()) {
    return broken(name, policy_invalid,
                  fmt::format("RollbackPolicy {}: {}", policy.meta.key.name, policy.problem));
  }
  return {
      .kind = EffectivePolicy::Kind::RollbackPolicy, .name = std::move(name), .spec = policy.spec};
}

EffectivePolicy not_found(const api::Deployment& deployment, const std::string& wanted,
                          Policies policies) {
  std::vector<std::string_view> names;
  for (const auto* policy : policies) names.push_back(policy->meta.key.name);
  std::ranges::sort(names);
  const auto close = nearest(wanted, names);
  std::string message = fmt::format("RollbackPolicy {} does not exist in namespace {}; ",
                                    in_quotes(wanted, 253), deployment.meta.key.namespace_);
  message += close ? fmt::format("the nearest name is {}", in_quotes(close->name, 253))
                   : "the namespace has no RollbackPolicy";
  message +=
      fmt::format(". Correct the annotation {}, or create the policy", api::annotation::policy);
  return broken("RollbackPolicy/" + wanted, policy_not_found, message);
}

EffectivePolicy from_policy_name(const api::Deployment& deployment, const std::string& wanted,
                                 Policies policies) {
  const auto found = std::ranges::find_if(
      policies, [&](const auto* policy) { return policy->meta.key.name == wanted; });
  return found == policies.end() ? not_found(deployment, wanted, policies) : from_policy(**found);
}

EffectivePolicy from_config_map(const api::Deployment& deployment, const std::string& wanted,
                                const std::optional<Result<api::ConfigMap>>& config_map) {
  std::string name = "ConfigMap/" + wanted;
  if (!config_map)
    return broken(name, config_map_unreadable,
                  fmt::format("ConfigMap {} was not read yet", in_quotes(wanted)));
  if (!*config_map) {
    const Error& error = config_map->error();
    if (error.kind == ErrorKind::NotFound) {
      return broken(name, config_map_not_found,
                    fmt::format("ConfigMap {} does not exist in namespace {}",
                                in_quotes(wanted, 253), deployment.meta.key.namespace_));
    }
    return broken(name, config_map_unreadable,
                  fmt::format("ConfigMap {} cannot be read: {}", in_quotes(wanted, 253),
                              clip(error.message, 512)));
  }
  auto spec = policy_spec_of(**config_map);
  if (!spec)
    return broken(name, config_map_invalid,
                  fmt::format("ConfigMap {}: {}", wanted, spec.error().message));
  return {
      .kind = EffectivePolicy::Kind::ConfigMap, .name = std::move(name), .spec = std::move(*spec)};
}

EffectivePolicy conflict(const std::vector<const api::RollbackPolicy*>& policies) {
  constexpr std::size_t max_named = 5;
  std::string names;
  for (std::size_t i = 0; i < std::min(policies.size(), max_named); ++i) {
    names += (i == 0 ? "" : ", ") + policies[i]->meta.key.name;
  }
  if (policies.size() > max_named) names += ", ...";
  return broken(
      "", policy_conflict,
      fmt::format("{} RollbackPolicies select this Deployment: {}; name one in the annotation {}",
                  policies.size(), names, api::annotation::policy));
}

}  // namespace

std::span<const api::Reason> broken_reasons() { return reasons; }

std::vector<const api::RollbackPolicy*> policies_that_select(const api::Deployment& deployment,
                                                             Policies policies_of_namespace) {
  std::vector<const api::RollbackPolicy*> out;
  for (const auto* policy : policies_of_namespace) {
    if (policy->spec.selector && api::matches(*policy->spec.selector, deployment.meta.labels))
      out.push_back(policy);
  }
  std::ranges::sort(out, {}, [](const auto* policy) -> const Key& { return policy->meta.key; });
  return out;
}

std::optional<std::string> config_map_wanted(const OptIn& opt_in) {
  const bool can_apply =
      opt_in.enabled != false && opt_in.problems.empty() && opt_in.policy.empty();
  if (!can_apply || opt_in.config_map.empty()) return std::nullopt;
  return opt_in.config_map;
}

namespace {

EffectivePolicy first_that_applies(const api::Deployment& deployment, const OptIn& opt_in,
                                   Policies policies_of_namespace,
                                   const std::optional<Result<api::ConfigMap>>& config_map) {
  if (opt_in.enabled == false) return none();
  if (!opt_in.problems.empty()) return broken("", invalid_annotation, summary(opt_in.problems));
  if (!opt_in.policy.empty())
    return from_policy_name(deployment, opt_in.policy, policies_of_namespace);
  if (!opt_in.config_map.empty()) return from_config_map(deployment, opt_in.config_map, config_map);
  const auto selected_by = policies_that_select(deployment, policies_of_namespace);
  if (selected_by.size() == 1) return from_policy(*selected_by.front());
  if (selected_by.size() > 1) return conflict(selected_by);
  if (opt_in.enabled == true) return {.kind = EffectivePolicy::Kind::BuiltIn, .name = "built-in"};
  return none();
}

}  // namespace

EffectivePolicy resolve_policy(const api::Deployment& deployment, const OptIn& opt_in,
                               Policies policies_of_namespace,
                               const std::optional<Result<api::ConfigMap>>& config_map) {
  EffectivePolicy policy =
      first_that_applies(deployment, opt_in, policies_of_namespace, config_map);
  policy.pause_until = opt_in.pause_until;
  policy.resume = opt_in.resume;
  policy.approve = opt_in.approve;
  policy.group = opt_in.group;
  policy.group_order = opt_in.group_order;
  return policy;
}

}  // namespace lastgood::policy
