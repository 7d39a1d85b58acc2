// A controller is killed, is stopped or loses a response at each write of a rollback. The rollback
// is always finished, with one change of the template.
#include <array>

#include "simulation/scenario.hpp"

using namespace lastgood::simulation;

namespace {

// The writes of the controller from the bad release to the end of the rollback, without faults.
const std::vector<Write>& rollback_writes() {
  static const std::vector<Write> writes = [] {
    Scenario scenario;
    scenario.start_controller();
    const auto before = static_cast<std::ptrdiff_t>(scenario.writes_of_controllers().size());
    scenario.ship_bad_release();
    REQUIRE(scenario.wait_for_rollback());
    scenario.run_for(15s);
    const auto all = scenario.writes_of_controllers();
    return std::vector<Write>(all.begin() + before, all.end());
  }();
  REQUIRE(writes.size() > 8);
  return writes;
}

int number_of_writes() { return static_cast<int>(rollback_writes().size()); }

bool writes_deployment_or_rollback(int k) {
  const std::string& plural = rollback_writes()[static_cast<std::size_t>(k - 1)].route.plural;
  return plural == "deployments" || plural == "rollbacks";
}

// The fault happens to the k-th write from now. Writes of the Lease are not counted.
FaultScript fault_at_write(int k, Fault fault) {
  return [k, fault, seen = 0](const Attempt& attempt) mutable {
    if (!attempt.is_write() || attempt.targets("/leases")) return Fault::None;
    return ++seen == k ? fault : Fault::None;
  };
}

}  // namespace

//  one: record . patch . ownership . status ...
//              ^ killed after any of them
//  two:            '---- acquires the Lease when it has expired, and finishes
TEST_CASE("finishes the rollback when the controller is killed after any of its writes") {
  const int writes = number_of_writes();
  for (int k = 1; k <= writes; ++k) {
    INFO("killed after write " << k << " of " << writes);
    Scenario scenario;
    scenario.start_controller();
    scenario.kill_after_write(k);
    scenario.ship_bad_release();
    REQUIRE(scenario.run_until([&] { return !scenario.is_running("one"); }, 10min));
    scenario.start("two");
    scenario.wait_for_rollback();
    scenario.run_for(15s);
    scenario.check_rolled_back_once();
  }
}

//  one: leads -----------x killed after any write
//  two: standby ---------'---- leads, and finishes
TEST_CASE("a standby finishes the rollback when the leader is killed after any of its writes") {
  const int writes = number_of_writes();
  for (int k = 1; k <= writes; ++k) {
    INFO("killed after write " << k << " of " << writes);
    Scenario scenario;
    scenario.start_controller();
    scenario.start("two");
    scenario.run_for(5s);
    scenario.kill_after_write(k);
    scenario.ship_bad_release();
    REQUIRE(scenario.run_until([&] { return !scenario.is_running("one"); }, 10min));
    scenario.wait_for_rollback();
    scenario.run_for(15s);
    scenario.check_rolled_back_once();
  }
}

//  one: write --> the server stores it, the response is lost --> continues
TEST_CASE("finishes the rollback when the response to any one write is lost") {
  const int writes = number_of_writes();
  for (int k = 1; k <= writes; ++k) {
    INFO("lost the response to write " << k << " of " << writes);
    Scenario scenario;
    scenario.start_controller();
    scenario.script = fault_at_write(k, Fault::LoseResponse);
    scenario.ship_bad_release();
    scenario.wait_for_rollback();
    scenario.run_for(15s);
    scenario.check_rolled_back_once();
  }
}

//  one: write --> 409, 422, 429, 500 or no response, and nothing is stored --> continues
TEST_CASE("finishes the rollback when any one write fails or does not arrive") {
  constexpr std::array faults{Fault::Conflict,      Fault::Unprocessable, Fault::TooManyRequests,
                              Fault::InternalError, Fault::LoseCall,      Fault::Hang};
  const int writes = number_of_writes();
  for (int k = 1; k <= writes; ++k) {
    for (std::size_t i = 0; i < faults.size(); ++i) {
      // Writes of the Deployment and of Rollbacks meet every fault. Each other write meets one.
      if (!writes_deployment_or_rollback(k) && static_cast<std::size_t>(k) % faults.size() != i)
        continue;
      INFO("fault " << faults[i] << " at write " << k << " of " << writes);
      Scenario scenario;
      scenario.start_controller();
      scenario.script = fault_at_write(k, faults[i]);
      scenario.ship_bad_release();
      scenario.wait_for_rollback();
      scenario.run_for(15s);
      scenario.check_rolled_back_once();
    }
  }
}

//  one: SIGTERM at any write --> returns within 2 s; two: finishes
TEST_CASE("returns within 2 s of SIGTERM at any write, and the next controller finishes") {
  const int writes = number_of_writes();
  for (int k = 1; k <= writes; ++k) {
    INFO("stopped at write " << k << " of " << writes);
    Scenario scenario;
    scenario.start_controller();
    int seen = 0;
    scenario.at_each_write = [&] {
      if (++seen == k) scenario.stop("one");
    };
    scenario.ship_bad_release();
    REQUIRE(scenario.run_until([&] { return seen >= k; }, 10min));
    CHECK(scenario.run_until([&] { return !scenario.is_running("one"); }, 2s));
    scenario.start("two");
    scenario.wait_for_rollback();
    scenario.run_for(15s);
    scenario.check_rolled_back_once();
  }
}

//  one: records the Rollback, SIGTERM --> patches nothing; two: finishes
TEST_CASE(
    "does not patch the template after SIGTERM, when no time is left to restore the ownership") {
  Scenario scenario;
  scenario.start_controller();
  scenario.at_each_write = [&] {
    if (!scenario.rollbacks().empty() && scenario.is_running("one")) scenario.stop("one");
  };
  scenario.ship_bad_release();
  REQUIRE(scenario.run_until([&] { return !scenario.rollbacks().empty(); }, 10min));
  CHECK(scenario.run_until([&] { return !scenario.is_running("one"); }, 2s));
  CHECK(scenario.image("web") == "app:v2");
  scenario.start("two");
  scenario.wait_for_rollback();
  scenario.run_for(15s);
  scenario.check_rolled_back_once();
}

//  the server hangs; SIGTERM --> returns within 2 s
TEST_CASE("stops within 2 s when the API server hangs") {
  for (int seconds = 0; seconds < 13; ++seconds) {
    INFO("stopped " << seconds << " s after the release");
    Scenario scenario;
    scenario.start_controller();
    scenario.ship_bad_release();
    scenario.run_for(std::chrono::seconds(seconds));
    scenario.script = [](const Attempt&) { return Fault::Hang; };
    scenario.run_for(300ms);
    scenario.stop("one");
    CHECK(scenario.run_until([&] { return !scenario.is_running("one"); }, 2s));
    scenario.script = {};
    scenario.start("two");
    scenario.wait_for_rollback();
    scenario.run_for(15s);
    scenario.check_rolled_back_once();
  }
}
