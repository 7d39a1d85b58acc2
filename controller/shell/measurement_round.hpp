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

// Where the pods come from that confirm a failure.
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
  std::vector<std::string> known_before = {};  // names of checks: see guard::known_before()
  // Names of checks: see guard::only_for_baseline(). They are measured only before a pod starts.
  std::vector<std::string> only_for_baseline = {};
  // Other revisions than `revision`. If none has pods, failures are delivered without a baseline.
  std::vector<checks::BaselineCandidate> baselines = {};
  std::vector<std::string> not_established = {};  // names of checks
  std::vector<api::ReceivedAlert> alerts = {};    // from Alertmanager
  checks::ComparedWith compared_with = checks::ComparedWith::Baseline;
  Confirmation confirmation = Confirmation::LiveList;
};

[[nodiscard]] checks::Responders responders_to(const MeasurementRound& round,
                                               const api::Check& check);
[[nodiscard]] checks::RecordedPass recorded_pass_of(const MeasurementRound& round,
                                                    const api::Check& check);
// The revision that the release replaces, or one with more trust. Null if no release is evaluated.
[[nodiscard]] const checks::BaselineCandidate* replaced_by_release(const MeasurementRound& round);

}  // namespace lastgood::shell
