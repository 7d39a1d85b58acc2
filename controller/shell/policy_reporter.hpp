// Writes the status of each RollbackPolicy when the status changes, for example the number of
// Deployments that the policy guards, and the Event of a check that became invalid.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>

#include "kube/stores.hpp"
#include "ports/clock.hpp"
#include "ports/telemetry.hpp"
#include "shell/event_recorder.hpp"
#include "shell/policy_validator.hpp"
#include "shell/reconciler.hpp"
#include "shell/status_writer.hpp"

namespace lastgood::shell {

class PolicyReporter {
 public:
  // `is_settled` returns true when every Deployment has been reconciled in this term. Before that,
  // the counts would be too low, so no status is written.
  PolicyReporter(StatusWriter& status_writer, EventRecorder& events,
                 const PolicyValidator& validator, ports::Clock& clock, ports::Telemetry& telemetry,
                 const kube::Stores& stores, const runtime::Leadership& leadership,
                 const Reconciler& reconciler, std::function<bool()> is_settled);

  // Every 3 s, writes each status that has changed. Runs until it is cancelled.
  boost::asio::awaitable<void> run();

 private:
  boost::asio::awaitable<void> report();

  StatusWriter& status_writer_;
  EventRecorder& events_;
  const PolicyValidator& validator_;
  ports::Clock& clock_;
  ports::Telemetry& telemetry_;
  const kube::Stores& stores_;
  const runtime::Leadership& leadership_;
  const Reconciler& reconciler_;
  std::function<bool()> is_settled_;
};

}  // namespace lastgood::shell
