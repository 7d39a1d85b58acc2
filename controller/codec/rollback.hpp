// Rollback from and to JSON. Empty and absent fields are omitted. Texts and lists are cut to the
// bounds of the schema.
#pragma once

#include "api/rollback.hpp"
#include "codec/json.hpp"

namespace lastgood::codec {

// Error: Protocol, if a field has the wrong type or an unknown value, or if a list is too long. An
// unknown reason is no error: it becomes Reason::None.
[[nodiscard]] Result<api::Rollback> parse_rollback(const Json& object);

// The same for a Rollback that must be known even if its spec or status cannot be read: such an
// error becomes `problem`. Error: Protocol, if the metadata has a field of the wrong type.
[[nodiscard]] Result<api::Rollback> parse_rollback_or_problem(const Json& object);

// The same for the watch, which keeps thousands of finished Rollbacks in memory: without the fields
// of the status that nothing reads when a Rollback is finished. These are the evidence, the checks
// of the verification that are not breached, the changes, the timeline and the conditions.
[[nodiscard]] Result<api::Rollback> parse_watched_rollback(const Json& object);

[[nodiscard]] Json to_json(const api::RollbackSpec& spec);
[[nodiscard]] Json to_json(const api::RollbackStatus& status);

}  // namespace lastgood::codec
