// The ownership patch restores the field ownership of the template as it was when the target of the
// rollback was good. The patch changes only metadata.managedFields.
//
// Without the ownership patch, Lastgood owns the restored fields after a rollback. Then the next
// deploy of the old owner fails with a conflict, or leaves old fields in the Deployment. Example
// with Helm, which deployed revision 1 (good) and revision 2 (bad, with a new sidecar):
//
//                         f:spec.f:template of the entry of
//   time                  helm                lastgood
//   revision 1 good       app                 -                  <- stored in the snapshot
//   revision 2 bad        app, sidecar        -
//   after template patch  -                   app                the server moved the ownership
//   after ownership patch app                 -                  the same as for revision 1
//
// Algorithm, for each entry of the live managedFields except those of the status subresource:
//   1. Remove the template from its fields. Remove last-applied too, if the snapshot and the
//      Deployment have it, or if the entry is that of Lastgood.
//   2. Add the fields that the snapshot stores for the same identity (see managers.hpp).
//   3. Drop the entry if no field is left.
// Entries that exist only in the snapshot are added at the end. Step 2 skips the entry of Lastgood.
// Other fields, such as replicas of an autoscaler, keep their owners.
#pragma once

#include <optional>

#include "api/call.hpp"
#include "codec/objects.hpp"
#include "rollback/snapshot.hpp"

namespace lastgood::rollback {

// `live` is the Deployment from a GET after the template patch. The patch tests its
// resourceVersion, so it fails after a concurrent write. Nothing if the ownership is restored.
[[nodiscard]] std::optional<api::ApiCall> ownership_patch(const codec::Json& live,
                                                          const Snapshot& snapshot);

// The value of metadata.managedFields after the patch.
[[nodiscard]] codec::Json restored_managers(const codec::Json& live, const Snapshot& snapshot);

}  // namespace lastgood::rollback
