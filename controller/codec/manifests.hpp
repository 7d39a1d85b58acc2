// The objects and patches that Lastgood sends to the API server, as JSON.
#pragma once

#include <string>

#include "api/event.hpp"
#include "codec/objects.hpp"

namespace lastgood::codec {

// The guard has the name of the Deployment and is owned by it. Its status needs a second call.
[[nodiscard]] Json guard_manifest(const api::Deployment& deployment);

// A JSON patch that replaces the status. It tests the uid.
[[nodiscard]] std::string status_patch(const Uid& uid, const Json& status);

// Changes the owner of a guard to a Deployment that was created again under the same name.
[[nodiscard]] std::string adopt_guard_patch(const api::DeploymentGuard& guard,
                                            const api::Deployment& deployment);

[[nodiscard]] Json rollback_manifest(const api::Rollback& rollback,
                                     const api::Deployment& deployment);

// Writes the complete spec into a Rollback that a user created, and sets its owner. It tests uid
// and resourceVersion, so that no later change of the user is lost.
[[nodiscard]] std::string rollback_binding_patch(const api::Rollback& rollback);

// An events.k8s.io/v1 Event about the Deployment. Its name is derived from reason and note, so the
// same Event has the same name, also after a restart. `instance` is the name of this controller.
[[nodiscard]] Json event_manifest(const api::Deployment& deployment, const api::EventRecord& event,
                                  const std::string& instance, Time now);

// A merge patch for an Event that was emitted again.
[[nodiscard]] Json event_series(int count, Time now);

}  // namespace lastgood::codec
