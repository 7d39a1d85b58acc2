// Rule: controller/runtime is a generic library. Its code, comments and log messages do
// not name the kinds or concepts of Lastgood.
#pragma once

#include "source_file.hpp"

namespace lastgood::architecture {

// The words are listed in generic_runtime.cpp.
[[nodiscard]] Violations lastgood_words_in_runtime(const std::vector<SourceFile>& files);

}  // namespace lastgood::architecture
