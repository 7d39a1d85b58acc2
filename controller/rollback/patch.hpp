// The one change of a rollback that pods see: the template patch. Fenced by uid and generation.
// Must not know when it is due.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/call.hpp"
#include "api/constants.hpp"
#include "codec/objects.hpp"
#include "rollback/snapshot.hpp"

namespace lastgood::rollback {

// `live` is the Deployment as a GET has just sent it. Never replicas, strategy, selector or paused.
[[nodiscard]] api::ApiCall template_patch(const codec::Json& live, const Snapshot& kept,
                                          std::string_view rollback_name);

// The last-applied annotation that belongs on the Deployment after the template patch; absent: it
// is left as it is.
[[nodiscard]] std::optional<std::string> last_applied_after(const codec::Json& live,
                                                            const Snapshot& kept);

}  // namespace lastgood::rollback
