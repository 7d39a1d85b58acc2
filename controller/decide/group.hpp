// Deployments that must change together: who goes back with whom, in what order, and whether all of them can.
#pragma once

#include <optional>
#include <string>

#include "decide/world.hpp"

namespace lastgood::decide {

// The call for the group of the Deployment whose release is to be put back: itself and every other that was released in the
// same window. Nothing when it would go back alone.
[[nodiscard]] std::optional<api::GroupCall> call_group(const World& world, const api::GuardStatus& guard);

// The Rollback of another member that calls this Deployment back now; null when none does, or when it was followed already.
[[nodiscard]] const api::Rollback* called_back_by(const World& world, const api::GuardStatus& guard);

// The call that this Rollback follows has ended before anything was touched for it.
[[nodiscard]] bool is_called_off(const World& world, const api::Rollback& rollback);

}  // namespace lastgood::decide
