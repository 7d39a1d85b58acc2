// Which policy governs a Deployment: the first that applies of what is said on it, what selects it, and the built-in one.
// Pure. Must not know how anything was read, nor what a policy leads to.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "api/policy.hpp"
#include "api/workload.hpp"
#include "base/result.hpp"
#include "policy/annotations.hpp"

namespace lastgood::policy {

struct Governance {
  enum class Kind : std::uint8_t {
    None,       // not opted in, or opted out
    Policy,     // a RollbackPolicy, by name or by selector; it may be suspended
    ConfigMap,  // a ConfigMap's three keys
    BuiltIn,    // the rollout check alone
    Broken,     // opted in, but by what cannot be used: nothing may be done, and reason and message say why
  };
  Kind kind = Kind::None;
  std::string name;           // "RollbackPolicy/web", "ConfigMap/rollback-config", "built-in"; empty: none, or not one
  api::PolicySpec spec = {};  // of a Policy, a ConfigMap and the built-in policy
  std::string reason;         // of Broken, CamelCase: one of broken_reasons()
  std::string message;        // of None and Broken: one line, bounded

  bool operator==(const Governance&) const = default;
};

// InvalidAnnotation, PolicyNotFound, PolicyConflict, PolicyInvalid, ConfigMapNotFound, ConfigMapInvalid, ConfigMapUnreadable.
[[nodiscard]] std::span<const std::string_view> broken_reasons();

// The ConfigMap of the Deployment's namespace that has to be read before govern; nothing where none could matter.
[[nodiscard]] std::optional<std::string> config_map_wanted(const OptIn& opt_in);

// `config_map` is the answer to config_map_wanted; absent where nothing was wanted.
// What cannot be understood on a Deployment is never acted past: any problem of the annotations is Broken, unless opted out.
[[nodiscard]] Governance govern(const api::Deployment& deployment, const OptIn& opt_in,
                                std::span<const api::RollbackPolicy* const> policies_of_namespace,
                                const std::optional<Result<api::ConfigMap>>& config_map);

}  // namespace lastgood::policy
