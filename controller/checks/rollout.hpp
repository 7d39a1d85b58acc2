// The rollout check: what the Deployment's conditions and the pods of the new revision say without
// being asked anything. Acts in seconds where Kubernetes itself waits for progressDeadlineSeconds.
// Must not know what a failure leads to.
#pragma once

#include <optional>
#include <span>

#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "api/workload.hpp"

namespace lastgood::checks {

using api::Measurement;

inline constexpr const char* rollout_check = "rollout";  // the check's name

struct RolloutView {
  const api::Deployment& deployment;
  TemplateHash hash;               // of the revision judged
  std::span<const api::Pod> pods;  // of that revision
  std::optional<Time> rolled_out;  // when it was first seen completely rolled out; absent: not yet
};

[[nodiscard]] Measurement measure_rollout(const api::RolloutCheck& rules, const RolloutView& view,
                                          Time now);

}  // namespace lastgood::checks
