#include "checks/baseline_choice.hpp"

#include <algorithm>

#include "checks/container.hpp"

namespace lastgood::checks {

std::optional<std::size_t> choose_baseline(std::span<const std::vector<api::Pod>> pods) {
  const auto has_active_pod = [](const std::vector<api::Pod>& of_one) {
    return std::ranges::any_of(of_one, is_pod_active);
  };
  const auto found = std::ranges::find_if(pods, has_active_pod);
  if (found == pods.end()) return {};
  return static_cast<std::size_t>(found - pods.begin());
}

bool lacks_images(std::span<const BaselineCandidate> candidates) {
  return std::ranges::any_of(candidates, [](const BaselineCandidate& candidate) {
    return candidate.revision.images.empty();
  });
}

std::optional<api::BaselineResult> trusted_result(std::optional<api::BaselineResult> result,
                                                  BaselineTrust trust) {
  const bool is_failure = result && result->result == api::MeasurementResult::Fail;
  if (is_failure && trust == BaselineTrust::PassOnly) return {};
  return result;
}

}  // namespace lastgood::checks
