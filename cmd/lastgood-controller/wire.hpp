// The only place that names concrete classes: puts the network behind the ports, and runs the manager.
#pragma once

#include "options.hpp"

namespace lastgood {

// Runs until SIGTERM or SIGINT. The process's exit code.
[[nodiscard]] int run_controller(const Options& options);

}  // namespace lastgood
