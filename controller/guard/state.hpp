// Public header of guard/: the state of the Deployments between two reconciles, how it is loaded
// and changed outside of a plan, and the groups and the fleet that are computed from it.
#pragma once

// IWYU pragma: begin_exports
#include "guard/fleet.hpp"
#include "guard/gather.hpp"
#include "guard/guard_state.hpp"
#include "guard/guard_states.hpp"
#include "guard/guard_status.hpp"
#include "guard/inbox.hpp"
#include "guard/load.hpp"
#include "guard/outcomes.hpp"
#include "guard/received_alerts.hpp"
#include "guard/request_index.hpp"
#include "guard/status_race.hpp"
#include "guard/unreadable.hpp"
// IWYU pragma: end_exports
