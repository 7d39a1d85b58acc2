#include "api/workload.hpp"

namespace lastgood::api {

bool rollout_complete(const Deployment& deployment) {
  return deployment.observed_generation >= deployment.meta.generation && deployment.replicas > 0 &&
         deployment.updated_replicas == deployment.replicas && deployment.status_replicas == deployment.replicas &&
         deployment.available_replicas == deployment.replicas;
}

}  // namespace lastgood::api
