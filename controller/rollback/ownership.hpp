// The clean undo: field ownership of the template as it was when the target was good, so that the
// owner's next deploy meets neither conflicts nor stranded fields. Touches metadata.managedFields
// alone. Must not know when it is due.
#pragma once

#include <optional>

#include "api/call.hpp"
#include "codec/objects.hpp"
#include "rollback/snapshot.hpp"

namespace lastgood::rollback {

// `live` is the Deployment as a GET has just sent it, after the template patch. Nothing when all is
// as it should be.
[[nodiscard]] std::optional<api::ApiCall> ownership_patch(const codec::Json& live,
                                                          const Snapshot& kept);

// What metadata.managedFields should be.
[[nodiscard]] codec::Json restored_managers(const codec::Json& live, const Snapshot& kept);

}  // namespace lastgood::rollback
