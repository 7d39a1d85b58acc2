// The start of a release, for the check `alert`: did an alert begin before it?
//
// Alertmanager sends when an alert began to fire, which is later by the `for` of the rule than its
// cause. So the time decides nothing, and the pod does: the alert of a pod that the release created
// began after the release. A revision may be applied again while its old pods still run. All of
// them are then pods of the measured revision:
//
//   time ------------------------------------------------------------------>
//   revision a  web-a-1 #######################################  older than the release
//   revision b             web-b-1 ##########
//   revision a                          |         web-a-2 #####  created by the release
//                                       |release
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/meta.hpp"
#include "api/workload.hpp"
#include "base/time.hpp"
#include "checks/baseline_comparison.hpp"

namespace lastgood::checks {

// A pod that was created more than this time before the evaluation started is older than the
// release. The first pods of a release may be created before its evaluation starts: a new leader
// sees the release up to 20 s after a kill, and the clocks of the API server and of the controller
// differ.
inline constexpr Duration max_release_delay = std::chrono::seconds(30);

struct ReleaseStart {
  std::optional<Time> began = {};  // when the evaluation of the measured revision started
  // The names of the pods that the release created. Absent: no release is evaluated.
  std::optional<std::vector<std::string>> pods = {};
  bool operator==(const ReleaseStart&) const = default;
};

// `pods`: of the measured revision. If it is not known when the release began or when a pod was
// created, the pod is not in ReleaseStart::pods.
[[nodiscard]] ReleaseStart release_start(ComparedWith compared_with, std::optional<Time> began,
                                         std::span<const api::Pod> pods);

// True if an alert with these labels names a pod that the release created.
[[nodiscard]] bool names_new_pod(const api::StringMap& labels, const ReleaseStart& release);

// True if the alert began before the release, so that the release is not its cause. `start`: of the
// alert. Never true if the alert names a pod that the release created, because Lastgood may have
// seen the release late.
[[nodiscard]] bool began_before(const api::StringMap& labels, std::optional<Time> start,
                                const ReleaseStart& release);

}  // namespace lastgood::checks
