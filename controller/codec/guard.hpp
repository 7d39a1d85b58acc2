// DeploymentGuard from and to JSON.
//
// Empty and absent fields are omitted, so a merge patch would leave their old values. Write a
// status as a whole, with PUT or with a JSON patch. Texts and lists are cut to the bounds of the
// schema, so that the API server does not reject a status for its size.
#pragma once

#include "api/guard.hpp"
#include "codec/json.hpp"

namespace lastgood::codec {

// Error: Protocol, if a field has the wrong type or an unknown value, or if a list is too long. An
// unknown reason is no error: it becomes Reason::None.
[[nodiscard]] Result<api::DeploymentGuard> parse_guard(const Json& object);

// The same for a guard that must be known even if its status cannot be read: such an error becomes
// `problem`. Error: Protocol, if the metadata has a field of the wrong type.
[[nodiscard]] Result<api::DeploymentGuard> parse_guard_or_problem(const Json& object);

[[nodiscard]] Json to_json(const api::GuardStatus& status);

}  // namespace lastgood::codec
