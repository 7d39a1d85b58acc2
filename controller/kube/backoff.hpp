// Exponential backoff with jitter, as wait.Backoff in k8s.io/apimachinery/pkg/util/wait/backoff.go
// with a factor of 2. It computes delays. The caller waits, and supplies the random numbers.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "base/time.hpp"

namespace lastgood::kube {

// Returns a random number in [0, 1).
using RandomSource = std::function<double()>;

struct BackoffSettings {
  Duration first{800};   // delay after the first failure; doubles with each further failure
  Duration cap{30'000};  // upper limit of the doubled delay, before jitter
  double jitter = 0.2;   // adds up to this share of the delay: 0.2 is 20%
};

// The delay after `failures` consecutive failures. 0 failures count as 1. `random` is in [0, 1).
[[nodiscard]] inline Duration backoff_delay(const BackoffSettings& settings, int failures,
                                            double random) {
  const int doublings = std::clamp(failures - 1, 0, 40);  // 2^40 is far above any cap
  const double doubled = static_cast<double>(settings.first.count()) * std::pow(2.0, doublings);
  const double capped = std::min(doubled, static_cast<double>(settings.cap.count()));
  return Duration(static_cast<Duration::rep>(capped * (1.0 + settings.jitter * random)));
}

class Backoff {
 public:
  Backoff(BackoffSettings settings, RandomSource random_source)
      : settings_(settings), random_source_(std::move(random_source)) {}

  // Counts a failure and returns the delay before the next attempt.
  [[nodiscard]] Duration next() { return backoff_delay(settings_, ++failures_, random_source_()); }

  // Call after a success: the next delay is the first one again.
  void reset() { failures_ = 0; }

  // Consecutive failures since the last reset().
  [[nodiscard]] int failures() const { return failures_; }

 private:
  BackoffSettings settings_;
  RandomSource random_source_;
  int failures_ = 0;
};

}  // namespace lastgood::kube
