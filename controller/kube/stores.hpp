// What the watches keep: Deployments and our three kinds, as small projections.
#pragma once

#include "api/guard.hpp"
#include "api/policy.hpp"
#include "api/rollback.hpp"
#include "api/workload.hpp"
#include "kube/object_store.hpp"

namespace lastgood::kube {

struct Stores {
  kube::ObjectStore<api::Deployment> deployments;
  kube::ObjectStore<api::RollbackPolicy> policies;
  kube::ObjectStore<api::DeploymentGuard> guards;
  kube::ObjectStore<api::Rollback> rollbacks;
};

}  // namespace lastgood::kube
