// The measurements of an Idle Deployment. They find a check that is wrong, for example in its path,
// before a release depends on the check. Nothing is ever rolled back because of them.
//
//   strategy         measured                                              how often
//   RollingUpdate    checks that have not passed for the current revision  soon, then after 1, 2,
//                                                                          4 ... 60 minutes, until
//                                                                          they pass
//   Recreate         all checks: the old pods cannot be probed any more    once a minute
//                    when a release has begun
//
// The first measurement is spread by a hash of the Deployment's uid, so that a changed policy does
// not measure all its Deployments at once. See first_measurement_within().
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "api/guard.hpp"
#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "api/workload.hpp"
#include "base/time.hpp"

namespace lastgood::guard {

// A check that is measured while the Deployment is Idle.
struct IdleCheck {
  std::string name;
  std::string config_hash;
  bool every_minute = false;        // with strategy Recreate
  bool needs_confirmation = false;  // with strategy Recreate: it failed once
  bool operator==(const IdleCheck&) const = default;
};

// Empty unless the Deployment is Idle.
[[nodiscard]] std::vector<IdleCheck> idle_checks(const api::Deployment& deployment,
                                                 const api::PolicySpec& spec,
                                                 const api::GuardStatus& guard);

// The time in which a new or changed check is first measured: 100 ms for each Deployment of the
// cluster, at most 3 minutes.
[[nodiscard]] Duration first_measurement_within(std::size_t deployments);

// When the idle checks run next. Only in memory.
class IdleSchedule {
 public:
  // The names of the checks that are due. Plans the next turn of each. If a check of `running` is
  // due, it waits: it is due at the first call after its run has ended.
  [[nodiscard]] std::vector<std::string> take_due(std::span<const IdleCheck> checks,
                                                  const Uid& deployment, Duration first_within,
                                                  const std::set<std::string>& running,
                                                  MonotonicTime now);
  // A check that waits for the end of its run is not counted.
  [[nodiscard]] std::optional<MonotonicTime> next(const std::set<std::string>& running = {}) const;

 private:
  struct Turn {
    std::string config_hash;
    MonotonicTime at;
    int runs = 0;
    bool is_waiting = false;  // due, but the last run has not ended
  };
  std::map<std::string, Turn> turns_;  // by the name of the check
};

// Stores the results and records the passes.
void apply_idle_measurements(api::GuardStatus& guard,
                             std::span<const api::Measurement> measurements,
                             const api::PolicySpec& spec, Time now);

}  // namespace lastgood::guard
