// Creates the implementations of the ports, and runs the manager with them. wire.cpp is the only
// source of the controller that includes both net/ and shell/.
#pragma once

#include "options.hpp"

namespace lastgood {

// Runs until SIGTERM or SIGINT. Returns the exit code of the process.
[[nodiscard]] int run_controller(const Options& options);

}  // namespace lastgood
