// Spreads work of many Deployments over some time, always in the same way for one key.
#pragma once

#include <string_view>

#include "base/time.hpp"

namespace lastgood::guard {

// From 0 to less than `window`, by a hash of the key. 0 if the window is empty.
[[nodiscard]] Duration spread(std::string_view key, Duration window);

}  // namespace lastgood::guard
