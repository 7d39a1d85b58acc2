// Reads small files.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.hpp"

namespace lastgood::net {

// BadInput if the path is not a regular file, cannot be read, or has more than `limit` bytes. The
// message begins with the path.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t limit);

}  // namespace lastgood::net
