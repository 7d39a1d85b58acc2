// Which policy applies to a Deployment. The first row that applies decides:
//   1. enabled: "false"          none
//   2. an invalid annotation     broken
//   3. the annotation policy     that RollbackPolicy
//   4. the annotation config-map the policy in that ConfigMap
//   5. the selector of a policy  that RollbackPolicy; broken if several select the Deployment
//   6. enabled: "true"           the built-in policy
//   7. in all other cases        none
// In rows 3 to 5, the result is also broken if that policy or ConfigMap is missing or invalid.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/policy.hpp"
#include "api/reasons.hpp"
#include "api/workload.hpp"
#include "base/result.hpp"
#include "policy/annotations.hpp"

namespace lastgood::policy {

// The policy of one Deployment, and the values of its annotations that do not choose the policy.
struct EffectivePolicy {
  enum class Kind : std::uint8_t {
    None,
    RollbackPolicy,  // which may be suspended
    ConfigMap,
    BuiltIn,  // the rollout check only
    Broken,   // opted in, but the policy is missing or invalid: nothing may be done
  };
  Kind kind = Kind::None;
  std::string name;  // "RollbackPolicy/web", "ConfigMap/rollback-config" or "built-in"; empty: none
  api::PolicySpec spec = {};               // of RollbackPolicy, ConfigMap and BuiltIn
  api::Reason reason = api::Reason::None;  // of Broken: one of broken_reasons()
  std::string message;                     // of None and Broken: one line, at most 1000 bytes
  std::optional<Time> pause_until = {};
  std::optional<Time> resume = {};  // ends a freeze that began before this time
  std::string approve;              // name of a Rollback; empty: none
  std::string group;                // empty: none
  int group_order = 0;

  // True if there is a valid policy, which may be suspended. Then `spec` is set.
  [[nodiscard]] bool governs() const { return kind != Kind::None && kind != Kind::Broken; }

  bool operator==(const EffectivePolicy&) const = default;
};

[[nodiscard]] std::span<const api::Reason> broken_reasons();

// The name of the ConfigMap that must be read before resolve_policy, in the namespace of the
// Deployment. Nothing if no ConfigMap can change the result.
[[nodiscard]] std::optional<std::string> config_map_wanted(const OptIn& opt_in);

// The policies of the namespace whose selector matches the Deployment, sorted by name. If there are
// several, and no annotation of the Deployment chooses one, the result of resolve_policy is broken.
[[nodiscard]] std::vector<const api::RollbackPolicy*> policies_that_select(
    const api::Deployment& deployment,
    std::span<const api::RollbackPolicy* const> policies_of_namespace);

// `config_map` is the result of reading the ConfigMap that config_map_wanted() names. It is absent
// if config_map_wanted() names none. A ConfigMap that does not exist is the error NotFound.
[[nodiscard]] EffectivePolicy resolve_policy(
    const api::Deployment& deployment, const OptIn& opt_in,
    std::span<const api::RollbackPolicy* const> policies_of_namespace,
    const std::optional<Result<api::ConfigMap>>& config_map);

}  // namespace lastgood::policy
