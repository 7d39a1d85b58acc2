// A rollback as a plan: from what is recorded and what is on the Deployment to the one thing to do
// next. Asked before every write and after every start, so a process killed between any two writes
// goes on where it stood and never writes twice. Must not know how the call is sent, nor when a
// rollout or a verification is over.
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
// What is on the Deployment shows that the step is done: record this phase.
struct Advance {
  api::RollbackPhase phase;
  std::string message = {};  // worth telling; mostly empty
};
// Someone came first: nothing (more) is to be done. Record Superseded.
struct Supersede {
  std::string message;
};
enum class WaitReason : std::uint8_t {
  DeploymentPaused,
  DeploymentUnreadable,
  SnapshotUnreadable,
  NotObserved,  // the Deployment controller has not seen the template yet
};
// Nothing may be done now; ask again after the next event or tick.
struct Wait {
  WaitReason reason;
  std::string message;
};
// It can never be done. Record Failed.
struct Stop {
  std::string message;
};
// Every write is done: the rollout and the checks say how it ends. Also for a finished Rollback.
struct NothingToWrite {};

using NextStep =
    std::variant<PatchTemplate, PatchOwnership, Advance, Supersede, Wait, Stop, NothingToWrite>;

// Both from live GETs made for this decision, never from a cache.
[[nodiscard]] NextStep next_step(const api::Rollback& rollback,
                                 const Result<codec::Json>& live_deployment,
                                 const Result<codec::Json>& snapshot_revision);

}  // namespace lastgood::rollback
