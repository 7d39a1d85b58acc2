// The checks of a Deployment that are due together, and what is known about its revisions when they
// start. Private to shell/.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/guard.hpp"
#include "api/policy.hpp"
#include "api/workload.hpp"
#include "checks/baseline_choice.hpp"
#include "checks/baseline_comparison.hpp"
#include "checks/http_measurement.hpp"
#include "checks/responders.hpp"
#include "checks/silence.hpp"

namespace lastgood::shell {

// The source of the pods that a failing check reads again to confirm its failure.
enum class Confirmation : std::uint8_t { LiveList, PodView };

struct MeasurementRound {
  std::shared_ptr<const api::Deployment> deployment;
  api::Revision revision;  // the measured revision
  api::PolicySpec spec;
  std::optional<Time> rolled_out;  // when the rollout of `revision` was complete; empty: not yet
  std::optional<Time> released;    // when the evaluation of `revision` started
  std::vector<std::string> due;    // names of checks
  // The pods that have responded to earlier rounds, by the config hash of the check.
  std::map<std::string, checks::Responders> responders = {};
  // Names of checks that have passed for `revision` after its rollout, also under another leader.
  std::vector<std::string> passed = {};
  // Names of checks whose result from before the release is known: see guard::known_before().
  std::vector<std::string> known_before = {};
  // Names of externalMetric checks whose initialDelay has not passed. They measure only the
  // baseline, and only until a pod of `revision` has started: see guard::only_for_baseline().
  std::vector<std::string> only_for_baseline = {};
  // Other revisions than `revision`. If none has pods, failures are delivered without a baseline.
  std::vector<checks::BaselineCandidate> baselines = {};
  // Names of HTTP checks that have passed for no other revision: see guard::not_established().
  std::vector<std::string> not_established = {};
  std::vector<api::ReceivedAlert> alerts = {};  // from Alertmanager
  checks::ComparedWith compared_with = checks::ComparedWith::Baseline;
  Confirmation confirmation = Confirmation::LiveList;
};

[[nodiscard]] checks::Responders responders_to(const MeasurementRound& round,
                                               const api::Check& check);
[[nodiscard]] checks::RecordedPass recorded_pass_of(const MeasurementRound& round,
                                                    const api::Check& check);
// The first of the baselines: usually the revision that the release replaces. Null if there is
// none, or if no release is evaluated.
[[nodiscard]] const checks::BaselineCandidate* replaced_by_release(const MeasurementRound& round);

}  // namespace lastgood::shell
