// From the results of an HTTP check's probes to one measurement.
//
// A failed measurement is confirmed before it is reported, because a pod that terminates or starts
// fails like one that is broken:
//
//   probe -> measure_http -> Fail? -> list the pods again -> exclude_terminating
//                                                         -> exclude_starting -> measure_http
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "api/call.hpp"
#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "api/workload.hpp"
#include "checks/http_plan.hpp"

namespace lastgood::checks {

// Why a failed probe is not counted as a failure of the revision.
enum class ExclusionReason : std::uint8_t {
  None,
  Terminating,  // the pod was scaled down, evicted or deleted during the probe
  Starting,     // the pod is not ready yet; excludes only TimedOut, ConnectionRefused and
                // ConnectionClosed, since a pod that returns a response has started
};

struct ProbeResult {
  HttpProbe probe;
  api::ProbeResponse response;
  ExclusionReason exclusion = ExclusionReason::None;
};

// Fail if more than max_failing_percent of the counted probes failed. Not counted are failures with
// an exclusion, and probes that could not be sent (DNSLookupFailed, Unreachable). Unknown if none
// is counted. `pods` is that of the plan: the message says how many of them were probed.
[[nodiscard]] Measurement measure_http(const api::Check& check,
                                       std::span<const ProbeResult> results, std::size_t pods = 0);

// A Fail must be confirmed with a second list of the pods before it is reported.
[[nodiscard]] bool needs_confirmation(const Measurement& measurement);

// Excludes the pods that were active in the list `before` the probes and are not active in the list
// `after` them. The probe of a URL is excluded if any pod is: that pod may have received it.
void exclude_terminating(std::span<ProbeResult> results, std::span<const api::Pod> before,
                         std::span<const api::Pod> after);

// Excludes the pods that may still be starting. Without a startup probe, a container counts as
// started as soon as it runs, and most containers have only a readiness probe. The probe of a URL
// is excluded while no pod is ready.
void exclude_starting(std::span<ProbeResult> results, std::span<const api::Pod> pods,
                      const std::optional<Time>& rolled_out, Time now);

}  // namespace lastgood::checks
