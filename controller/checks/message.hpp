#pragma once

#include <cstddef>

namespace lastgood::checks {

// The most bytes of a measurement's message: it goes into status fields and Events.
inline constexpr std::size_t max_message_size = 512;

}  // namespace lastgood::checks
