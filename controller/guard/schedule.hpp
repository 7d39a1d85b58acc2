// When each check runs next. The turns of a check are on a grid of its interval, so that N failures
// take N-1 intervals, however long each measurement takes. The schedule is only in memory: after a
// restart each check runs at once.
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
// Between two runs of a check that events of pods start.
inline constexpr Duration min_event_interval{100};

class Schedule {
 public:
  // The names of the checks that are due. Plans the next turn of each. Missed turns are skipped.
  [[nodiscard]] std::vector<std::string> take_due(const Needs& needs, const api::PolicySpec& spec,
                                                  MonotonicTime now);

  // Runs the check once more soon, beside its turns.
  void request(const std::string& check, MonotonicTime now);

  // The checks that are wanted and have run.
  [[nodiscard]] std::vector<std::string> names_of_run_checks() const;

  [[nodiscard]] std::optional<MonotonicTime> next() const;

 private:
  std::map<std::string, MonotonicTime> turns_;
  std::map<std::string, MonotonicTime> requests_;  // see request()
  std::map<std::string, MonotonicTime> last_run_;
};

}  // namespace lastgood::guard
