// What the steps of a rollback share, from the record that waits to the proof that it helped.
#pragma once

#include <span>
#include <string>

#include "guard/gates/gate.hpp"
#include "guard/states/step.hpp"

namespace lastgood::guard {

// The Deployment's own progress deadline ends most failed rollouts earlier; this ends those that
// have none.
inline constexpr std::chrono::minutes max_restoration{15};
// What carrying out came to is looked at again then, should nothing happen before.
inline constexpr std::chrono::seconds soon_after_carrying_out{1};

// What a person is emitted to do when a rollback has failed.
inline constexpr const char* what_to_do = "Ship a new template to go on";

// A person is needed: the Rollback has failed.
void fail_rollback(Step& step, const api::Rollback& rollback, Reason reason,
                   const std::string& message);

// What was sampled since the last look is counted.
void judge(Step& step);

// Says why in the state's words; true when it holds.
bool held_back(Step& step, std::span<const Gate> rules, api::State state);

// The next write of it, unless what forbids to touch the Deployment holds.
void carry_out(Step& step, const api::Rollback& rollback);

// Recorded, but not touched yet (pending.cpp).
void carry_out_pending(Step& step, const api::Rollback& rollback);

}  // namespace lastgood::guard
