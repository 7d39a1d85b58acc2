// When each check of a Deployment is asked next: on a grid of its interval, so that N failures take
// (N-1) intervals, however long each asking takes. Pure; lives in state only, since a restart may
// ask at once.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/policy.hpp"
#include "base/time.hpp"
#include "guard/inputs.hpp"
#include "guard/needs.hpp"

namespace lastgood::guard {

inline constexpr Duration rollout_interval{2000};

class Schedule {
 public:
  // The names of the checks that are due, their next turns already taken. A turn that was missed is
  // not made up for.
  [[nodiscard]] std::vector<std::string> take_due(const Needs& needs, const api::PolicySpec& spec,
                                                  MonotonicTime now);

  [[nodiscard]] std::optional<MonotonicTime> next() const;

 private:
  std::map<std::string, MonotonicTime> turns_;
};

}  // namespace lastgood::guard
