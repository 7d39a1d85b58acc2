#include "rollback/outcome.hpp"

#include <variant>

#include "api/constants.hpp"
#include "base/overloaded.hpp"
#include "rollback/deployment_json.hpp"
#include "rollback/difference.hpp"
#include "rollback/patch_failure.hpp"
#include "rollback/record.hpp"
#include "rollback/retention.hpp"
#include "rollback/snapshot.hpp"

namespace lastgood::rollback {

using api::RollbackPhase;

namespace {

constexpr const char* template_restored = "The template is restored";
constexpr const char* ownership_restored = "The field ownership of the template is restored";

}  // namespace

std::optional<api::ApiCall> api_call_of(const NextStep& step) {
  if (const auto* patch = std::get_if<PatchTemplate>(&step)) return patch->call;
  if (const auto* patch = std::get_if<PatchOwnership>(&step)) return patch->call;
  return {};
}

bool changes_template(const NextStep& step) { return std::holds_alternative<PatchTemplate>(step); }

bool repeats_reads(Duration age, int repetitions) {
  // Three reads normally take 3 ms.
  constexpr std::chrono::seconds max_age{2};
  // The reads of a slow server are never recent, and must not prevent the rollback.
  constexpr int max_repetitions = 2;
  return age > max_age && repetitions < max_repetitions;
}

void record_step(const NextStep& step, api::RollbackStatus& status, Time now) {
  const auto advance_to = [&](RollbackPhase phase, const std::string& message) {
    status = advance(status, phase, message, now);
  };
  std::visit(
      Overloaded{
          [&](const AdvancePhase& next) {
            const char* usual =
                next.phase == RollbackPhase::Restored ? ownership_restored : template_restored;
            advance_to(next.phase, next.message.empty() ? usual : next.message);
          },
          [&](const MarkSuperseded& superseded) {
            advance_to(RollbackPhase::Superseded, superseded.message);
          },
          [&](const MarkFailed& failed) { advance_to(RollbackPhase::Failed, failed.message); },
          [&](const Requeue& requeue) {
            status.message = requeue.message;
            status.waiting_for = api::Reason::None;
            status.blocked_by.clear();
            status.last_error.clear();
          },
          [](const NothingToWrite&) {},
          [](const PatchTemplate&) {},
          [](const PatchOwnership&) {},
      },
      step);
}

void record_success(const NextStep& step, const codec::Json& written, api::RollbackStatus& status,
                    Time now) {
  if (std::holds_alternative<PatchTemplate>(step)) {
    status = advance(status, RollbackPhase::TemplateRestored, template_restored, now);
    status.patched_generation = number_at(written, {"metadata", "generation"});
  }
  if (std::holds_alternative<PatchOwnership>(step))
    status = advance(status, RollbackPhase::Restored, ownership_restored, now);
}

void record_error(const NextStep& step, const Error& error, api::RollbackStatus& status, Time now) {
  const bool is_ownership = std::holds_alternative<PatchOwnership>(step);
  if (is_ownership && is_permanent(error)) {
    status = advance(
        status, RollbackPhase::Restored,
        "The template is restored, but its field ownership cannot be restored: " + error.message,
        now);
    return;
  }
  status.waiting_for =
      is_admission_denied(error) ? api::Reason::AdmissionDenied : api::Reason::None;
  status.blocked_by.clear();
  status.last_error = error.message;
  status.message =
      (is_ownership ? "The template is restored, but its field ownership is not restored yet: "
                    : "The template is not restored yet: ") +
      error.message;
}

void record_changes(const NextStep& step, const Result<codec::Json>& live,
                    const Result<codec::Json>& snapshot, api::RollbackStatus& status) {
  if (!std::holds_alternative<PatchTemplate>(step) || !live || !snapshot || !status.changes.empty())
    return;
  const auto good = parse_snapshot(*snapshot);
  const codec::Json::json_pointer pod_template("/spec/template");
  if (!good || !live->contains(pod_template)) return;
  status.changes = changes_between((*live)[pod_template], good->pod_template);
}

bool is_outdated(const NextStep& step, const Result<codec::Json>& live,
                 const api::Deployment& evaluated) {
  if (!std::holds_alternative<PatchTemplate>(step)) return false;
  const auto meta = live ? codec::parse_meta(*live) : std::unexpected(live.error());
  return !meta || !is_same_generation(*meta, evaluated.meta);
}

bool is_same_generation(const api::ObjectMeta& a, const api::ObjectMeta& b) {
  return a.uid == b.uid && a.generation == b.generation;
}

bool is_admission_denied(const Error& error) {
  return classify(error) == PatchFailure::AdmissionDenied;
}

bool is_permanent(const Error& error) {
  const bool is_lost_race = classify(error) == PatchFailure::Conflict;
  return error.kind == ErrorKind::Forbidden || (error.kind == ErrorKind::Invalid && !is_lost_race);
}

bool is_retryable(const Error& error) {
  // Admission rejects the same write again, so a retry does not help.
  if (is_admission_denied(error)) return false;
  switch (error.kind) {
    case ErrorKind::Conflict:
    case ErrorKind::Invalid:
    case ErrorKind::ConnectionClosed:
    case ErrorKind::TimedOut: return true;
    default: return false;
  }
}

bool is_gone(const Error& error) {
  // Invalid: the test of the uid failed, because another object has this name now.
  return error.kind == ErrorKind::NotFound || error.kind == ErrorKind::Invalid;
}

bool may_exist(const Result<codec::Json>& object, const Uid& uid) {
  if (!object) return object.error().kind != ErrorKind::NotFound;
  const auto meta = codec::parse_meta(*object);
  return !meta || meta->uid == uid;
}

Error rollback_deleted() {
  return {.kind = ErrorKind::Conflict,
          .message = "a user deleted the Rollback; the next reconcile decides again"};
}

Result<bool> approval_in(const Result<codec::Json>& object, const Uid& uid) {
  if (!may_exist(object, uid)) return std::unexpected(rollback_deleted());
  const auto rollback = object ? codec::parse_rollback(*object) : std::unexpected(object.error());
  if (!rollback) return std::unexpected(rollback.error());
  if (rollback->meta.deleting) return std::unexpected(rollback_deleted());
  return rollback->spec.approved;
}

bool may_be_created(const Error& error) {
  switch (error.kind) {
    case ErrorKind::AlreadyExists:
    case ErrorKind::ConnectionClosed:
    case ErrorKind::TimedOut:
    case ErrorKind::Server: return true;
    default: return false;
  }
}

bool binding_may_be_stored(const Result<codec::Json>& written) {
  return !written && (may_be_created(written.error()) || is_retryable(written.error()));
}

bool has_binding_of(const api::Rollback& read, const api::Rollback& bound) {
  return read.meta.uid == bound.meta.uid && read.spec.generation == bound.spec.generation &&
         read.spec.deployment_uid == bound.spec.deployment_uid &&
         read.spec.to.hash == bound.spec.to.hash;
}

bool is_deletion_denied(const Error& error) {
  return is_permanent(error) || is_admission_denied(error);
}

std::vector<api::ObjectMeta> metas_of_rollbacks_to_delete(
    const std::vector<api::Rollback>& rollbacks_of_deployment,
    const std::string& rollback_named_by_guard) {
  std::vector<api::ObjectMeta> out;
  for (const std::string& name :
       rollbacks_to_delete(rollbacks_of_deployment, rollback_named_by_guard)) {
    for (const api::Rollback& rollback : rollbacks_of_deployment) {
      if (rollback.meta.key.name == name) out.push_back(rollback.meta);
    }
  }
  return out;
}

std::string name_in(const codec::Json& manifest) {
  return manifest.value(codec::Json::json_pointer("/metadata/name"), std::string());
}

Uid uid_of(const std::vector<codec::Json>& objects, const std::string& name) {
  for (const codec::Json& object : objects) {
    if (name_in(object) == name)
      return Uid(object.value(codec::Json::json_pointer("/metadata/uid"), std::string()));
  }
  return {};
}

}  // namespace lastgood::rollback
