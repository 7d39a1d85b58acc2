// Access to single values in JSON from outside. An absent value and a value of another type have
// the same result, and nothing throws. For objects that are sent back as they were read.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "codec/json.hpp"

namespace lastgood::codec {

using JsonPath = std::initializer_list<std::string_view>;

// Null if there is no such value.
[[nodiscard]] const Json* find(const Json& object, JsonPath path);

// The value, or an empty one ("", 0, {} or []) if there is none of this type.
[[nodiscard]] std::string text_at(const Json& object, JsonPath path);
[[nodiscard]] std::int64_t number_at(const Json& object, JsonPath path);
[[nodiscard]] const Json& object_at(const Json& object, JsonPath path);
[[nodiscard]] const Json& array_at(const Json& object, JsonPath path);

}  // namespace lastgood::codec
