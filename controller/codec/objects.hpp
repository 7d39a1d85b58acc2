// Every kind that Lastgood reads or writes, from and to JSON.
#pragma once

// IWYU pragma: begin_exports
#include "codec/guard.hpp"
#include "codec/json.hpp"
#include "codec/meta.hpp"
#include "codec/policy.hpp"
#include "codec/rollback.hpp"
#include "codec/workload.hpp"
// IWYU pragma: end_exports
