// Door of guard/: the state of the Deployments between two reconciles. How it is loaded, what
// changes it from outside of a plan, and what it says about groups and the fleet.
#pragma once

// IWYU pragma: begin_exports
#include "guard/apply.hpp"
#include "guard/fleet.hpp"
#include "guard/guard_state.hpp"
#include "guard/guard_status.hpp"
#include "guard/load.hpp"
#include "guard/request_index.hpp"
// IWYU pragma: end_exports
