// The inputs of the rollout check. See rollout.hpp.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/workload.hpp"

namespace lastgood::checks {

struct RolloutView {
  const api::Deployment& deployment;
  TemplateHash hash;               // of the evaluated revision
  std::span<const api::Pod> pods;  // of that revision
  std::optional<Time> rolled_out;  // when the rollout was first seen complete; absent: not yet
  Duration startup_grace = api::default_progress_deadline;  // see startup_grace()
  // For example "ConfigMap settings": objects that the template requires and that do not exist.
  // Empty if they were not read. See awaits_references().
  std::vector<std::string> missing_references = {};
};

}  // namespace lastgood::checks
