// Which policy governs a Deployment: the first that applies of what is said on it, what selects it,
// and the built-in one. Pure. Must not know how anything was read, nor what a policy leads to.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "api/policy.hpp"
#include "api/reasons.hpp"
#include "api/workload.hpp"
#include "base/result.hpp"
#include "policy/annotations.hpp"

namespace lastgood::policy {

// The policy of one Deployment, and what its annotations ask for.
struct EffectivePolicy {
  enum class Kind : std::uint8_t {
    None,            // not opted in, or opted out
    RollbackPolicy,  // by name or by selector; it may be suspended
    ConfigMap,       // the three keys of a ConfigMap
    BuiltIn,         // the rollout check alone
    Broken,  // opted in, but the policy is missing or cannot be understood: nothing may be done
  };
  Kind kind = Kind::None;
  std::string name;  // "RollbackPolicy/web", "ConfigMap/rollback-config", "built-in"; empty: none,
                     // or not one
  api::PolicySpec spec = {};               // of RollbackPolicy, ConfigMap and BuiltIn
  api::Reason reason = api::Reason::None;  // of Broken, CamelCase: one of broken_reasons()
  std::string message;                     // of None and Broken: one line, bounded
  std::optional<Time> pause_until = {};
  std::optional<Time> resume = {};  // a freeze that began before this time ends at it
  std::string approve;              // the Rollback that is approved by annotation; empty: none
  std::string group;                // empty: in none
  int group_order = 0;

  // `spec` applies.
  [[nodiscard]] bool governs() const { return kind != Kind::None && kind != Kind::Broken; }

  bool operator==(const EffectivePolicy&) const = default;
};

// InvalidAnnotation, PolicyNotFound, PolicyConflict, PolicyInvalid, ConfigMapNotFound,
// ConfigMapInvalid, ConfigMapUnreadable.
[[nodiscard]] std::span<const api::Reason> broken_reasons();

// The ConfigMap of the Deployment's namespace that has to be read before resolve_policy; nothing
// where none could matter.
[[nodiscard]] std::optional<std::string> config_map_wanted(const OptIn& opt_in);

// `config_map` is the answer to config_map_wanted; absent where nothing was wanted.
// What cannot be understood on a Deployment is never acted past: any problem of the annotations is
// Broken, unless opted out.
[[nodiscard]] EffectivePolicy resolve_policy(
    const api::Deployment& deployment, const OptIn& opt_in,
    std::span<const api::RollbackPolicy* const> policies_of_namespace,
    const std::optional<Result<api::ConfigMap>>& config_map);

}  // namespace lastgood::policy
