// The template patch: the only write of a rollback that changes pods.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/call.hpp"
#include "codec/objects.hpp"
#include "rollback/snapshot.hpp"

namespace lastgood::rollback {

// A JSON patch that replaces spec.template, sets the annotation rolled-back-by and corrects
// last-applied-configuration. It tests uid and generation, so it fails (422) if the Deployment
// changed since `live` was read. Replicas, strategy, selector and paused stay as they are.
[[nodiscard]] api::ApiCall template_patch(const codec::Json& live, const Snapshot& snapshot,
                                          std::string_view rollback_name);

// The last-applied annotation that matches the Deployment after the template patch. Nothing if the
// annotation must not change.
//
// `kubectl apply` deletes the fields that are in the annotation and not in the manifest. So the
// annotation must contain the manifest of the template that is live, and for all other fields the
// manifest that was applied last:
//
// clang-format off
//   annotation in the snapshot                 annotation now  result
//   any or none                                none            as in the snapshot
//   differs from now only in the template      present         as in the snapshot, byte for byte
//   differs from now in other fields too       present         as now, with the snapshot's template
//   none: the owner did not use kubectl apply  present         as now, without a template
// clang-format on
//
// With the annotation of the bad release, the next apply would delete fields of the restored
// template. Without any annotation, labels of the bad release's manifest would never be deleted.
[[nodiscard]] std::optional<std::string> last_applied_after(const codec::Json& live,
                                                            const Snapshot& snapshot);

}  // namespace lastgood::rollback
