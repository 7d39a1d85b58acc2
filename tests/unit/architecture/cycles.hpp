// Rule: the includes of the modules have no cycle. A module is a header with its .cpp file:
// net/tls.hpp and net/tls.cpp are the module net/tls.
#pragma once

#include "source_file.hpp"

namespace lastgood::architecture {

// At least one cycle for each set of modules that include each other:
// "net/tls -> net/transport -> net/tls".
[[nodiscard]] Violations include_cycles(const std::vector<SourceFile>& files);

}  // namespace lastgood::architecture
