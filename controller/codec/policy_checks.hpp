// The checks of a RollbackPolicy from JSON. Private to codec/.
#pragma once

#include "api/policy.hpp"
#include "codec/reader.hpp"

namespace lastgood::codec {

// Sets the error of the reader if a field is invalid.
[[nodiscard]] api::Check read_check(const Reader& reader);

}  // namespace lastgood::codec
