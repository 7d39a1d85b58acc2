// What a step of a plan, or an answer, means for what is remembered. Pure: beside the coroutines,
// not in them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "codec/objects.hpp"
#include "rollback/plan.hpp"

namespace lastgood::rollback {

// The call of a step that is one; nothing for a step that is only to be recorded.
[[nodiscard]] std::optional<api::ApiCall> call_of(const rollback::NextStep& step);

// A step that needs no call: the phase, or only the words, of the status.
void record_outcome(const rollback::NextStep& step, api::RollbackStatus& status, Time now);

// The call of this step was acknowledged.
void record_done(const rollback::NextStep& step, api::RollbackStatus& status, Time now);

// The server refuses what is written, and would again.
[[nodiscard]] bool is_not_admitted(const Error& error);

// Asked again later, the server says the same. A server that is busy, ill or not there has said
// nothing about the call.
[[nodiscard]] bool is_final(const Error& error);

// The write lost a race or its answer is not known: what is there now says what is next.
[[nodiscard]] bool may_look_again(const Error& error);

// The object is not there any more, or is another one of the same name.
[[nodiscard]] bool is_gone(const Error& error);

// The very object of that uid, or an answer that does not say that it is not.
[[nodiscard]] bool is_there(const Result<codec::Json>& object, const Uid& uid);

// A create whose answer says nothing about whether it was done.
[[nodiscard]] bool may_be_done(const Error& error);

// The patch would go onto a generation that was not decided about.
[[nodiscard]] bool is_undecided(const rollback::NextStep& step, const Result<codec::Json>& live,
                                const api::Deployment& decided);

// The RollbackPolicy that governs; nothing where none does.
[[nodiscard]] std::optional<Key> policy_of(const api::GuardStatus& guard,
                                           const api::Deployment& deployment);

// The RollbackPolicy that is to be read once more before this step; nothing where none governs,
// nothing is touched, or a person has forced it.
[[nodiscard]] std::optional<Key> policy_to_confirm(const rollback::NextStep& step,
                                                   const api::RollbackSpec& rollback,
                                                   const api::GuardStatus& guard,
                                                   const api::Deployment& deployment);
// Before the template is put back: what will change, for the record.
void note_changes(const rollback::NextStep& step, const Result<codec::Json>& live,
                  const Result<codec::Json>& kept, api::RollbackStatus& status);

// Why it does not allow to go on, or that it cannot be read.
[[nodiscard]] Result<void> allows(const Result<codec::Json>& policy, const api::Rollback& rollback,
                                  const api::Deployment& deployment);

// A write that cannot be done: says so in the status. What only restores ownership is given up when
// the server refuses it for good, since the template is put back and has to be judged; everything
// else is tried again.
void record_refusal(const rollback::NextStep& step, const Error& error, api::RollbackStatus& status,
                    Time now);

[[nodiscard]] bool is_same_generation(const api::ObjectMeta& a, const api::ObjectMeta& b);

// No answer says that the binding was not done.
[[nodiscard]] bool may_be_bound(const Result<codec::Json>& answer);

// The object as it is read carries what we bound: the answer was lost, the writing was not.
[[nodiscard]] bool is_bound_as(const api::Rollback& seen, const api::Rollback& bound);

// The records of rollbacks that need not be kept any more.
[[nodiscard]] std::vector<api::ObjectMeta> superfluous_records(
    const std::vector<api::Rollback>& of_deployment, const std::string& in_guard);

[[nodiscard]] std::string name_in(const codec::Json& manifest);
[[nodiscard]] Uid uid_of(const std::vector<codec::Json>& objects, const std::string& name);

}  // namespace lastgood::rollback
