// The baseline of a check: the result of the same check for the pods of the revision to which the
// controller would roll back. It tells a bad release from a shared cause.
//
//   new revision   baseline   conclusion
//   Fail           Pass       the release is the cause
//   Fail           Fail       a shared cause, such as a broken database: a rollback would not help
//   Fail           none       unknown
//
// Most baselines come from the pods of that revision directly. The response of a URL or a Service
// that selects other pods may come from either revision, so it is a baseline only until a pod of
// the new revision starts:
//
//   time ------------------------------------------------------------------>
//   old pods  ####################################
//   new pods           created .... container starts ####################
//   URL       |<--- counts as baseline --->|<--- either revision: not used --->|
//
// Why it decides: docs/adr/0003-evidence-before-a-rollback.md.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/guard.hpp"
#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "api/workload.hpp"
#include "checks/http_plan.hpp"

namespace lastgood::checks {

// No container of these pods has run yet, and the rollout never completed. A failure at this time
// cannot be caused by the revision.
[[nodiscard]] bool nothing_started(std::span<const api::Pod> pods,
                                   const std::optional<Time>& rolled_out);

// Every Fail needs a baseline. Before the new revision has started, the Unknown of an HTTP check
// needs one too: it is the only time at which a URL describes the baseline.
[[nodiscard]] bool needs_baseline(const Measurement& measurement, bool nothing_started);

// The plan of the HTTP check for the pods of the baseline. If a pod is down and none can be probed,
// the plan has a measurement instead, which may be a Fail (CrashLoop). A plan whose response could
// come from the new revision has an Unknown measurement without a reason.
[[nodiscard]] HttpPlan plan_baseline(const api::Check& check, std::string_view namespace_,
                                     std::span<const api::Pod> baseline_pods,
                                     const std::optional<Result<api::Service>>& service,
                                     bool nothing_started);

// The response to this plan comes from the baseline. Evaluate it again after the probes, with the
// value of nothing_started at that time: a pod may have started during the probes.
[[nodiscard]] bool is_about_baseline(const HttpPlan& plan, bool nothing_started);

// The rollout check of the baseline. Fail if more than a quarter of its pods show the failure of
// the new revision. Other failures of the baseline do not count. Unknown if no pod of the baseline
// can show it.
//
//   new revision fails with    a pod of the baseline counts if
//   CrashLoop                  a container crashed and is down
//   OOMKilled                  a container was OOMKilled and is down
//   ImagePull, ConfigError     a container waits for the same kind of dependency
//   NotReady, ProgressDeadlineExceeded   it is not ready
[[nodiscard]] Measurement measure_baseline_rollout(const Measurement& failure,
                                                   std::span<const api::Pod> baseline_pods,
                                                   Time now);

// Nothing for an Unknown. `revision` is a text such as "revision 4 (web-6d4b75cb6d)".
[[nodiscard]] std::optional<api::BaselineResult> baseline_result(const Measurement& measurement,
                                                                 std::string revision,
                                                                 bool nothing_started, Time at);

}  // namespace lastgood::checks
