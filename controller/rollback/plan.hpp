// The plan of a rollback: the recorded phase and the live Deployment decide the next step.
//
//   Pending --PatchTemplate--> TemplateRestored --PatchOwnership--> Restored --> Verifying
//      |                             |                                 |
//      +-----------------------------+------- MarkSuperseded ----------+
//
// next_step() runs before every write and after every start. It compares the live Deployment with
// the Rollback, so a controller that is killed between two writes continues with the step that is
// missing, and writes the template exactly once. guard/ decides the phases after Restored.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "api/call.hpp"
#include "codec/objects.hpp"

namespace lastgood::rollback {

struct PatchTemplate {
  api::ApiCall call;
};
struct PatchOwnership {
  api::ApiCall call;
};
// The live Deployment shows that the write for this phase is done: record the phase.
struct AdvancePhase {
  api::RollbackPhase phase;
  std::string message = {};  // empty: the usual message of the phase
};
// A newer template, or the deletion of the Deployment, came first: record Superseded.
struct MarkSuperseded {
  std::string message;
};
// The rollback cannot be done: record Failed.
struct MarkFailed {
  std::string message;
};
enum class RequeueReason : std::uint8_t {
  DeploymentPaused,
  DeploymentUnreadable,
  SnapshotUnreadable,
  NotObserved,  // the Deployment controller has not seen the current generation yet
};
// Nothing can be done now: call next_step() again at the next reconcile.
struct Requeue {
  RequeueReason reason;
  std::string message;
};
// All writes are done, or the Rollback is finished.
struct NothingToWrite {};

using NextStep = std::variant<PatchTemplate, PatchOwnership, AdvancePhase, MarkSuperseded, Requeue,
                              MarkFailed, NothingToWrite>;

// `live_deployment` and `snapshot_revision` are results of GETs for this call, not from a cache.
[[nodiscard]] NextStep next_step(const api::Rollback& rollback,
                                 const Result<codec::Json>& live_deployment,
                                 const Result<codec::Json>& snapshot_revision);

}  // namespace lastgood::rollback
