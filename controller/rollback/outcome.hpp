// Decisions of the executor, which performs the steps of plan.hpp: what to record after a step, and
// what an error means.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "codec/objects.hpp"
#include "rollback/plan.hpp"

namespace lastgood::rollback {

// --- Steps ---

// The API call that the step sends. Nothing for a step that is only recorded.
[[nodiscard]] std::optional<api::ApiCall> api_call_of(const NextStep& step);

// True if the step changes the template. The executor confirms the policy before such a step.
[[nodiscard]] bool changes_template(const NextStep& step);

// True if the reads before the template patch must be repeated, because a response was slow and
// they are too old. The tests of the patch notice a newer template, but not a change of a label, of
// the policy or of a ConfigMap. `age`: the time since the reads began. `repetitions`: how often
// they were repeated already; after two, the result is false.
[[nodiscard]] bool repeats_reads(Duration age, int repetitions);

// Records a step without a write: its phase, or only its message.
void record_step(const NextStep& step, api::RollbackStatus& status, Time now);

// Records a step whose write the API server acknowledged. `written`: the Deployment in its
// response.
void record_success(const NextStep& step, const codec::Json& written, api::RollbackStatus& status,
                    Time now);

// Records in message and last_error why a step was not done: the policy does not allow the step, or
// its write failed. waiting_for is AdmissionDenied only if the API server rejected the content of
// the write. If it rejects the ownership patch permanently, the rollback continues without this
// patch, because the template is restored and must be evaluated. Every other step is tried again.
void record_error(const NextStep& step, const Error& error, api::RollbackStatus& status, Time now);

// Before PatchTemplate: records the differences between the live template and the snapshot.
void record_changes(const NextStep& step, const Result<codec::Json>& live,
                    const Result<codec::Json>& snapshot, api::RollbackStatus& status);

// True if the step is PatchTemplate and `live` is not of the evaluated generation, or was not read.
[[nodiscard]] bool is_outdated(const NextStep& step, const Result<codec::Json>& live,
                               const api::Deployment& evaluated);
[[nodiscard]] bool is_same_generation(const api::ObjectMeta& a, const api::ObjectMeta& b);

// --- Errors ---

// True if validation or admission rejected the content of the write.
[[nodiscard]] bool is_admission_denied(const Error& error);

// True if the same request would fail again later. These errors are not permanent: those of a
// server that is busy, broken or unreachable, and a failed test of a JSON patch.
[[nodiscard]] bool is_permanent(const Error& error);

// True if the write lost a race or its result is unknown. Then read the object, and choose the next
// step again.
[[nodiscard]] bool is_retryable(const Error& error);

// True if the error of a write shows that no object with its name and uid exists.
[[nodiscard]] bool is_gone(const Error& error);

// False only if a read proves that no object of this uid exists.
[[nodiscard]] bool may_exist(const Result<codec::Json>& object, const Uid& uid);

// The error for a Rollback that a user deleted before the template was patched.
[[nodiscard]] Error rollback_deleted();

// spec.approved of the Rollback with this uid. `object` is read for the template patch, because the
// watch may lag. Error: rollback_deleted() if a user has deleted the Rollback, or that of the read.
[[nodiscard]] Result<bool> approval_in(const Result<codec::Json>& object, const Uid& uid);

// True if the object may exist although its create returned an error.
[[nodiscard]] bool may_be_created(const Error& error);

// --- Manual rollbacks: the binding patch completes the spec that the user created ---

// True if the binding patch returned an error but may have been stored. Then read the Rollback.
[[nodiscard]] bool binding_may_be_stored(const Result<codec::Json>& written);

// True if `read`, the Rollback as the server has it, was bound in the same way as `bound`.
[[nodiscard]] bool has_binding_of(const api::Rollback& read, const api::Rollback& bound);

// --- Garbage collection ---

// True if the API server does not allow the deletion. A retry would fail again. The old object does
// no harm, so it is kept.
[[nodiscard]] bool is_deletion_denied(const Error& error);

// The metadata of the Rollbacks that rollbacks_to_delete() of retention.hpp returns.
[[nodiscard]] std::vector<api::ObjectMeta> metas_of_rollbacks_to_delete(
    const std::vector<api::Rollback>& rollbacks_of_deployment,
    const std::string& rollback_named_by_guard);

// metadata.name, or "".
[[nodiscard]] std::string name_in(const codec::Json& manifest);
// The uid of the object with this name; empty if there is none.
[[nodiscard]] Uid uid_of(const std::vector<codec::Json>& objects, const std::string& name);

}  // namespace lastgood::rollback
