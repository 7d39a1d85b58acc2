#include "simulation/history/disturbances.hpp"

#include <algorithm>
#include <utility>

namespace lastgood::simulation {

namespace {

// True if a real server may respond with this fault to this call.
bool is_possible(Fault fault, const Attempt& attempt) {
  switch (fault) {
    case Fault::Conflict: return attempt.is_write();
    case Fault::Unprocessable: return attempt.call.verb == api::Verb::Patch;
    case Fault::AdmissionDenied: return attempt.is_write() && attempt.targets("/deployments/");
    default: return true;
  }
}

bool is_new_record(const Attempt& attempt) {
  return attempt.call.verb == api::Verb::Post && attempt.targets("/rollbacks");
}

}  // namespace

Disturbances::Disturbances(Simulation& simulation) : simulation_(simulation) {
  simulation.script = [this](const Attempt& attempt) {
    advance_race(attempt);
    return fault_of(attempt);
  };
  simulation.server.watches().event_script = [this](const OpenWatch&, const LoggedEvent&) {
    return event_fault();
  };
}

void Disturbances::begin(const HistoryEvent& event) {
  const MonotonicTime until = simulation_.clock.monotonic_now() + event.time;
  last_end_ = std::max(last_end_, until);
  Window window{.event = event, .until = until, .random = std::mt19937(event.seed)};
  if (event.kind == EventKind::Calls) calls_.push_back(std::move(window));
  if (event.kind == EventKind::Events) {
    events_.push_back(std::move(window));
    simulation_.clock.call_at(until, [this] { simulation_.server.watches().end_delays(); });
  }
  if (event.kind == EventKind::Stall) {
    const char* kind = stalled_kinds.at(static_cast<std::size_t>(event.value));
    simulation_.server.watches().stall(kind);
    simulation_.clock.call_at(until, [this, kind] { simulation_.server.watches().resume(kind); });
  }
}

void Disturbances::act_after_record(int calls, std::function<void()> action) {
  race_ = Race{.calls = calls, .action = std::move(action)};
}

void Disturbances::end_all() {
  calls_.clear();
  events_.clear();
  race_.reset();
  last_end_ = simulation_.clock.monotonic_now();
  for (const char* kind : stalled_kinds) simulation_.server.watches().resume(kind);
  simulation_.server.watches().end_delays();
}

bool Disturbances::meets(Window& window) const {
  constexpr std::uint32_t all = 100;
  return simulation_.clock.monotonic_now() < window.until &&
         window.random() % all < static_cast<std::uint32_t>(window.event.amount);
}

Fault Disturbances::fault_of(const Attempt& attempt) {
  for (Window& window : calls_) {
    const Fault fault = call_faults.at(static_cast<std::size_t>(window.event.value));
    if (is_possible(fault, attempt) && meets(window)) return fault;
  }
  return Fault::None;
}

EventFault Disturbances::event_fault() {
  for (Window& window : events_) {
    if (meets(window)) return event_faults.at(static_cast<std::size_t>(window.event.value));
  }
  return EventFault::None;
}

void Disturbances::advance_race(const Attempt& attempt) {
  if (!race_ || attempt.targets("/leases") || attempt.targets("watch=")) return;
  race_->is_recorded = race_->is_recorded || is_new_record(attempt);
  if (!race_->is_recorded || race_->calls-- > 0) return;
  const auto action = std::exchange(race_, std::nullopt)->action;
  ++races_;
  action();
}

}  // namespace lastgood::simulation
