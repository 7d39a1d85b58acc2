// The baseline of a metrics check: the same query for another revision, or at an earlier time.
//
//   the query of the check                       its baseline
//   distinguishes revisions                      the query for a revision with live pods, at the
//                                                same time
//   is a rule or alert with matchLabels, and     the same, for the series and alerts that name
//   all failing series or alerts name pods of    pods of that revision
//   the new revision
//   any other, or no old pod is alive            the query shortly before the release; none for an
//                                                alert, because the server knows only its present
//                                                state
//
// "At the same time" is the time in the server's answer for the release, because the clocks of the
// server and of the controller differ. "Shortly before the release" is a time on the clock of the
// controller. It is shifted by the difference of the clocks, but at most by max_clock_skew: a
// larger difference may come from a cached answer. While no pod of the release has started, there
// is no answer to compare the clocks with, so the time is not shifted.
//
// With `compareWith`, each value of the release needs one of the baseline: see
// baseline_comparison.hpp.
//
// The baseline is also measured while no pod of the new revision has started. Its last result is
// used after the old pods are gone. Such a result is from two times, because one failure may be
// chance:
//
//   time ------------------------------------------------------------------>
//   old pods  ####################################
//   new pods                       created ... started ####################
//             query    query       query                 query, if it fails for the new pods
//               |--------|--------- one interval apart, at most 15 s
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "checks/baseline.hpp"
#include "checks/baseline_choice.hpp"
#include "checks/placement.hpp"
#include "codec/promql.hpp"

namespace lastgood::checks {

struct MetricsBaselineInputs {
  const api::Check& check;
  const api::Measurement& measurement;  // of the new revision
  Established established = Established::Yes;
  bool nothing_started = false;  // see checks::nothing_started()
  std::span<const BaselineCandidate> candidates = {};
  const BaselineCandidate* alive = nullptr;  // the candidate with live pods; null: none
  std::optional<Time> released = {};         // when the evaluation of the new revision started
  std::optional<Time> queried_at = {};       // when the query was sent; absent: there was none
};

// The queries for the baseline.
struct MetricsBaseline {
  BaselineCandidate candidate = {};
  // When the server evaluates the query, on its clock. Empty: no baseline is measured.
  std::vector<Time> times = {};
  Time at = {};  // of the result: the last time, on the clock of the controller
  PodLabel pod_label = PodLabel::Optional;  // for the series of the baseline
  bool before_release = false;              // no pod of the new revision had started at these times
};
[[nodiscard]] MetricsBaseline plan_metrics_baseline(const MetricsBaselineInputs& inputs, Time now);

// The values of the variables for the baseline. `pods`: its live pods. For a time before the
// release, $pods has all pods that the revision had, because they may be gone now.
[[nodiscard]] codec::QueryVariables baseline_variables(const api::Deployment& deployment,
                                                       const MetricsBaseline& plan,
                                                       std::span<const api::Pod> pods);

// The measurement of a metrics check for a revision of which no pod has started: Unknown.
[[nodiscard]] api::Measurement not_started(const api::Check& check);

// True if the results are about the same rule as the measurement. If not, the rule has changed
// meanwhile. Also true if the measurement has no question yet, because no pod of the revision has
// started.
[[nodiscard]] bool has_question_of(std::span<const api::Measurement> results,
                                   const api::Measurement& measurement);

// `results`: one for each time of the plan. The last one decides, but a failure counts only if all
// of them failed. Nothing if the last one is Unknown or does not count. The time of the returned
// result is MetricsBaseline::at, because a pass before the release says nothing about the time at
// which the release failed.
[[nodiscard]] std::optional<api::BaselineResult> metrics_baseline_result(
    const MetricsBaseline& plan, std::span<const api::Measurement> results, std::string revision);

}  // namespace lastgood::checks
