// The objects that we create ourselves, as the JSON that is sent. Decides nothing.
#pragma once

#include <string>

#include "api/event.hpp"
#include "codec/objects.hpp"

namespace lastgood::codec {

// Owned by the Deployment, of the same name; the status is written by a call of its own.
[[nodiscard]] Json guard_manifest(const api::Deployment& deployment);

// [{"op": "add", "path": "/status", ...}] fenced by the object's uid: replaces a whole status.
[[nodiscard]] std::string status_patch(const Uid& uid, const Json& status);

// Makes a guard that was left by an earlier Deployment of the same name this one's.
[[nodiscard]] std::string adopt_guard_patch(const api::DeploymentGuard& guard,
                                            const api::Deployment& deployment);

[[nodiscard]] Json rollback_manifest(const api::Rollback& rollback,
                                     const api::Deployment& deployment);

// Writes the spec that was filled in into a Rollback that a person made, and makes it the
// Deployment's: only of the very object that was read, so that nothing said since is lost.
[[nodiscard]] std::string rollback_binding_patch(const api::Rollback& rollback);

// events.k8s.io/v1 about the Deployment. The same words about the same Deployment have the same
// name, so that a fact told twice is one Event.
[[nodiscard]] Json event_manifest(const api::Deployment& deployment, const api::EventRecord& event,
                                  const std::string& instance, Time now);

// The Event was told again: count and time of its series.
[[nodiscard]] Json event_series(int count, Time now);

}  // namespace lastgood::codec
