// The preflight: whether a rollback would work now. It reads the live Deployment, the snapshot and
// the objects that the template needs, and sends the template patch as a dry run. So a template
// that the API server does not admit is known before the incident, not only during it.
//
//   PreflightInputs --preflight_requests--> reads, dry run --evaluate_preflight--> api::Preflight
//
// The preflight cannot find out whether the images can still be pulled: only a kubelet pulls them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.hpp"
#include "api/preflight.hpp"
#include "codec/objects.hpp"
#include "rollback/pod_security.hpp"
#include "rollback/references.hpp"
#include "rollback/snapshot.hpp"

namespace lastgood::rollback {

// The template patch with dryRun=All: the API server validates and admits it, but does not store
// it.
[[nodiscard]] api::ApiCall template_dry_run(const codec::Json& live, const Snapshot& snapshot,
                                            std::string_view rollback_name);

enum class ReferenceState : std::uint8_t {
  Exists,
  Missing,
  Forbidden,   // the controller lacks the permission to read it
  NotChecked,  // a Secret, and --read-secrets is off
  Unreadable,  // the read failed for another reason
};

struct ReferenceStatus {
  Reference reference;
  ReferenceState state = ReferenceState::Unreadable;
  std::string error = {};  // of the API server; for Forbidden and Unreadable
};

[[nodiscard]] ReferenceStatus reference_status(const Reference& reference,
                                               const Result<codec::Json>& object);

// How long the state may be cached. `missing_for`: how long the object has been missing. In the
// first 20 s it is read again after 0.5 s, because another controller may create it right now.
// Later it is read again after 10 s, because users create it while they wait for the rollback.
[[nodiscard]] Duration cache_lifetime(ReferenceState state, Duration missing_for);

// The references of the Deployment's pod template that are not optional.
[[nodiscard]] std::vector<Reference> required_references(const codec::Json& deployment);
// For example "ConfigMap web".
[[nodiscard]] std::string name_of(const Reference& reference);

struct PreflightInputs {
  const api::Deployment& deployment;
  const api::Revision& target;
  const Result<codec::Json>& live;      // the Deployment, from a GET
  const Result<codec::Json>& snapshot;  // the ControllerRevision target.snapshot, from a GET
};

struct PreflightRequests {
  std::vector<Reference> references = {};  // those that are not optional
  std::optional<api::ApiCall> dry_run = {};
};

// Empty if the Deployment or the snapshot cannot be used.
[[nodiscard]] PreflightRequests preflight_requests(const PreflightInputs& inputs,
                                                   std::string_view rollback_name);

// `dry_run` is absent if preflight_requests() has none. The first finding decides:
//   1. False: the snapshot is missing or not valid
//   2. Unknown or False: the Deployment or the snapshot cannot be read
//   3. False: the dry run is denied
//   4. False: a pod security standard that the namespace enforces would reject the pods
//   5. False: a required object does not exist
//   6. False: a permission is missing
//   7. Unknown: the dry run, or the read of a required object, failed
//   8. True
// The generation is that of `live`, or that of inputs.deployment if `live` cannot be read.
[[nodiscard]] api::Preflight evaluate_preflight(const PreflightInputs& inputs,
                                                const std::vector<ReferenceStatus>& references,
                                                const std::optional<Result<codec::Json>>& dry_run,
                                                const AdmissionWarnings& warnings, Time now);

// The field managers other than Lastgood that own fields of the spec. Each manager once, in the
// order of metadata.managedFields.
[[nodiscard]] std::vector<std::string> other_managers(const codec::Json& live);

}  // namespace lastgood::rollback
