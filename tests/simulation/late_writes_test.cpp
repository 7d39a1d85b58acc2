// A leader is suspended, or one of its writes is carried out when another leader has taken over: it
// waited in the API server, for example for an admission webhook.
#include "simulation/users.hpp"

using namespace lastgood::simulation;
using lastgood::codec::Json;

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

bool is_write_of(const Attempt& attempt, const std::string& user) {
  return attempt.user == user && attempt.is_write() && !attempt.targets("/leases");
}

std::string status_of(const Simulation& simulation, const Write& write) {
  const Json* object = simulation.server.find(
      write.route.plural, {.namespace_ = write.route.namespace_, .name = write.route.name});
  return object ? object->value("status", Json()).dump() : "";
}

}  // namespace

//  one: status ---- killed              '--> carried out: changes nothing
//  two: standby ---------- leads, writes the same status ------
TEST_CASE("keeps the status of the new leader when a write of the old one is carried out late") {
  int late_writes = 0;
  for (int k = 1; k <= number_of_writes(); ++k) {
    if (rollback_writes()[static_cast<std::size_t>(k - 1)].route.subresource != "status") continue;
    // The next leader leads 15 to 19.4 s after the last renewal.
    for (const auto late_by : {20s, 26s, 40s}) {
      INFO("write " << k << " is carried out " << late_by.count() << " s late");
      Scenario scenario;
      scenario.start_controller();
      scenario.start("two");
      scenario.run_for(5s);
      scenario.server.late_by = late_by;
      bool is_killed = false;
      scenario.script = [&, seen = 0](const Attempt& attempt) mutable {
        if (!is_write_of(attempt, "one") || ++seen != k) return Fault::None;
        is_killed = true;
        return Fault::LateExecution;
      };
      std::set<std::string> written_by_two;
      std::map<std::string, std::string> statuses;  // after each write
      const auto on_write = scenario.server.on_write;
      scenario.server.on_write = [&](const Write& write) {
        on_write(write);
        if (write.route.subresource != "status") return;
        const std::string object = write.route.plural + "/" + write.route.name;
        if (write.user == "two" && write.status == 200) written_by_two.insert(object);
        if (write.is_late && written_by_two.contains(object)) {
          ++late_writes;
          CHECK(write.status == 422);
          CHECK(status_of(scenario, write) == statuses[object]);
        }
        statuses[object] = status_of(scenario, write);
      };
      scenario.ship_bad_release();
      REQUIRE(scenario.run_until([&] { return is_killed; }, 10min));
      scenario.kill("one");
      scenario.wait_for_rollback();
      scenario.run_for(1min);
      scenario.check_rolled_back_once();
    }
  }
  CHECK(late_writes > 0);
}

//  each write of the leader itself times out, and is carried out 6 s later
TEST_CASE("finishes the rollback when any one write times out and is carried out 6 s later") {
  for (int k = 1; k <= number_of_writes(); ++k) {
    INFO("write " << k);
    Scenario scenario;
    scenario.start_controller();
    scenario.script = [k, seen = 0](const Attempt& attempt) mutable {
      return is_write_of(attempt, "one") && ++seen == k ? Fault::LateExecution : Fault::None;
    };
    scenario.ship_bad_release();
    scenario.wait_for_rollback();
    scenario.run_for(15s);
    scenario.check_rolled_back_once();
  }
}

//  for a minute, every write of a status times out, and is carried out 6 s later
TEST_CASE("finishes the rollback when every write of a status is carried out late for a minute") {
  Scenario scenario;
  scenario.start_controller();
  scenario.script = [](const Attempt& attempt) {
    return attempt.is_write() && attempt.targets("/status") ? Fault::LateExecution : Fault::None;
  };
  scenario.ship_bad_release();
  scenario.run_for(1min);
  scenario.script = {};
  scenario.wait_for_rollback();
  scenario.run_for(15s);
  scenario.check_rolled_back_once();
}

//  another writer changes the guard's status while the controller leads: the state follows it
TEST_CASE("loads the state again when another writer has changed the status of the guard") {
  Scenario scenario;
  scenario.start_controller();
  scenario.server.change("deploymentguards", {.namespace_ = shop, .name = "web"}, [](Json& guard) {
    guard["status"]["lastDrill"] = {{"rollback", "drill-7"}, {"passed", true}};
  });
  scenario.ship_bad_release();
  CHECK(scenario.wait_for_rollback());
  scenario.run_for(15s);
  scenario.check_rolled_back_once();
  const Json* guard = scenario.server.find("deploymentguards", {.namespace_ = shop, .name = "web"});
  CHECK(guard->at("status").value("/lastDrill/rollback"_json_pointer, "") == "drill-7");
}

//  a tool changes the labels of the guard and of the Rollback all the time: their versions change
TEST_CASE("writes each status in time when a tool changes the labels of its objects each 50 ms") {
  Scenario scenario;
  scenario.start_controller();
  int changes = 0;
  std::function<void()> change_labels = [&] {
    const std::string value = std::to_string(++changes);
    for (const char* plural : {"deploymentguards", "rollbacks"}) {
      for (const Json* object : scenario.server.all(plural)) {
        const std::string name = object->at("metadata").at("name");
        scenario.server.change(plural, {.namespace_ = shop, .name = name}, [&](Json& changed) {
          changed["metadata"]["labels"]["changes"] = value;
        });
      }
    }
    scenario.clock.call_at(scenario.clock.monotonic_now() + 50ms, change_labels);
  };
  change_labels();
  scenario.ship_bad_release();
  CHECK(scenario.wait_for_rollback(3min));
  scenario.run_for(15s);
  scenario.check_rolled_back_once();
}

//  one: sends write k --x suspended for 20 s ---- continues
//  two: standby ----------------'-- leads, and finishes
TEST_CASE("changes the template once when the leader is suspended for 20 s at any of its writes") {
  for (const auto delay : {0ms, 1ms, 5ms}) {
    for (int k = 1; k <= number_of_writes(); ++k) {
      INFO(delay.count() << " ms after write " << k << " was sent");
      Scenario scenario;
      scenario.start_controller();
      scenario.start("two");
      scenario.run_for(5s);
      int sent = 0;
      bool is_suspended = false;
      scenario.at_each_send = [&](const Attempt& attempt) {
        if (!is_write_of(attempt, "one") || ++sent != k) return;
        is_suspended = true;
        if (delay == 0ms) return scenario.suspend("one", 20s);
        scenario.clock.call_at(scenario.clock.monotonic_now() + delay,
                               [&] { scenario.suspend("one", 20s); });
      };
      scenario.ship_bad_release();
      REQUIRE(scenario.run_until([&] { return is_suspended; }, 10min));
      scenario.wait_for_rollback();
      scenario.run_for(1min);
      scenario.check_rolled_back_once();
    }
  }
}

TEST_CASE("tells the API server to give up each write before the controller does") {
  Scenario scenario;
  int writes = 0;
  int without_timeout = 0;
  int reads_with_timeout = 0;
  scenario.at_each_send = [&](const Attempt& attempt) {
    const bool has_timeout = attempt.call.target.ends_with("timeout=3500ms");
    const bool is_dry_run = attempt.targets("dryRun=");
    if (is_write_of(attempt, "one") && !is_dry_run) {
      ++writes;
      without_timeout += has_timeout ? 0 : 1;
    } else {
      reads_with_timeout += has_timeout ? 1 : 0;
    }
  };
  scenario.start_controller();
  scenario.ship_bad_release();
  CHECK(scenario.wait_for_rollback());
  CHECK(writes > 8);
  CHECK(without_timeout == 0);
  CHECK(reads_with_timeout == 0);
}
