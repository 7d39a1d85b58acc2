// Reads the fields of api::Deployment from the JSON of an apps/v1 Deployment while parsing it, and
// skips all other fields. The JSON has 3 to 20 KB. Only watch_event.cpp includes this header.
#pragma once

#include "api/workload.hpp"
#include "base/result.hpp"
#include "kube/json_walk.hpp"

namespace lastgood::kube {

// Fails with ErrorKind::Protocol if a field has the wrong type or the name is missing. The message
// has the path of the field.
[[nodiscard]] Result<api::Deployment> read_deployment(walk::Parser& parser,
                                                      const walk::Padded& bytes);

}  // namespace lastgood::kube
