// Stores the alerts that Alertmanager sends in the status of the DeploymentGuards. Private to
// shell/.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <vector>

#include "api/guard.hpp"
#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "guard/state.hpp"
#include "kube/stores.hpp"
#include "ports/clock.hpp"
#include "runtime/leadership.hpp"
#include "shell/gatherer.hpp"

namespace lastgood::shell {

// After this time store() fails. Alertmanager sends the message again later.
inline constexpr Duration store_timeout{5'000};

class AlertReceiver {
 public:
  // `post`: appends to the inbox of a Deployment, and enqueues its key. `is_left_alone`: the
  // Deployment takes no alerts, because an object of it cannot be read.
  AlertReceiver(const kube::Stores& stores, const Gatherer& gatherer,
                const guard::GuardStates& states, const runtime::Leadership& leadership,
                ports::Clock& clock,
                std::function<void(const Key& deployment, guard::InboxEntry entry)> post,
                std::function<bool(const api::Deployment&)> is_left_alone)
      : stores_(stores),
        gatherer_(gatherer),
        states_(states),
        leadership_(leadership),
        clock_(clock),
        post_(std::move(post)),
        is_left_alone_(std::move(is_left_alone)) {}

  // Returns when each alert is in the status of the DeploymentGuard of each Deployment that the
  // alert may be about. An alert that is about no Deployment is ignored. Errors:
  //   Cancelled  a Deployment has no state in this term yet, or the term is over
  //   TimedOut   a status was not written within store_timeout
  boost::asio::awaitable<Result<void>> store(std::vector<api::ReceivedAlert> alerts);

 private:
  struct Target {
    Key deployment;
    Uid uid;
    std::vector<api::ReceivedAlert> alerts;
  };
  [[nodiscard]] std::vector<Target> targets_of(const std::vector<api::ReceivedAlert>& alerts) const;
  [[nodiscard]] bool is_stored(const Target& target) const;

  const kube::Stores& stores_;
  const Gatherer& gatherer_;
  const guard::GuardStates& states_;
  const runtime::Leadership& leadership_;
  ports::Clock& clock_;
  std::function<void(const Key&, guard::InboxEntry)> post_;
  std::function<bool(const api::Deployment&)> is_left_alone_;
};

}  // namespace lastgood::shell
