#include "guard/preflight.hpp"

namespace lastgood::guard {

namespace {

// Longer than the interval of the preflights while a rollback may start.
constexpr std::chrono::seconds max_fresh_age{45};

}  // namespace

bool is_about(const std::optional<api::Preflight>& preflight, const api::Deployment& deployment,
              const api::Revision& target) {
  return preflight && preflight->generation == deployment.meta.generation &&
         preflight->target == target.snapshot;
}

bool is_watch_behind(const std::optional<api::Preflight>& preflight,
                     const api::Deployment& deployment) {
  return preflight && preflight->generation > deployment.meta.generation;
}

bool is_fresh(const std::optional<api::Preflight>& preflight, const api::Deployment& deployment,
              const api::Revision& target, Time now) {
  return is_about(preflight, deployment, target) && now - preflight->at <= max_fresh_age;
}

}  // namespace lastgood::guard
