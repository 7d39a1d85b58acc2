// The source files that the rules of this folder check, and their #include lines.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lastgood::architecture {

struct SourceFile {
  std::string path;  // relative to the root of the project: "controller/api/meta.hpp"
  std::string text;
};

struct Include {
  std::size_t line = 0;  // the first line is 1
  std::string file;      // without quotes or angle brackets
  bool quoted = false;   // true for "file", false for <file>
};

using Violations = std::vector<std::string>;  // one message for each violation of a rule

// All .cpp and .hpp files below the given folders of the source tree, sorted by path. Throws
// std::runtime_error if there are no files.
[[nodiscard]] std::vector<SourceFile> read_sources(const std::vector<std::string>& folders);

[[nodiscard]] std::vector<Include> includes_of(const SourceFile& file);

// The folder of controller/ to which a file belongs: "base", "api", ... "cmd" for a file below
// cmd/. Empty for any other file.
[[nodiscard]] std::string folder_of(std::string_view path);

// The path by which other files include a header: "api/meta.hpp" for "controller/api/meta.hpp".
[[nodiscard]] std::string include_path_of(std::string_view path);

// "controller/api/meta.hpp:3: text"
[[nodiscard]] std::string violation(const SourceFile& file, std::size_t line,
                                    const std::string& text);

}  // namespace lastgood::architecture
