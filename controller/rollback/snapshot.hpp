// Snapshots: each good revision's template in a ControllerRevision of the Deployment. A snapshot
// survives revisionHistoryLimit, and stores what a ReplicaSet does not: the last-applied annotation
// and the field ownership.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/objects.hpp"

namespace lastgood::rollback {

struct Snapshot {
  std::string name;  // of the ControllerRevision
  Uid deployment;    // the Deployment that owns it
  TemplateHash hash;
  std::int64_t revision = 0;
  codec::Json pod_template;                      // without pod-template-hash
  std::optional<std::string> last_applied = {};  // the annotation of kubectl, if there was one
  codec::Json managers = codec::Json::array();   // managedFields of the template and last-applied,
                                                 // without those of Lastgood
};

// The ControllerRevision to create. `live_deployment` is the Deployment from a GET while `revision`
// was its current revision. Error: Protocol, if it is not a Deployment.
//
// The data of a ControllerRevision is immutable, so its name ends in a digest of the data. Equal
// content gives the same name, so AlreadyExists means that the snapshot is stored. If the ownership
// changes, a new snapshot is created before the old one is deleted.
[[nodiscard]] Result<codec::Json> build_snapshot(const codec::Json& live_deployment,
                                                 const api::Revision& revision);

// Error: Protocol, if the ControllerRevision has no pod template.
[[nodiscard]] Result<Snapshot> parse_snapshot(const codec::Json& controller_revision);

// True if both snapshots have the same template, annotation and ownership. The times of
// managedFields are ignored.
[[nodiscard]] bool is_same_snapshot(const codec::Json& controller_revision,
                                    const codec::Json& wanted);

// The labelSelector for all snapshots of a Deployment, not percent-encoded.
[[nodiscard]] std::string snapshot_selector(std::string_view deployment);

// The names of the snapshots to delete. `controller_revisions` are the items of the list by
// snapshot_selector. Not deleted:
//   - the snapshots of the two newest good revisions
//   - the snapshot of the last good revision
//   - the snapshot of the current revision, if it is good or is evaluated
//   - the snapshot of any good or evaluated revision, if the status does not name it yet
//   - the target of a Rollback that is not finished
//   - objects of another owner
// `status` must be the stored status: after a restart, the controller needs the snapshots that are
// named there, not those that were named only in memory.
[[nodiscard]] std::vector<std::string> snapshots_to_delete(
    const std::vector<codec::Json>& controller_revisions, const api::GuardStatus& status,
    const api::Rollback* in_progress);

}  // namespace lastgood::rollback
