#pragma once

#include <string>

namespace lastgood::checks {

// The value for a message: at least 6 digits, and so many that the text is on the same side of the
// limit as the value.
[[nodiscard]] std::string number_text(double value, double limit);

}  // namespace lastgood::checks
