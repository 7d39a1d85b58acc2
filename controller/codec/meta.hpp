// metav1.ObjectMeta and metav1.Condition from and to JSON.
#pragma once

#include "api/meta.hpp"
#include "codec/json.hpp"

namespace lastgood::codec {

// Error: Protocol, if a field has the wrong type.
[[nodiscard]] Result<api::ObjectMeta> parse_meta(const Json& object);

[[nodiscard]] Json to_json(const api::Condition& condition);

}  // namespace lastgood::codec
