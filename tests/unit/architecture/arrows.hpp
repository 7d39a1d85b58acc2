// Rule: a folder of controller/ includes only the folders that it may depend on, and the pure
// folders use no I/O, no threads and no coroutines. The table is in arrows.cpp and in
// controller/README.md.
#pragma once

#include "source_file.hpp"

namespace lastgood::architecture {

[[nodiscard]] Violations forbidden_arrows(const std::vector<SourceFile>& files);

}  // namespace lastgood::architecture
