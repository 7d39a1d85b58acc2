// Faults by probability: while an event of a history lasts, some calls of controllers and some
// events of watches meet its fault.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <vector>

#include "simulation/history/event.hpp"
#include "simulation/simulation.hpp"

namespace lastgood::simulation {

class Disturbances {
 public:
  // Installs itself as the script of the calls and of the watch events.
  explicit Disturbances(Simulation& simulation);

  // EventKind::Calls, Events or Stall begins, and ends after its time.
  void begin(const HistoryEvent& event);
  // Runs `action` at the `calls`th call of a controller after the next Rollback is recorded, just
  // before the server handles this call. 0: at the call that records the Rollback.
  void act_after_record(int calls, std::function<void()> action);
  // Ends everything that lasts.
  void end_all();

  // True while an event lasts.
  [[nodiscard]] bool is_active() const { return simulation_.clock.monotonic_now() < last_end_; }
  // The number of actions of act_after_record() that have happened.
  [[nodiscard]] int races() const { return races_; }

 private:
  struct Window {
    HistoryEvent event;
    MonotonicTime until;
    std::mt19937 random;
  };
  struct Race {
    int calls = 0;
    std::function<void()> action;
    bool is_recorded = false;
  };

  [[nodiscard]] Fault fault_of(const Attempt& attempt);
  [[nodiscard]] EventFault event_fault();
  [[nodiscard]] bool meets(Window& window) const;
  void advance_race(const Attempt& attempt);

  Simulation& simulation_;
  std::vector<Window> calls_;
  std::vector<Window> events_;
  std::optional<Race> race_;
  MonotonicTime last_end_{};
  int races_ = 0;
};

}  // namespace lastgood::simulation
