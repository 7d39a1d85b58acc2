// The functions of guard/ that the shell calls. The types are in inputs.hpp and state.hpp.
#pragma once

// IWYU pragma: begin_exports
#include "guard/baselines.hpp"
#include "guard/breaker.hpp"
#include "guard/decide.hpp"
#include "guard/drill.hpp"
#include "guard/established.hpp"
#include "guard/known_before.hpp"
#include "guard/live_policy.hpp"
#include "guard/manual_request.hpp"
#include "guard/needs.hpp"
#include "guard/pod_sync.hpp"
#include "guard/pods_wanted.hpp"
#include "guard/preflight.hpp"
#include "guard/preflight_schedule.hpp"
#include "guard/target.hpp"
// IWYU pragma: end_exports
