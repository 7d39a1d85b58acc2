// Writes each RollbackPolicy's status when it says something new.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>

#include "ports/clock.hpp"
#include "ports/telemetry.hpp"
#include "run/publisher.hpp"
#include "run/reconciler.hpp"
#include "run/stores.hpp"

namespace lastgood::run {

class PolicyReporter {
 public:
  PolicyReporter(Publisher& publisher, ports::Clock& clock, ports::Telemetry& telemetry, const Stores& stores,
                 const Leadership& leadership, const Reconciler& reconciler, std::function<bool()> is_settled);

  // Looks every few seconds; asks nothing of the server while nothing changes. Never returns; ends by cancellation.
  boost::asio::awaitable<void> run();

 private:
  boost::asio::awaitable<void> report();

  Publisher& publisher_;
  ports::Clock& clock_;
  ports::Telemetry& telemetry_;
  const Stores& stores_;
  const Leadership& leadership_;
  const Reconciler& reconciler_;
  std::function<bool()> is_settled_;  // what is guarded is known: counts made before would be false
};

}  // namespace lastgood::run
