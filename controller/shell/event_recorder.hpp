// Writes Events (events.k8s.io/v1) about a Deployment or a policy. A repeated Event about a
// Deployment becomes a series with a count.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <string>
#include <vector>

#include "guard/inputs.hpp"
#include "guard/state.hpp"
#include "ports/clock.hpp"
#include "runtime/gateway.hpp"

namespace lastgood::shell {

class EventRecorder {
 public:
  // `instance` is the reportingInstance of the Events.
  EventRecorder(runtime::Gateway& gateway, ports::Clock& clock, std::string instance)
      : gateway_(gateway), clock_(clock), instance_(std::move(instance)) {}

  // Logs each Event, then writes it. An Event that cannot be written is dropped. `counts`: how
  // often each Event was emitted before, by its name. Returns the new counts.
  boost::asio::awaitable<guard::EventsEmitted> record(const api::Deployment& deployment,
                                                      std::vector<guard::EventRecord> events,
                                                      std::map<std::string, int> counts,
                                                      runtime::Term term);

  // An Event about a policy. If the Event exists already, it stays as it is: it becomes no series.
  boost::asio::awaitable<void> record(const api::RollbackPolicy& policy, api::EventRecord event,
                                      runtime::Term term);

 private:
  boost::asio::awaitable<void> emit(const api::Deployment& deployment,
                                    const guard::EventRecord& event,
                                    std::map<std::string, int>& counts, runtime::Term term);

  runtime::Gateway& gateway_;
  ports::Clock& clock_;
  std::string instance_;
};

}  // namespace lastgood::shell
