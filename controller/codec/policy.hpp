// RollbackPolicy from JSON, and its status to JSON.
#pragma once

#include "api/policy.hpp"
#include "codec/json.hpp"

namespace lastgood::codec {

// Error: Protocol, if metadata or status have the wrong type. An invalid spec is not an error,
// because an older version of the CRD may have allowed it: `problem` says what is invalid.
[[nodiscard]] Result<api::RollbackPolicy> parse_policy(const Json& object);

// Empty and absent fields are omitted.
[[nodiscard]] Json to_json(const api::PolicyStatus& status);

}  // namespace lastgood::codec
