// What policy/ found, in the words of decide/: the two do not know each other.
#pragma once

#include "decide/world.hpp"
#include "policy/annotations.hpp"
#include "policy/govern.hpp"

namespace lastgood::run {

[[nodiscard]] decide::Guarding to_guarding(const policy::OptIn& opt_in, policy::Governance governance);

}  // namespace lastgood::run
