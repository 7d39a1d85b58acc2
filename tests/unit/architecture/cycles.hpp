// Rule: no modules include each other in a circle. A module is a header with its .cpp file:
// net/tls.hpp and net/tls.cpp are the module net/tls. A circle of headers is a circle of modules.
#pragma once

#include "source_file.hpp"

namespace lastgood::architecture {

// At least one circle for each set of modules that include each other:
// "net/tls -> net/transport -> net/tls".
[[nodiscard]] Violations include_cycles(const std::vector<SourceFile>& files);

}  // namespace lastgood::architecture
