// Rule: a .cpp file has a header of the same name, and includes this header first. So the compiler
// finds a header that does not include what it uses. The CMake target headers_compile does the same
// for headers without a .cpp file.
#pragma once

#include "source_file.hpp"

namespace lastgood::architecture {

// The list of exceptions is in own_header.cpp. A listed file that has a header is a violation too.
[[nodiscard]] Violations missing_own_headers(const std::vector<SourceFile>& files);

}  // namespace lastgood::architecture
