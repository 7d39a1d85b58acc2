// Pod templates and Deployments as JSON, for the .cpp files of rollback/ only; knows nothing of rollbacks.
#pragma once

#include <string>
#include <string_view>

#include "api/json_at.hpp"

namespace lastgood::rollback {

using api::array_at;
using api::find;
using api::number_at;
using api::object_at;
using api::text_at;

// A template as a person would compare it: without pod-template-hash, without nulls, absent and empty labels alike.
[[nodiscard]] api::Json comparable(const api::Json& pod_template);
[[nodiscard]] bool same_template(const api::Json& a, const api::Json& b);
[[nodiscard]] api::Json without_template_hash(api::Json pod_template);

// Bytes as UTF-8 can carry them: never throws on what is none.
[[nodiscard]] std::string dumped(const api::Json& value);

// The Deployment that `live` is, by its own metadata, as a target for a PATCH under our field manager.
[[nodiscard]] std::string patch_target(const api::Json& live);

}  // namespace lastgood::rollback
