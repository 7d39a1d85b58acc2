// What policy/ found, in the words of decide/: the two do not know each other.
#pragma once

#include "api/json.hpp"
#include "decide/world.hpp"
#include "policy/annotations.hpp"
#include "policy/govern.hpp"
#include "run/memory.hpp"

namespace lastgood::run {

// The answer to go by: a server that could not answer this time has not taken back what it said before.
[[nodiscard]] ReadConfigMap newest_answer(const std::optional<ReadConfigMap>& before, const ReadConfigMap& now);

[[nodiscard]] decide::Guarding to_guarding(const policy::OptIn& opt_in, policy::Governance governance);

// What cannot be understood of the annotations of the pod template; empty: nothing.
[[nodiscard]] std::string problem_of_template(const api::Json& live_deployment);

}  // namespace lastgood::run
