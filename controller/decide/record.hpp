// The Rollback object: its name, its first writing, and how its status moves on.
#pragma once

#include <string>

#include "decide/world.hpp"

namespace lastgood::decide {

// "web-7-1b4e": of the Deployment, its generation and its uid. The same decision made twice has the same name, and a
// Deployment made again under the same name another. At most 253 bytes.
[[nodiscard]] std::string rollback_name(const api::Deployment& deployment);

// What is about to be done and why, before anything is touched.
[[nodiscard]] api::Rollback write_intent(const api::Deployment& deployment, const api::GuardStatus& guard,
                                         const api::CheckStatus& breach, const api::Revision& target, Time now);

// The status in the next phase: its time, its words, its conditions (kstatus: Reconciling until it is finished, then
// Succeeded True or False).
[[nodiscard]] api::RollbackStatus advance(api::RollbackStatus status, api::RollbackPhase phase, std::string message, Time now);

}  // namespace lastgood::decide
