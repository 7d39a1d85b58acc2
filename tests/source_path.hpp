// Finds files of the source tree, for tests that read them.
#pragma once

#include <filesystem>
#include <string_view>

namespace lastgood::test {

// The absolute path of a file of the source tree: source_path("docs/reference.md").
[[nodiscard]] std::filesystem::path source_path(std::string_view relative);

}  // namespace lastgood::test
