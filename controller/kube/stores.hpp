// The objects of the kinds that are watched in the whole cluster or namespace: Deployments, with
// only the fields that are read, and Lastgood's three kinds. Pods are watched elsewhere.
#pragma once

#include "api/guard.hpp"
#include "api/policy.hpp"
#include "api/rollback.hpp"
#include "api/workload.hpp"
#include "kube/object_store.hpp"

namespace lastgood::kube {

struct Stores {
  ObjectStore<api::Deployment> deployments;
  ObjectStore<api::RollbackPolicy> policies;
  ObjectStore<api::DeploymentGuard> guards;
  ObjectStore<api::Rollback> rollbacks;
};

}  // namespace lastgood::kube
