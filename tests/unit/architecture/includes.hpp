// The house's rules about who may know whom, as a function of a file's path and text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lastgood::architecture {

// The folder that a file belongs to: "base", "api", ..., or "cmd"; empty for a file that belongs to none.
[[nodiscard]] std::string folder_of(std::string_view path);

// What is wrong with that file, one line each: "controller/api/x.cpp:3: api must not include net (net/http.hpp)".
// `path` is relative to the project's root.
[[nodiscard]] std::vector<std::string> wrong_arrows(std::string_view path, std::string_view text);

}  // namespace lastgood::architecture
