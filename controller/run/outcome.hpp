// What a step of a plan, or an answer, means for what is remembered. Pure: beside the coroutines, not in them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/json.hpp"
#include "rollback/plan.hpp"

namespace lastgood::run {

// The call of a step that is one; nothing for a step that is only to be recorded.
[[nodiscard]] std::optional<api::ApiCall> call_of(const rollback::NextStep& step);

// A step that needs no call: the phase, or only the words, of the status.
void record_outcome(const rollback::NextStep& step, api::RollbackStatus& status, Time now);

// The call of this step was acknowledged.
void record_done(const rollback::NextStep& step, api::RollbackStatus& status, Time now);

// The write lost a race or its answer is not known: what is there now says what is next.
[[nodiscard]] bool may_look_again(const Error& error);

[[nodiscard]] bool is_same_generation(const api::ObjectMeta& a, const api::ObjectMeta& b);

[[nodiscard]] std::string name_in(const api::Json& manifest);
[[nodiscard]] Uid uid_of(const std::vector<api::Json>& objects, const std::string& name);

}  // namespace lastgood::run
