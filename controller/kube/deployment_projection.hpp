// Reads the fields of api::Deployment from the JSON of an apps/v1 Deployment while parsing. A
// Deployment has 3 to 20 KB of JSON; the rest is skipped. Included by watch_event.cpp only.
#pragma once

#include "api/workload.hpp"
#include "base/result.hpp"
#include "kube/json_walk.hpp"

namespace lastgood::kube {

// Protocol if a field has the wrong type or the name is missing. The message has the field's path.
[[nodiscard]] Result<api::Deployment> project_deployment(walk::Parser& parser,
                                                         const walk::Padded& bytes);

}  // namespace lastgood::kube
