// How long a measurement's message may be: it goes into status and Events.
#pragma once

#include <cstddef>

namespace lastgood::checks {

inline constexpr std::size_t message_limit = 512;

}  // namespace lastgood::checks
