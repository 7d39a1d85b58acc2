// Writes the status of each RollbackPolicy when it changes, such as the number of Deployments that
// the policy guards.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>

#include "kube/stores.hpp"
#include "ports/clock.hpp"
#include "ports/telemetry.hpp"
#include "shell/reconciler.hpp"
#include "shell/status_writer.hpp"

namespace lastgood::shell {

class PolicyReporter {
 public:
  // `is_settled` is true when every Deployment has been reconciled in this term. Before that, the
  // counts would be too low, and no status is written.
  PolicyReporter(StatusWriter& status_writer, ports::Clock& clock, ports::Telemetry& telemetry,
                 const kube::Stores& stores, const runtime::Leadership& leadership,
                 const Reconciler& reconciler, std::function<bool()> is_settled);

  // Compares every 3 s, and calls the API server only for a status that changed. Runs until it is
  // cancelled.
  boost::asio::awaitable<void> run();

 private:
  boost::asio::awaitable<void> report();

  StatusWriter& status_writer_;
  ports::Clock& clock_;
  ports::Telemetry& telemetry_;
  const kube::Stores& stores_;
  const runtime::Leadership& leadership_;
  const Reconciler& reconciler_;
  std::function<bool()> is_settled_;
};

}  // namespace lastgood::shell
