// Decisions of the executor: what to record after a step, and what an error means.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "codec/objects.hpp"
#include "rollback/plan.hpp"

namespace lastgood::rollback {

// --- Steps ---

// The write of a step. Nothing for a step that is only recorded.
[[nodiscard]] std::optional<api::ApiCall> api_call_of(const NextStep& step);

// The step changes the template, so the policy must be confirmed first.
[[nodiscard]] bool changes_template(const NextStep& step);

// The reads before the template patch are too old, because a response was slow: they are repeated,
// at most twice. `age`: since they began. `repetitions`: how often they were repeated already. The
// tests of the patch notice a newer template, but not a change of a label, of the policy or of a
// ConfigMap.
[[nodiscard]] bool repeats_reads(Duration age, int repetitions);

// Records a step without a write: its phase, or only its message.
void record_step(const NextStep& step, api::RollbackStatus& status, Time now);

// Records a step whose write the API server acknowledged. `written`: the Deployment in its
// response.
void record_success(const NextStep& step, const codec::Json& written, api::RollbackStatus& status,
                    Time now);

// Records in message and last_error why a step was not done: the policy does not allow it, or its
// write failed. waiting_for is AdmissionDenied only if the API server rejected the content. If the
// API server rejects the ownership patch permanently, the rollback continues without it: the
// template is restored and must be evaluated. Every other step is tried again.
void record_error(const NextStep& step, const Error& error, api::RollbackStatus& status, Time now);

// Before PatchTemplate: records the differences between the live template and the snapshot.
void record_changes(const NextStep& step, const Result<codec::Json>& live,
                    const Result<codec::Json>& snapshot, api::RollbackStatus& status);

// PatchTemplate would change a generation other than the evaluated one.
[[nodiscard]] bool is_outdated(const NextStep& step, const Result<codec::Json>& live,
                               const api::Deployment& evaluated);
[[nodiscard]] bool is_same_generation(const api::ObjectMeta& a, const api::ObjectMeta& b);

// --- Errors ---

// Validation or admission rejects the content of the write.
[[nodiscard]] bool is_admission_denied(const Error& error);

// The same request fails again later. These errors are not permanent: those of a server that is
// busy, broken or unreachable, and a failed test of a JSON patch.
[[nodiscard]] bool is_permanent(const Error& error);

// The write lost a race, or its result is unknown: read the object, and choose the next step again.
[[nodiscard]] bool is_retryable(const Error& error);

// The object of this name and uid does not exist.
[[nodiscard]] bool is_gone(const Error& error);

// False only if a read proves that no object of this uid exists.
[[nodiscard]] bool may_exist(const Result<codec::Json>& object, const Uid& uid);

// A user deleted the Rollback before the template was patched.
[[nodiscard]] Error rollback_deleted();

// spec.approved of the Rollback with this uid, from a read for the template patch: the watch may
// lag. rollback_deleted() if a user has deleted the Rollback, otherwise the error of the read.
[[nodiscard]] Result<bool> approval_in(const Result<codec::Json>& object, const Uid& uid);

// The create may have succeeded although it returned an error.
[[nodiscard]] bool may_be_created(const Error& error);

// --- Manual rollbacks: the binding patch completes the spec that the user created ---

// The binding patch returned an error, but the server may have stored it: read the Rollback.
[[nodiscard]] bool binding_may_be_stored(const Result<codec::Json>& written);

// The Rollback that was read has the binding of `bound`.
[[nodiscard]] bool has_binding_of(const api::Rollback& read, const api::Rollback& bound);

// --- Garbage collection ---

// The API server does not allow the deletion. A retry would fail again, and the old object does no
// harm, so it is kept.
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
