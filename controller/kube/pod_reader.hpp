// Reads api::Pod from the JSON of a pod. The JSON has 5 to 20 KB, most of it volumes, environment
// variables and managedFields: only the part that codec::parse_pod() reads is parsed into a tree.
// Included by watch_event.cpp only.
#pragma once

#include "api/workload.hpp"
#include "base/result.hpp"
#include "kube/json_walk.hpp"

namespace lastgood::kube {

// The result is that of codec::parse_pod(). Fails with ErrorKind::Protocol if a field has the wrong
// type.
[[nodiscard]] Result<api::Pod> read_pod(walk::Parser& parser, const walk::Padded& bytes);

}  // namespace lastgood::kube
