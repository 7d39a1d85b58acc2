// Rule: a folder of controller/ includes only the folders that the table allows, and the pure
// folders use no I/O, no threads and no coroutines. The table is in allowed_includes.cpp and in
// controller/README.md.
#pragma once

#include "source_file.hpp"

namespace lastgood::architecture {

[[nodiscard]] Violations forbidden_includes(const std::vector<SourceFile>& files);

}  // namespace lastgood::architecture
