// Finds the shortest part of a history that fails in the same way.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace lastgood::simulation {

// `fails` says whether the history with only these of its `count` events fails, numbers from 0 in
// ascending order. It must be true for all events. Returns the events of a history that fails, from
// which no further event can be left out. Leaves out halves first, then smaller parts. Ends early
// after `max_runs` calls of `fails`.
[[nodiscard]] std::vector<std::size_t> shrink(
    std::size_t count, const std::function<bool(const std::vector<std::size_t>&)>& fails,
    int max_runs);

}  // namespace lastgood::simulation
