#pragma once

#include <cstddef>

namespace lastgood::checks {

// The maximum size of a measurement's message, in bytes. Status fields and Events contain the
// message.
inline constexpr std::size_t max_message_size = 512;

}  // namespace lastgood::checks
