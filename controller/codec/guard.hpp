// DeploymentGuard from and to JSON.
//
// An empty or absent field is left out, so a status is written whole (PUT, or JSON patch `add` of
// /status), never as a merge patch. Texts beyond the schema's bounds are cut, so that the server
// never rejects a status for its length.
#pragma once

#include "api/guard.hpp"
#include "codec/json.hpp"

namespace lastgood::codec {

// Protocol where a field has the wrong type.
[[nodiscard]] Result<api::DeploymentGuard> parse_guard(const Json& object);

[[nodiscard]] Json to_json(const api::CheckStatus& check);
[[nodiscard]] Json to_json(const api::Revision& revision);
[[nodiscard]] Json to_json(const api::GuardStatus& status);

}  // namespace lastgood::codec
