// When the failures of Deployments began. A failure that ends is remembered for a while: when a
// shared cause ends, the Deployments recover one after the other. Private to guard/.
#pragma once

#include <map>
#include <optional>

#include "api/guard.hpp"
#include "api/workload.hpp"

namespace lastgood::guard {

// How long a failure is remembered after it was last seen. A new failure in this time continues the
// old one: the failure of a container that crashes again and again began with the first crash.
inline constexpr std::chrono::minutes failure_memory{5};

// Two failures count as begun at the same time if their beginnings are at most this far apart.
inline constexpr std::chrono::minutes together{1};

struct FailureSpan {
  Time began;
  Time last_seen;
};

class FailureLog {
 public:
  void record(const Key& deployment, Time began, Time now);
  void forget_old(Time now);

  // When the failure began. Empty if there is none, or if it ended `failure_memory` ago.
  [[nodiscard]] std::optional<Time> began(const Key& deployment) const;
  [[nodiscard]] const std::map<Key, FailureSpan>& spans() const { return spans_; }

 private:
  std::map<Key, FailureSpan> spans_;
};

// Since when a check of the release fails. Empty if none fails, if nothing is evaluated, or if the
// last failure is old: the check may no longer run.
[[nodiscard]] std::optional<Time> failing_since(const api::GuardStatus& guard, Time now);

// spec.replicas as the reconciles of this term saw it.
struct SeenReplicas {
  std::int64_t count = 0;
  std::optional<Time> raised_at = {};  // absent: never raised in this term
};

// `before` is empty at the first reconcile of a term.
[[nodiscard]] SeenReplicas see_replicas(const std::optional<SeenReplicas>& before,
                                        std::int64_t count, Time now);

// When the Deployment began to fail after it was healthy: a check that had passed fails, or
// replicas of an idle Deployment became unavailable. Empty for
//   - a release that failed from the start, because its own change is the likely cause,
//   - a new Deployment, whose first pods have not been available yet,
//   - replicas that were added: they are unavailable until they have started.
// `replicas` is empty for a Deployment that was not reconciled in this term.
[[nodiscard]] std::optional<Time> began_to_fail(const api::GuardStatus& guard,
                                                const api::Deployment& deployment,
                                                const std::optional<SeenReplicas>& replicas,
                                                Time now);

}  // namespace lastgood::guard
