// Turns the results of an HTTP check's probes into one measurement.
//
// A Fail is confirmed before it is reported, because a terminating or starting pod fails like a
// broken pod. These are the steps to a confirmed Fail:
//
//   1. probe the pods
//   2. measure_http returns Fail
//   3. list the pods again
//   4. exclude_terminating, exclude_starting, and for silence exclude_unneeded_silence and the
//      functions of checks/silence.hpp
//   5. measure_http again
#pragma once

#include <optional>
#include <span>

#include "api/call.hpp"
#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "api/workload.hpp"
#include "checks/http_plan.hpp"
#include "checks/probe_result.hpp"
#include "checks/responders.hpp"
#include "checks/startup.hpp"

namespace lastgood::checks {

// Fail if more than max_failing_percent of the counted probes failed. Unknown if no probe is
// counted. These probes are not counted:
//   - a failed probe with an exclusion, and
//   - a probe that could not be sent (DNSLookupFailed, Unreachable).
// `plan`: of these probes. The message says if not all pods were probed.
[[nodiscard]] Measurement measure_http(const api::Check& check,
                                       std::span<const ProbeResult> results,
                                       const HttpPlan& plan = {});

// A Fail must be confirmed with a second list of the pods before it is reported.
[[nodiscard]] bool needs_confirmation(const Measurement& measurement);

// Excludes the probes of pods that were active before the probes (list `before`) and are not active
// after the probes (list `after`). If there is such a pod, the probe of a URL is excluded too: the
// pod may have received the probe.
void exclude_terminating(std::span<ProbeResult> results, std::span<const api::Pod> before,
                         std::span<const api::Pod> after);

// If the check fails even without the silent pods whose nodes may be dead, excludes these pods. The
// check then fails whether their nodes are dead or not, because to count such a pod only adds a
// failure. So the Leases of these nodes need not be read.
void exclude_unneeded_silence(const api::Check& check, std::span<ProbeResult> results,
                              const HttpPlan& plan);

// Excludes the probes of pods that may be starting. plan_http does not leave them out: a container
// without a startup probe counts as started as soon as it runs.
//
//   the pod is     startup evidence     it is starting until              excluded are
//   not ready      -                    it is ready for the first time    all failures
//   ready          no                   it responds for the first time    silence
//   ready          yes                  (it has started)                  none
//
// Startup evidence: see has_startup_evidence(). Silence: see is_silence(). After the allowance, no
// pod is starting. The probe of a URL is excluded if a pod is starting and none has started.
// `responders`: the pods that have responded before.
void exclude_starting(std::span<ProbeResult> results, std::span<const api::Pod> pods,
                      const StartupAllowance& allowance, const Responders& responders);

}  // namespace lastgood::checks
