// Rollback from and to JSON. Fields are omitted and cut as described in codec/guard.hpp.
#pragma once

#include "api/rollback.hpp"
#include "codec/json.hpp"

namespace lastgood::codec {

// Error: Protocol, if a field has the wrong type or an unknown value.
[[nodiscard]] Result<api::Rollback> parse_rollback(const Json& object);

[[nodiscard]] Json to_json(const api::RollbackSpec& spec);
[[nodiscard]] Json to_json(const api::RollbackStatus& status);

}  // namespace lastgood::codec
