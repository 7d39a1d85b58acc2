// Any one event of a watch is lost, is delayed, arrives twice or arrives after the next one.
#include "simulation/history/event.hpp"
#include "simulation/scenario.hpp"
#include "support/long_run.hpp"

using namespace lastgood::simulation;
using lastgood::codec::Json;

namespace {

// Gives the `number`th event of all watches from now the fault. Counts the events in `seen`, and
// describes this event.
EventScript fault_at_event(int number, EventFault fault, int& seen, std::string& event) {
  return [number, fault, &seen, &event](const OpenWatch&, const LoggedEvent& logged) {
    if (++seen != number) return EventFault::None;
    event = logged.type + " " + logged.plural;
    return fault;
  };
}

// The events of all watches from the bad release until 15 s after its rollback.
int number_of_events() {
  Scenario scenario(1);
  scenario.start_controller();
  int seen = 0;
  std::string event;
  scenario.server.watches().event_script = fault_at_event(0, EventFault::None, seen, event);
  scenario.ship_bad_release();
  REQUIRE(scenario.wait_for_rollback());
  scenario.run_for(15s);
  return seen;
}

}  // namespace

//  events of the watches:  | | x | | |      each of them with each fault; without
//                                           LASTGOOD_TEST_LONG=1 each fifth of them
TEST_CASE("rolls back once when any one watch event is lost, delayed, doubled or reordered") {
  const int events = number_of_events();
  REQUIRE(events > 30);
  const int step = lastgood::testing::is_long_run() ? 1 : 5;
  for (int number = 1; number <= events; number += step) {
    for (const EventFault fault : event_faults) {
      Scenario scenario(1);
      scenario.start_controller();
      int seen = 0;
      WatchCache& watches = scenario.server.watches();
      std::string event;
      watches.event_script = fault_at_event(number, fault, seen, event);
      scenario.ship_bad_release();
      scenario.run_until([&] { return seen >= number; }, 10min);
      INFO("event " << number << " of " << events << ", " << event << ", " << fault);
      scenario.clock.call_at(scenario.clock.monotonic_now() + 5s, [&] { watches.end_delays(); });
      scenario.wait_for_rollback(20min);
      scenario.run_for(30s);
      CAPTURE(scenario.events());
      scenario.check_rolled_back_once();
    }
  }
}
