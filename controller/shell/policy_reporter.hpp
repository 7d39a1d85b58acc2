// Writes each RollbackPolicy's status when it says something new.
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
  PolicyReporter(StatusWriter& status_writer, ports::Clock& clock, ports::Telemetry& telemetry,
                 const kube::Stores& stores, const runtime::Leadership& leadership,
                 const Reconciler& reconciler, std::function<bool()> is_settled);

  // Looks every few seconds; asks nothing of the server while nothing changes. Never returns; ends
  // by cancellation.
  boost::asio::awaitable<void> run();

 private:
  boost::asio::awaitable<void> report();

  StatusWriter& status_writer_;
  ports::Clock& clock_;
  ports::Telemetry& telemetry_;
  const kube::Stores& stores_;
  const runtime::Leadership& leadership_;
  const Reconciler& reconciler_;
  std::function<bool()> is_settled_;  // what is guarded is known: counts made before would be false
};

}  // namespace lastgood::shell
