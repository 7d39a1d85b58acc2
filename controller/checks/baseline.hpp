// Whose fault a failure is: how the same check answers for pods of the revision that would be put
// back. Must not know how a question travels, nor what a baseline leads to.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/guard.hpp"
#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "api/workload.hpp"
#include "checks/http.hpp"

namespace lastgood::checks {

// No container of these pods has run yet, nor did the rollout complete once: nothing that fails now
// is the revision's doing.
[[nodiscard]] bool nothing_started(std::span<const api::Pod> pods,
                                   const std::optional<Time>& rolled_out);

// Every failure is; and before anything of the new revision has started, so is what cannot be told
// of it yet, but for the rollout: there is nothing yet that the other revision could have in common
// with it.
[[nodiscard]] bool needs_baseline(const Measurement& measurement, bool before);

// The HTTP check, asked of the other revision, as far as its answer would speak of it. Where no pod
// can be asked because they are down, that is the answer: the plan's measurement may be a Fail.
[[nodiscard]] HttpPlan plan_baseline(const api::Check& check, std::string_view namespace_,
                                     std::span<const api::Pod> baseline_pods,
                                     const std::optional<Result<api::Service>>& service,
                                     bool before);

// What is not asked pod by pod answers for whoever stands behind it: that is the other revision
// only `before` the new one has started. To be asked once more of a plan that was carried out when
// it was still so.
[[nodiscard]] bool is_about_baseline(const HttpPlan& plan, bool before);

// The rollout check: Fail when more than a quarter of the pods show what the new revision failed
// by, and for nothing else.
[[nodiscard]] Measurement measure_baseline_rollout(const Measurement& failure,
                                                   std::span<const api::Pod> baseline_pods,
                                                   Time now);

// Nothing where there was no answer. `revision`: "revision 4 (web-6d4b75cb6d)".
[[nodiscard]] std::optional<api::BaselineResult> baseline_result(const Measurement& answer,
                                                                 std::string revision, bool before,
                                                                 Time at);

}  // namespace lastgood::checks
