// Rule: the name of a test case has at most 90 characters, and CTest can use it as the name of a
// test.
#pragma once

#include "source_file.hpp"

namespace lastgood::architecture {

[[nodiscard]] Violations bad_test_names(const std::vector<SourceFile>& files);

}  // namespace lastgood::architecture
