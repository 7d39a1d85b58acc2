// The status of a RollbackPolicy.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/event.hpp"
#include "api/policy.hpp"
#include "api/workload.hpp"

namespace lastgood::policy {

// The Deployments that this policy and another one select, so that no policy applies to them.
struct SelectorConflict {
  std::size_t deployments = 0;  // how many; 0: there is no conflict
  std::string deployment;       // the first of them by name
  std::string other_policy;     // the first other policy that selects `deployment`

  bool operator==(const SelectorConflict&) const = default;
};

// `conflicting` are the Deployments whose policy could not be resolved because several policies
// select them. Those of other namespaces do not count.
[[nodiscard]] SelectorConflict conflict_of(
    const api::RollbackPolicy& policy, std::span<const api::Deployment* const> conflicting,
    std::span<const api::RollbackPolicy* const> policies_of_namespace);

// `guarded` is the number of Deployments to which the policy applies now. `checks_valid`: the
// condition ChecksValid; empty: not known, so the last one stays. A policy without a prometheus
// check has no such condition.
[[nodiscard]] api::PolicyStatus status_of(const api::RollbackPolicy& policy, std::int64_t guarded,
                                          const SelectorConflict& conflict,
                                          const std::optional<api::Condition>& checks_valid,
                                          Time now);

// One Event for each condition, Ready and ChecksValid, that became False or is now False with
// another message.
[[nodiscard]] std::vector<api::EventRecord> events_of(const api::PolicyStatus& before,
                                                      const api::PolicyStatus& after);

}  // namespace lastgood::policy
