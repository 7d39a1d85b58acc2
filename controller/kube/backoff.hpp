// How long to wait after a failure: doubling, with jitter, up to a cap. Knows no clock; chance is injected.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "base/time.hpp"

namespace lastgood::kube {

// Uniform in [0, 1).
using Uniform = std::function<double()>;

struct BackoffSettings {
  Duration first{800};
  Duration cap{30'000};
  double jitter = 0.2;  // the share of the delay that chance adds; the cap holds before it
};

// The delay after `failures` failures in a row (1 is the first); `chance` in [0, 1).
[[nodiscard]] inline Duration backoff_delay(const BackoffSettings& settings, int failures, double chance) {
  const int doublings = std::clamp(failures - 1, 0, 40);
  const double grown = static_cast<double>(settings.first.count()) * std::pow(2.0, doublings);
  const double capped = std::min(grown, static_cast<double>(settings.cap.count()));
  return Duration(static_cast<Duration::rep>(capped * (1.0 + settings.jitter * chance)));
}

class Backoff {
 public:
  Backoff(BackoffSettings settings, Uniform uniform) : settings_(settings), uniform_(std::move(uniform)) {}

  [[nodiscard]] Duration next() { return backoff_delay(settings_, ++failures_, uniform_()); }
  void reset() { failures_ = 0; }
  [[nodiscard]] int failures() const { return failures_; }

 private:
  BackoffSettings settings_;
  Uniform uniform_;
  int failures_ = 0;
};

}  // namespace lastgood::kube
