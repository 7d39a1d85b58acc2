// RollbackPolicy from JSON, and its status to JSON.
#pragma once

#include "api/policy.hpp"
#include "codec/json.hpp"

namespace lastgood::codec {

// Error: Protocol, if metadata or status have the wrong type. A spec that is not valid, because an
// older CRD admitted it, is no error: `problem` says why it cannot be used.
[[nodiscard]] Result<api::RollbackPolicy> parse_policy(const Json& object);

// Empty and absent fields are omitted.
[[nodiscard]] Json to_json(const api::PolicyStatus& status);

}  // namespace lastgood::codec
