// What an API server means that does not take a template patch: the same status stands for a
// permission that we lack, for an admission that refuses the template, and for a Deployment that
// has moved on. Told apart by the server's own words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lastgood::rollback {

enum class Refusal : std::uint8_t {
  Moved,        // a test of the patch failed, or the Deployment is gone: read again
  NotAllowed,   // the authorizer: we lack a permission
  NotAdmitted,  // validation or admission: the template itself is refused
  Unanswered,   // nothing was said of the template: the server, or what it has to ask, is busy, ill
                // or not there
};

[[nodiscard]] Refusal meaning_of(const Error& error);

// What the authorizer says is lacking: "patch deployments.apps in namespace shop". Nothing when
// these are not its words.
[[nodiscard]] std::optional<std::string> lacking_permission(std::string_view message);

}  // namespace lastgood::rollback
