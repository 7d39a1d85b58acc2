#include "api/workload.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace lastgood::api {

Duration progress_deadline_of(std::int64_t seconds) {
  constexpr std::int64_t max = std::numeric_limits<std::int32_t>::max();
  return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, max));
}

bool rollout_complete(const Deployment& deployment) {
  return deployment.observed_generation >= deployment.meta.generation && deployment.replicas > 0 &&
         deployment.updated_replicas == deployment.replicas &&
         deployment.status_replicas == deployment.replicas &&
         deployment.available_replicas == deployment.replicas;
}

std::int64_t revision_of(const ObjectMeta& meta) {
  const auto found = meta.annotations.find("deployment.kubernetes.io/revision");
  std::int64_t revision = 0;
  if (found == meta.annotations.end()) return revision;
  const std::string& text = found->second;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), revision);
  return code == std::errc() && end == text.data() + text.size() ? revision : 0;
}

}  // namespace lastgood::api
