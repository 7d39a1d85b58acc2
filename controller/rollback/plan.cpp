#include "rollback/plan.hpp"

#include <fmt/format.h>

#include "api/constants.hpp"
#include "base/text.hpp"
#include "rollback/fields.hpp"
#include "rollback/ownership.hpp"
#include "rollback/patch.hpp"

namespace lastgood::rollback {

using api::RollbackPhase;
using codec::Json;

namespace {

// What is on the Deployment, against what is recorded.
struct Sight {
  const api::Rollback& rollback;
  const Json& live;
  const Result<Snapshot>& kept;

  [[nodiscard]] std::int64_t generation() const {
    return number_at(live, {"metadata", "generation"});
  }
  [[nodiscard]] bool marked() const {
    return text_at(live, {"metadata", "annotations", api::annotation::rolled_back_by}) ==
           rollback.meta.key.name;
  }
  [[nodiscard]] bool has_kept_template() const {
    return kept && same_template(object_at(live, {"spec", "template"}), kept->pod_template);
  }
  // Our patch moves the generation by exactly one, whatever admission has made of its template.
  // Later the template has to be the kept one: the mark stays on the Deployment when others change
  // it.
  [[nodiscard]] bool restored() const {
    return marked() && (has_kept_template() || generation() == rollback.spec.generation + 1);
  }
};

Supersede superseded(const std::string& message) { return {.message = clip(message, 1024)}; }

Supersede newer_choice(const Sight& sight) {
  const auto mark =
      text_at(sight.live, {"metadata", "annotations", api::annotation::rolled_back_by});
  if (!mark.empty() && !sight.marked() && sight.generation() != sight.rollback.spec.generation)
    return superseded(fmt::format(
        "the template has changed since (generation {}, now {}; the last rollback on it is {})",
        sight.rollback.spec.generation, sight.generation(), in_quotes(mark, 253)));
  return superseded(fmt::format("the template has changed since: generation {}, now {}",
                                sight.rollback.spec.generation, sight.generation()));
}

// A ReplicaSet's revision number only ever grows, and is another's for every other template. So
// once the Deployment controller has seen this generation, the same number means the same template:
// only replicas or the like have changed.
bool still_the_bad_template(const Sight& sight) {
  const auto number = sight.rollback.spec.from.number;
  return number > 0 &&
         text_at(sight.live, {"metadata", "annotations", "deployment.kubernetes.io/revision"}) ==
             std::to_string(number);
}

NextStep put_back(const Sight& sight) {
  if (!sight.kept) return Stop{.message = clip(sight.kept.error().message, 1024)};
  const auto& kept = *sight.kept;
  if (kept.deployment != sight.rollback.spec.deployment_uid ||
      kept.hash != sight.rollback.spec.to.hash)
    return Stop{
        .message = fmt::format("ControllerRevision {} does not keep revision {} of this Deployment",
                               kept.name, clip(sight.rollback.spec.to.hash.value, 63))};
  if (sight.has_kept_template())
    return Stop{.message = fmt::format("the template of ControllerRevision {} is the present one: "
                                       "there is nothing to put back",
                                       kept.name)};
  return PatchTemplate{.call = template_patch(sight.live, kept, sight.rollback.meta.key.name)};
}

NextStep from_pending(const Sight& sight) {
  const auto recorded = sight.rollback.spec.generation;
  // The very spec that was judged, so the mark, if it is there, came with a copied manifest.
  if (sight.generation() == recorded) return put_back(sight);
  if (sight.restored()) return Advance{.phase = RollbackPhase::TemplateRestored};
  if (sight.generation() < recorded || sight.marked()) return newer_choice(sight);
  if (sight.has_kept_template())
    return superseded("somebody has put the same template back already");
  if (number_at(sight.live, {"status", "observedGeneration"}) < sight.generation())
    return Wait{.reason = WaitReason::NotObserved,
                .message = fmt::format(
                    "generation {} of the Deployment is not yet seen by the Deployment controller",
                    sight.generation())};
  return still_the_bad_template(sight) ? put_back(sight) : newer_choice(sight);
}

NextStep from_template_restored(const Sight& sight) {
  if (!sight.restored()) return newer_choice(sight);
  if (!sight.kept)
    return Advance{
        .phase = RollbackPhase::Restored,
        .message = clip(fmt::format("the template is put back, but field ownership cannot be: {}",
                                    sight.kept.error().message),
                        1024)};
  if (auto call = ownership_patch(sight.live, *sight.kept))
    return PatchOwnership{.call = *std::move(call)};
  return Advance{.phase = RollbackPhase::Restored};
}

// Every write is done; only somebody's newer choice is of interest. Where the kept template is
// gone, the mark has to do.
NextStep from_restored(const Sight& sight) {
  if (sight.restored() || (!sight.kept && sight.marked())) return NothingToWrite{};
  return newer_choice(sight);
}

bool paused(const Json& live) {
  const auto* flag = find(live, {"spec", "paused"});
  return flag && flag->is_boolean() && flag->get<bool>();
}

// All that a call is addressed by or fenced with.
bool is_deployment(const Json& live) {
  for (const auto* key : {"namespace", "name", "uid", "resourceVersion"})
    if (text_at(live, {"metadata", key}).empty()) return false;
  return number_at(live, {"metadata", "generation"}) > 0 &&
         !object_at(live, {"spec", "template"}).empty();
}

// What must be so before anything on the Deployment is looked at more closely.
std::optional<NextStep> not_to_be_touched(const api::Rollback& rollback, const Result<Json>& live) {
  if (!live && live.error().kind == ErrorKind::NotFound)
    return superseded("the Deployment does not exist any more");
  if (!live)
    return Wait{.reason = WaitReason::DeploymentUnreadable, .message = clip(live.error().message, 1024)};
  if (!is_deployment(*live))
    return Wait{.reason = WaitReason::DeploymentUnreadable,
                .message = "the answer of the API server is no Deployment"};
  if (text_at(*live, {"metadata", "uid"}) != rollback.spec.deployment_uid.value)
    return superseded("the Deployment was deleted and made again under the same name");
  if (find(*live, {"metadata", "deletionTimestamp"}))
    return superseded("the Deployment is being deleted");
  return std::nullopt;
}

}  // namespace

NextStep next_step(const api::Rollback& rollback, const Result<Json>& live_deployment,
                   const Result<Json>& snapshot_revision) {
  const auto phase = rollback.status.phase;
  if (api::finished(phase)) return NothingToWrite{};
  if (auto step = not_to_be_touched(rollback, live_deployment)) return *std::move(step);

  const Result<Snapshot> kept = snapshot_revision ? parse_snapshot(*snapshot_revision)
                                                  : std::unexpected(snapshot_revision.error());
  const Sight sight{.rollback = rollback, .live = *live_deployment, .kept = kept};
  if (phase == RollbackPhase::Restored || phase == RollbackPhase::Verifying)
    return from_restored(sight);
  if (paused(*live_deployment))
    return Wait{.reason = WaitReason::DeploymentPaused, .message = "the Deployment is paused"};
  const bool unreadable =
      !snapshot_revision && snapshot_revision.error().kind != ErrorKind::NotFound;
  if (unreadable)
    return Wait{.reason = WaitReason::SnapshotUnreadable,
                .message = clip(snapshot_revision.error().message, 1024)};
  return phase == RollbackPhase::Pending ? from_pending(sight) : from_template_restored(sight);
}

}  // namespace lastgood::rollback
