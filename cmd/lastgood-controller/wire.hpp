// Creates the concrete classes behind the ports, and runs the manager with them. No other file
// names them.
#pragma once

#include "options.hpp"

namespace lastgood {

// Runs until SIGTERM or SIGINT. Returns the exit code of the process.
[[nodiscard]] int run_controller(const Options& options);

}  // namespace lastgood
