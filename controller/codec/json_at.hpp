// Reads single values of JSON, without a type for the whole object. An absent value and a value of
// the wrong type give the same result. No function throws.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "codec/json.hpp"

namespace lastgood::codec {

using JsonPath = std::initializer_list<std::string_view>;

// nullptr if there is no value at this path.
[[nodiscard]] const Json* find(const Json& object, JsonPath path);

// The value at this path. If it is absent or has another type: "", 0, {} or [].
[[nodiscard]] std::string text_at(const Json& object, JsonPath path);
[[nodiscard]] std::int64_t number_at(const Json& object, JsonPath path);
[[nodiscard]] const Json& object_at(const Json& object, JsonPath path);
[[nodiscard]] const Json& array_at(const Json& object, JsonPath path);

}  // namespace lastgood::codec
