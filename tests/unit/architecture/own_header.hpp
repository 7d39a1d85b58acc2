// Rule: a .cpp file has a header of the same name and includes it first. So the header is compiled
// without any other include before it, which shows that it is self-contained. The CMake target
// headers_compile does the same for headers without a .cpp file.
#pragma once

#include "source_file.hpp"

namespace lastgood::architecture {

// Exceptions are listed in own_header.cpp. An exception that is not needed is a violation too.
[[nodiscard]] Violations missing_own_headers(const std::vector<SourceFile>& files);

}  // namespace lastgood::architecture
