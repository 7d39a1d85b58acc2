#include "shell/measurement_round.hpp"

#include <algorithm>

namespace lastgood::shell {

checks::Responders responders_to(const MeasurementRound& round, const api::Check& check) {
  const auto found = round.responders.find(api::config_hash_of(check.kind));
  return found == round.responders.end() ? checks::Responders() : found->second;
}

checks::RecordedPass recorded_pass_of(const MeasurementRound& round, const api::Check& check) {
  const bool has_passed = std::ranges::find(round.passed, check.name) != round.passed.end();
  return has_passed ? checks::RecordedPass::Yes : checks::RecordedPass::No;
}

const checks::BaselineCandidate* replaced_by_release(const MeasurementRound& round) {
  const bool is_release = round.compared_with == checks::ComparedWith::Baseline;
  return is_release && !round.baselines.empty() ? &round.baselines.front() : nullptr;
}

}  // namespace lastgood::shell
