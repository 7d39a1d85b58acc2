// Rule: controller/runtime is a generic library. It does not name the kinds or concepts of
// Lastgood, neither in code nor in comments nor in log messages.
#pragma once

#include "source_file.hpp"

namespace lastgood::architecture {

// The words are listed in generic_runtime.cpp.
[[nodiscard]] Violations specific_words_in_runtime(const std::vector<SourceFile>& files);

}  // namespace lastgood::architecture
