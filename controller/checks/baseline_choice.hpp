// The choice of the baseline: the first candidate that has live pods.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "api/guard.hpp"
#include "api/workload.hpp"

namespace lastgood::checks {

enum class BaselineTrust : std::uint8_t {
  Trusted,   // its failure counts: the revision was proven good, or has passed a check
  PassOnly,  // only its pass counts: the revision never worked, so its failure shows nothing
};

struct BaselineCandidate {
  api::Revision revision;
  BaselineTrust trust = BaselineTrust::PassOnly;
  bool operator==(const BaselineCandidate&) const = default;
};

// The position of the first candidate with an active pod. `pods` has the pods of each candidate.
[[nodiscard]] std::optional<std::size_t> choose_baseline(
    std::span<const std::vector<api::Pod>> pods);

// True if, for any candidate, it is not known which images ran in its pods.
[[nodiscard]] bool lacks_images(std::span<const BaselineCandidate> candidates);

// The result of the chosen candidate, if it counts. See BaselineTrust.
[[nodiscard]] std::optional<api::BaselineResult> trusted_result(
    std::optional<api::BaselineResult> result, BaselineTrust trust);

}  // namespace lastgood::checks
