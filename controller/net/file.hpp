// Small files, bounded.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.hpp"

namespace lastgood::net {

// BadInput, with the file's name and the system's words, where it cannot be read or is larger than `limit`.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t limit);

}  // namespace lastgood::net
