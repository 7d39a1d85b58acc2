// The result of one probe of an HTTP check, and why a failure may not count.
#pragma once

#include <cstdint>
#include <string>

#include "api/call.hpp"
#include "checks/http_plan.hpp"

namespace lastgood::checks {

// Why a failed probe is not counted as a failure of the revision.
enum class ExclusionReason : std::uint8_t {
  None,
  Terminating,  // the pod was scaled down, evicted or deleted during the probe
  Starting,     // the pod may be starting, see exclude_starting()
  // Only for silence, see checks/silence.hpp:
  Late,            // the controller was delayed during the probe
  Blocked,         // the kubelet's own probe of the port passes
  NeverResponded,  // neither the pod nor another pod on its node has responded before
  NodeNotReady,    // the node of the pod may not be alive
};

struct ProbeResult {
  HttpProbe probe;
  api::ProbeResponse response;
  ExclusionReason exclusion = ExclusionReason::None;
  std::string detail;  // why it is excluded, or more about the failure; empty: nothing to add
};

}  // namespace lastgood::checks
