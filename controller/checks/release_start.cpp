#include "checks/release_start.hpp"

#include <algorithm>

namespace lastgood::checks {

ReleaseStart release_start(ComparedWith compared_with, std::optional<Time> began,
                           std::span<const api::Pod> pods) {
  ReleaseStart release{.began = began};
  if (compared_with == ComparedWith::Nothing) return release;
  release.pods.emplace();
  for (const api::Pod& pod : pods) {
    const auto& created = pod.meta.created;
    if (began && created && *created >= *began - max_release_delay)
      release.pods->push_back(pod.meta.key.name);
  }
  return release;
}

bool names_new_pod(const api::StringMap& labels, const ReleaseStart& release) {
  const auto pod = labels.find("pod");
  return release.pods && pod != labels.end() &&
         std::ranges::find(*release.pods, pod->second) != release.pods->end();
}

bool began_before(const api::StringMap& labels, std::optional<Time> start,
                  const ReleaseStart& release) {
  return release.began && start && *start < *release.began && !names_new_pod(labels, release);
}

}  // namespace lastgood::checks
