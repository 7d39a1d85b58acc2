// Reading of JSON from outside that never throws: what is absent or of another type is nothing.
// For the .cpp files of rollback/ only; knows nothing of rollbacks.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "api/json.hpp"

namespace lastgood::rollback {

using Path = std::initializer_list<std::string_view>;

// Null when a part of the path is missing or its parent is no object.
[[nodiscard]] const api::Json* find(const api::Json& object, Path path);
[[nodiscard]] std::string text_at(const api::Json& object, Path path);         // "" when it is no string
[[nodiscard]] std::int64_t number_at(const api::Json& object, Path path);      // 0 when it is no whole number
[[nodiscard]] const api::Json& object_at(const api::Json& object, Path path);  // {} when it is no object
[[nodiscard]] const api::Json& array_at(const api::Json& object, Path path);   // [] when it is no array

// A template as a person would compare it: without pod-template-hash, without nulls, absent and empty labels alike.
[[nodiscard]] api::Json comparable(const api::Json& pod_template);
[[nodiscard]] bool same_template(const api::Json& a, const api::Json& b);
[[nodiscard]] api::Json without_template_hash(api::Json pod_template);

// Bytes as UTF-8 can carry them: never throws on what is none.
[[nodiscard]] std::string dumped(const api::Json& value);

// The Deployment that `live` is, by its own metadata, as a target for a PATCH under our field manager.
[[nodiscard]] std::string patch_target(const api::Json& live);

}  // namespace lastgood::rollback
