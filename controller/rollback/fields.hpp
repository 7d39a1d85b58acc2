// Pod templates and Deployments as JSON, for the .cpp files of rollback/ only; knows nothing of
// rollbacks.
#pragma once

#include <string>
#include <string_view>

#include "codec/json_at.hpp"

namespace lastgood::rollback {

using codec::array_at;
using codec::find;
using codec::number_at;
using codec::object_at;
using codec::text_at;

// A template as a person would compare it: without pod-template-hash, without nulls, absent and
// empty labels alike.
[[nodiscard]] codec::Json comparable(const codec::Json& pod_template);
[[nodiscard]] bool same_template(const codec::Json& a, const codec::Json& b);
[[nodiscard]] codec::Json without_template_hash(codec::Json pod_template);

// Bytes as UTF-8 can carry them: never throws on what is none.
[[nodiscard]] std::string dumped(const codec::Json& value);

// The Deployment that `live` is, by its own metadata, as a target for a PATCH under our field
// manager.
[[nodiscard]] std::string patch_target(const codec::Json& live);

}  // namespace lastgood::rollback
