#include "rollback/plan.hpp"

#include <fmt/format.h>

#include "api/constants.hpp"
#include "base/text.hpp"
#include "rollback/deployment_json.hpp"
#include "rollback/ownership.hpp"
#include "rollback/patch.hpp"
#include "rollback/record.hpp"

namespace lastgood::rollback {

using api::RollbackPhase;
using codec::Json;

namespace {

// The Rollback, and the objects as the API server has them.
struct PlanInputs {
  const api::Rollback& rollback;
  const Json& live;
  const Result<Snapshot>& snapshot;

  [[nodiscard]] std::int64_t generation() const {
    return number_at(live, {"metadata", "generation"});
  }
  // True if the Deployment has the mark of this Rollback: the annotation rolled-back-by with its
  // name. The template patch sets the mark.
  [[nodiscard]] bool is_marked() const {
    return text_at(live, {"metadata", "annotations", api::annotation::rolled_back_by}) ==
           rollback.meta.key.name;
  }
  [[nodiscard]] bool has_target_template() const {
    return snapshot && same_template(object_at(live, {"spec", "template"}), snapshot->pod_template);
  }
  // True if the template patch was applied and no newer template followed. A user who changes the
  // template does not remove the mark, so the template must be that of the snapshot too. The two
  // may differ only at the generation of the template patch, because admission can change it.
  [[nodiscard]] bool is_restored() const {
    return is_marked() && (has_target_template() || generation() == patched_generation(rollback));
  }
};

constexpr std::size_t max_message_size = 1024;

MarkSuperseded superseded(const std::string& message) {
  return {.message = clip(message, max_message_size)};
}

MarkSuperseded superseded_by_newer_template(const PlanInputs& in) {
  const auto mark = text_at(in.live, {"metadata", "annotations", api::annotation::rolled_back_by});
  if (!mark.empty() && !in.is_marked() && in.generation() != in.rollback.spec.generation)
    return superseded(fmt::format(
        "The template changed: generation {} was evaluated, the current one is {}. The last "
        "rollback of the Deployment is {}",
        in.rollback.spec.generation, in.generation(), in_quotes(mark, 253)));
  return superseded(
      fmt::format("The template changed: generation {} was evaluated, the current one is {}",
                  in.rollback.spec.generation, in.generation()));
}

// The Deployment controller gives each new template a new revision number. When it has observed
// this generation, an unchanged number means that the template did not change. There is one
// exception: if the same generation also changed the replicas, the controller sets the number
// later. The exception does no harm, because guard/ does not resume a pending Rollback while the
// present template has no ReplicaSet.
bool has_bad_template(const PlanInputs& in) {
  const auto number = in.rollback.spec.from.number;
  return number > 0 &&
         text_at(in.live, {"metadata", "annotations", "deployment.kubernetes.io/revision"}) ==
             std::to_string(number);
}

NextStep restore_template(const PlanInputs& in) {
  if (!in.snapshot)
    return MarkFailed{.message = clip(in.snapshot.error().message, max_message_size)};
  const Snapshot& snapshot = *in.snapshot;
  if (snapshot.deployment != in.rollback.spec.deployment_uid ||
      snapshot.hash != in.rollback.spec.to.hash)
    return MarkFailed{
        .message = fmt::format("ControllerRevision {} is not the snapshot of revision {} of this "
                               "Deployment",
                               snapshot.name, clip(in.rollback.spec.to.hash.value, 63))};
  if (in.has_target_template())
    return MarkFailed{
        .message = fmt::format("The Deployment already has the template of ControllerRevision {}",
                               snapshot.name)};
  return PatchTemplate{.call = template_patch(in.live, snapshot, in.rollback.meta.key.name)};
}

NextStep from_pending(const PlanInputs& in) {
  const auto recorded = in.rollback.spec.generation;
  // At the evaluated generation the template is not patched yet. If the Deployment has the mark of
  // this Rollback already, a user applied a manifest with the annotation.
  if (in.generation() == recorded) return restore_template(in);
  // With the mark, the patch was applied although its response was lost. If a user has changed the
  // template since, from_template_restored() finds this in the next step.
  if (in.is_marked() && in.generation() > recorded)
    return AdvancePhase{.phase = RollbackPhase::TemplateRestored};
  if (in.generation() < recorded) return superseded_by_newer_template(in);
  if (in.has_target_template()) return superseded("A user restored the same template first");
  if (number_at(in.live, {"status", "observedGeneration"}) < in.generation())
    return Requeue{
        .reason = RequeueReason::NotObserved,
        .message = fmt::format("The Deployment controller has not observed generation {} yet",
                               in.generation())};
  return has_bad_template(in) ? restore_template(in) : superseded_by_newer_template(in);
}

NextStep from_template_restored(const PlanInputs& in) {
  if (!in.is_restored()) return superseded_by_newer_template(in);
  if (!in.snapshot)
    return AdvancePhase{
        .phase = RollbackPhase::Restored,
        .message = clip(
            fmt::format("The template is restored, but its field ownership cannot be restored: {}",
                        in.snapshot.error().message),
            max_message_size)};
  if (auto call = ownership_patch(in.live, *in.snapshot))
    return PatchOwnership{.call = *std::move(call)};
  return AdvancePhase{.phase = RollbackPhase::Restored};
}

// All writes are done, so only a newer template matters. If the snapshot cannot be read, the mark
// alone decides.
NextStep from_restored(const PlanInputs& in) {
  if (in.is_restored() || (!in.snapshot && in.is_marked())) return NothingToWrite{};
  return superseded_by_newer_template(in);
}

bool is_paused(const Json& live) {
  const auto* flag = find(live, {"spec", "paused"});
  return flag && flag->is_boolean() && flag->get<bool>();
}

// True if the object has the fields that a patch needs.
bool is_deployment(const Json& live) {
  for (const auto* key : {"namespace", "name", "uid", "resourceVersion"})
    if (text_at(live, {"metadata", key}).empty()) return false;
  return number_at(live, {"metadata", "generation"}) > 0 &&
         !object_at(live, {"spec", "template"}).empty();
}

// The step for a Deployment that cannot be patched, in any phase. Nothing if it can.
std::optional<NextStep> step_if_unpatchable(const api::Rollback& rollback,
                                            const Result<Json>& live) {
  if (!live && live.error().kind == ErrorKind::NotFound)
    return superseded("The Deployment was deleted");
  if (!live)
    return Requeue{.reason = RequeueReason::DeploymentUnreadable,
                   .message = clip(live.error().message, max_message_size)};
  if (!is_deployment(*live))
    return Requeue{.reason = RequeueReason::DeploymentUnreadable,
                   .message = "The response of the API server is not a Deployment"};
  if (text_at(*live, {"metadata", "uid"}) != rollback.spec.deployment_uid.value)
    return superseded("The Deployment was deleted and created again");
  if (find(*live, {"metadata", "deletionTimestamp"}))
    return superseded("The Deployment is being deleted");
  return std::nullopt;
}

}  // namespace

NextStep next_step(const api::Rollback& rollback, const Result<Json>& live_deployment,
                   const Result<Json>& snapshot_revision) {
  const auto phase = rollback.status.phase;
  if (api::finished(phase)) return NothingToWrite{};
  if (auto step = step_if_unpatchable(rollback, live_deployment)) return *std::move(step);

  const Result<Snapshot> snapshot = snapshot_revision ? parse_snapshot(*snapshot_revision)
                                                      : std::unexpected(snapshot_revision.error());
  const PlanInputs in{.rollback = rollback, .live = *live_deployment, .snapshot = snapshot};
  if (phase == RollbackPhase::Restored || phase == RollbackPhase::Verifying)
    return from_restored(in);
  if (is_paused(*live_deployment))
    return Requeue{.reason = RequeueReason::DeploymentPaused,
                   .message = "The Deployment is paused"};
  const bool is_unreadable =
      !snapshot_revision && snapshot_revision.error().kind != ErrorKind::NotFound;
  if (is_unreadable)
    return Requeue{.reason = RequeueReason::SnapshotUnreadable,
                   .message = clip(snapshot_revision.error().message, max_message_size)};
  return phase == RollbackPhase::Pending ? from_pending(in) : from_template_restored(in);
}

}  // namespace lastgood::rollback
