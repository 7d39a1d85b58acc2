// metav1.ObjectMeta from JSON, and metav1.Condition to JSON.
#pragma once

#include "api/meta.hpp"
#include "codec/json.hpp"

namespace lastgood::codec {

// Error: Protocol, if a field has the wrong type.
[[nodiscard]] Result<api::ObjectMeta> parse_meta(const Json& object);

[[nodiscard]] Json to_json(const api::Condition& condition);
// Sets `conditions` of a status. An empty list is omitted.
void put(Json& object, const api::Conditions& conditions);

}  // namespace lastgood::codec
