// Public header of guard/: decide(), and the functions that the shell calls to gather its inputs.
#pragma once

// IWYU pragma: begin_exports
#include "guard/breaker.hpp"
#include "guard/decide.hpp"
#include "guard/drill.hpp"
#include "guard/manual_request.hpp"
#include "guard/needs.hpp"
#include "guard/preflight.hpp"
#include "guard/preflight_schedule.hpp"
#include "guard/target.hpp"
// IWYU pragma: end_exports
