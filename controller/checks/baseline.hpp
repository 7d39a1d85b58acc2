// Measures the baseline of a check: the same check for the pods of another revision. The result
// distinguishes a bad release from a shared cause.
//
//   new revision   baseline   conclusion
//   Fail           Pass       the release is the cause
//   Fail           Fail       a shared cause, such as a broken database: a rollback would not help
//   Fail           none       unknown
//
// Most checks probe the pods of the baseline directly. A URL or Service that does not select pods
// of the baseline is probed as a whole, so either revision may respond. Its result counts for the
// baseline only until a pod of the new revision starts:
//
//   time ------------------------------------------------------------------>
//   old pods  ####################################
//   new pods           created .... container starts ####################
//   URL       |<--- counts as baseline --->|<--- either revision: not used --->|
//
// docs/adr/0003-evidence-before-a-rollback.md explains why a rollback needs this measurement.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/guard.hpp"
#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "api/workload.hpp"
#include "checks/baseline_choice.hpp"
#include "checks/http_plan.hpp"

namespace lastgood::checks {

// True if no container of the new revision's `pods` has run yet, and the rollout never completed
// (`rolled_out` is absent). The new revision cannot be the cause of a failure then.
[[nodiscard]] bool nothing_started(std::span<const api::Pod> pods,
                                   const std::optional<Time>& rolled_out);

// Whether a check has passed for another revision than the measured one.
enum class Established : std::uint8_t { Yes, No };

// `not_established`: the names of the checks that have not passed for another revision.
[[nodiscard]] Established established_of(std::string_view check,
                                         std::span<const std::string> not_established);

// Whether the baseline of the rollout check or of an HTTP check is measured. It is in these cases:
// - The measurement is a Fail.
// - An HTTP check is Unknown, and the new revision has not started or its pods are starting. Later,
//   the response of a URL may come from the new revision, and the old pods may be gone.
// - An HTTP check is Unknown, because its pods do not respond and have never done so. Pods of the
//   baseline on the same nodes show whether the controller can reach these nodes.
// - An HTTP check is not established: a pass of the baseline may establish it.
[[nodiscard]] bool needs_baseline(const Measurement& measurement, bool nothing_started,
                                  Established established);

// True if the baseline must be measured again after repeat_delay. One failure may be chance, and
// soon the old pods are gone and a URL describes the new revision. `failures`: the consecutive
// failures of the baseline, with this one; it is measured five times at most. `nothing_started`: at
// the first of these measurements.
[[nodiscard]] bool repeats_baseline(const Measurement& baseline, bool nothing_started,
                                    int failures);
inline constexpr Duration repeat_delay = std::chrono::seconds(1);

// The last result of a repeated measurement. A Fail gets `failures` as the number of consecutive
// failures, and a Pass gets 0.
[[nodiscard]] api::BaselineResult with_failures(api::BaselineResult result, int failures);

// Whether the measurement gets the result of the baseline. If this is false but needs_baseline() is
// true, the baseline only shows which of its pods respond.
[[nodiscard]] bool has_baseline_result(const Measurement& measurement, bool nothing_started,
                                       Established established);

// The plan of the HTTP check for the pods of the baseline. In these cases, it has a measurement and
// no probes:
// - No pod can be probed, and a container is down: Fail (CrashLoop) if more than a quarter of the
//   pods have such a container, else Pass.
// - The response could come from the new revision: Unknown with Reason::None.
// - plan_http() has a measurement for another reason: that measurement.
[[nodiscard]] HttpPlan plan_baseline(const api::Check& check, std::string_view namespace_,
                                     std::span<const api::Pod> baseline_pods,
                                     const std::optional<Result<api::Service>>& service,
                                     bool nothing_started);

// True if only the baseline can respond to this plan. Call it again after the probes, with the
// value of nothing_started at that time: a pod may have started during the probes.
[[nodiscard]] bool is_about_baseline(const HttpPlan& plan, bool nothing_started);

// The rollout check of the baseline. `failure` is the measurement of the new revision.
// Fail if more than a quarter of the baseline's pods show the same failure. Other failures of the
// baseline do not count. Unknown if `failure` is not a Fail, its reason is not in this table, or no
// pod is counted.
//
//   new revision fails with    a pod of the baseline counts if
//   CrashLoop                  a container crashed and is down
//   OOMKilled                  a container was OOMKilled and is down
//   ImagePull                  a container lacks its image
//   ConfigError                a container lacks a ConfigMap or Secret
//   NotReady, ProgressDeadlineExceeded   it is not ready
//
// The last row does not count a pod that:
// - may be starting,
// - is unscheduled,
// - is on an unreachable node, or
// - waits for an unavailable registry.
[[nodiscard]] Measurement measure_baseline_rollout(const Measurement& failure,
                                                   std::span<const api::Pod> baseline_pods,
                                                   Time now);

// Two failures of the rollout check may have the same cause: their reasons are the same, or one of
// the reasons is NotReady or ProgressDeadlineExceeded. Pods that are not ready may crash or lack
// something.
[[nodiscard]] bool is_like_rollout_failure(api::Reason one, api::Reason other);

// Returns nothing for an Unknown. `revision` is a text such as "revision 4 (web-6d4b75cb6d)".
[[nodiscard]] std::optional<api::BaselineResult> baseline_result(const Measurement& measurement,
                                                                 std::string revision,
                                                                 bool nothing_started, Time at);
// The same for a candidate, if its result counts: see trusted_result(). `revision`: its name.
[[nodiscard]] std::optional<api::BaselineResult> candidate_result(
    const Measurement& measurement, const BaselineCandidate& candidate, std::string revision,
    bool nothing_started, Time at);

}  // namespace lastgood::checks
