// RollbackPolicy from JSON, and its status to JSON.
#pragma once

#include "api/policy.hpp"
#include "codec/json.hpp"

namespace lastgood::codec {

// A spec that the schema admits has no problem. A spec that cannot be used (an older CRD) says why
// in `problem`.
[[nodiscard]] Result<api::RollbackPolicy> parse_policy(const Json& object);

// An empty or absent field is left out.
[[nodiscard]] Json to_json(const api::PolicyStatus& status);

}  // namespace lastgood::codec
