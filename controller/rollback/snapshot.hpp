// A template that was proven good, kept as a ControllerRevision of the Deployment: the template,
// the last-applied annotation that belongs to it, and who owned which of its fields. Survives
// revisionHistoryLimit. Must not know when a revision is good.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/objects.hpp"

namespace lastgood::rollback {

struct Snapshot {
  std::string name;  // of the ControllerRevision
  Uid deployment;    // the owner's
  TemplateHash hash;
  std::int64_t revision = 0;
  codec::Json pod_template;                      // without pod-template-hash
  std::optional<std::string> last_applied = {};  // kubectl's annotation, where there was one
  codec::Json managers = codec::Json::array();   // managedFields reduced to the template and that
                                                 // annotation; none is ours
};

// The ControllerRevision to create: metadata.name, ownerReferences, label, revision, data.
// `live_deployment` is the Deployment as the server sent it while `revision` was its present one.
// The name ends in a digest of what is kept, because a ControllerRevision's data is immutable: the
// same content has the same name (AlreadyExists means kept already), and content that changed is
// kept beside the old one before that is deleted. Protocol when it is no Deployment.
[[nodiscard]] Result<codec::Json> build_snapshot(const codec::Json& live_deployment,
                                                 const api::Revision& revision);

[[nodiscard]] Result<Snapshot> parse_snapshot(const codec::Json& controller_revision);

// The same template, annotation and ownership (times do not count). Where not, `wanted` is to be
// created as well.
[[nodiscard]] bool is_same_snapshot(const codec::Json& controller_revision,
                                    const codec::Json& wanted);

// A labelSelector for all that is kept for a Deployment of that name, not yet percent-encoded.
[[nodiscard]] std::string snapshot_selector(std::string_view deployment);

// Names of the kept revisions that may be deleted: all but those of the two newest good revisions,
// the last good one, and the target of a rollback that is not finished. `controller_revisions` are
// the items of the list by snapshot_selector. Left alone are those of another owner, and those of a
// good revision whose snapshot is not written yet: call it with the status as it is stored.
[[nodiscard]] std::vector<std::string> superfluous(
    const std::vector<codec::Json>& controller_revisions, const api::GuardStatus& status,
    const api::Rollback* in_flight);

}  // namespace lastgood::rollback
