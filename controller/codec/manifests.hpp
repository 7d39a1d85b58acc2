// The objects and patches that Lastgood sends to the API server, as JSON.
#pragma once

#include <string>

#include "api/event.hpp"
#include "codec/objects.hpp"

namespace lastgood::codec {

// A DeploymentGuard with the name of the Deployment, which is its owner. The manifest has no
// status: status_patch() writes the status.
[[nodiscard]] Json guard_manifest(const api::Deployment& deployment);

// A JSON patch that replaces the status. The patch fails if the object has another uid.
[[nodiscard]] std::string status_patch(const Uid& uid, const Json& status);
// The same. The patch fails also if the object has another version than this one.
[[nodiscard]] std::string status_patch(const Uid& uid, const ResourceVersion& version,
                                       const Json& status);

// Changes the owner of a guard to a Deployment that was created again under the same name.
[[nodiscard]] std::string adopt_guard_patch(const api::DeploymentGuard& guard,
                                            const api::Deployment& deployment);

[[nodiscard]] Json rollback_manifest(const api::Rollback& rollback,
                                     const api::Deployment& deployment);

// Writes the complete spec into a Rollback that a user created, and sets its owner. The patch tests
// uid and resourceVersion, so that no later change of the user is lost.
[[nodiscard]] std::string rollback_binding_patch(const api::Rollback& rollback);

// An events.k8s.io/v1 Event about the Deployment. The name of the Event is derived from its reason,
// its note and the uid of the Deployment, so an Event that is emitted again has the same name.
// `instance` is the reportingInstance: this replica of the controller.
[[nodiscard]] Json event_manifest(const api::Deployment& deployment, const api::EventRecord& event,
                                  const std::string& instance, Time now);
// The same about the RollbackPolicy.
[[nodiscard]] Json event_manifest(const api::RollbackPolicy& policy, const api::EventRecord& event,
                                  const std::string& instance, Time now);

// A merge patch for an Event that was emitted `count` times, the last time at `now`.
[[nodiscard]] Json event_series(int count, Time now);

}  // namespace lastgood::codec
