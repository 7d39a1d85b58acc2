// The objects of the kinds that are watched in the whole cluster or namespace: Deployments, with
// only the fields that are read, and Lastgood's three kinds. Pods are watched elsewhere.
#pragma once

#include <optional>

#include "api/constants.hpp"
#include "api/guard.hpp"
#include "api/policy.hpp"
#include "api/rollback.hpp"
#include "api/workload.hpp"
#include "kube/object_store.hpp"

namespace lastgood::kube {

// The Deployment that the Rollback names. Nothing if this cannot be read.
[[nodiscard]] inline std::optional<Key> deployment_of(const api::Rollback& rollback) {
  if (rollback.spec.deployment.empty()) return std::nullopt;
  return Key{.namespace_ = rollback.meta.key.namespace_, .name = rollback.spec.deployment};
}

// The group that the annotation of the Deployment names, as the name of a Key.
[[nodiscard]] inline std::optional<Key> group_of(const api::Deployment& deployment) {
  const auto found = deployment.meta.annotations.find(api::annotation::group);
  if (found == deployment.meta.annotations.end()) return std::nullopt;
  return Key{.namespace_ = deployment.meta.key.namespace_, .name = found->second};
}

struct Stores {
  ObjectStore<api::Deployment> deployments{group_of};
  ObjectStore<api::RollbackPolicy> policies;
  ObjectStore<api::DeploymentGuard> guards;
  ObjectStore<api::Rollback> rollbacks{deployment_of};
};

}  // namespace lastgood::kube
