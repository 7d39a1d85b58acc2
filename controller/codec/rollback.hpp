// Rollback from and to JSON. What codec/guard.hpp says of a status holds here too.
#pragma once

#include "api/rollback.hpp"
#include "codec/json.hpp"

namespace lastgood::codec {

// Protocol where a field has the wrong type.
[[nodiscard]] Result<api::Rollback> parse_rollback(const Json& object);

[[nodiscard]] Json to_json(const api::RollbackSpec& spec);
[[nodiscard]] Json to_json(const api::RollbackStatus& status);

}  // namespace lastgood::codec
