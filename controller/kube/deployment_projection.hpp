// apps/v1 Deployment: of its 3 to 20 KB only the fields of api::Deployment, read while parsing. For watch_event.cpp only.
#pragma once

#include "api/workload.hpp"
#include "base/result.hpp"
#include "kube/json_walk.hpp"

namespace lastgood::kube {

// The Error (Protocol) names the field.
[[nodiscard]] Result<api::Deployment> project_deployment(walk::Parser& parser, const walk::Padded& bytes);

}  // namespace lastgood::kube
