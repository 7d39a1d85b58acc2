// When each check runs next. The turns of a check are on a grid of its interval, so that N failures
// take N-1 intervals, however long each measurement takes. A run that is longer than the interval
// moves the grid. The schedule is only in memory. For the first run of a check, see first_run.hpp.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/policy.hpp"
#include "base/time.hpp"
#include "guard/first_run.hpp"
#include "guard/inputs.hpp"
#include "guard/needs.hpp"

namespace lastgood::guard {

// The shortest time between a run of a check and a requested run: see Schedule::request().
inline constexpr Duration min_event_interval{100};

class Schedule {
 public:
  // The names of the checks that are due. Plans the next turn of each. Missed turns are skipped. If
  // a check of `running` is due, it waits: it is due at the first call after its run has ended, and
  // its grid begins there, because two runs must not be closer than the interval.
  [[nodiscard]] std::vector<std::string> take_due(const Needs& needs, const api::PolicySpec& spec,
                                                  const std::set<std::string>& running,
                                                  MonotonicTime now, const FirstRuns& first = {});

  // Runs the check once more, beside its turns: at `at`, or min_event_interval after its last run
  // if that is later. If there are several requests, only the earliest counts.
  void request(const std::string& check, MonotonicTime at);

  // The checks that are wanted and have run.
  [[nodiscard]] std::vector<std::string> names_of_run_checks() const;

  // A check that waits for the end of its run is not counted while it is one of `running`.
  [[nodiscard]] std::optional<MonotonicTime> next(const std::set<std::string>& running = {}) const;

 private:
  // Moves the turn of a passing rollout check forward to that of another check, if it is less than
  // half an interval away: one reconcile serves both.
  void join_turns(Duration rollout_every, MonotonicTime now);

  std::map<std::string, MonotonicTime> turns_;
  std::map<std::string, MonotonicTime> requests_;  // see request()
  std::map<std::string, MonotonicTime> last_run_;
  std::map<std::string, MonotonicTime> delayed_;  // until this time a check does not run
  std::set<std::string> waiting_;                 // due, but the last run has not ended
  bool has_planned_ = false;                      // the checks of the policy have their first turns
};

}  // namespace lastgood::guard
