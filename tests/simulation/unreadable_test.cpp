// A guard or a Rollback has a value that this version cannot read, as after a downgrade. The object
// exists, but what it says is not known: nothing is done with its Deployment until it can be read.
#include <array>

#include "simulation/users.hpp"

using namespace lastgood::simulation;
using lastgood::Key;
using lastgood::codec::Json;
using Pointer = Json::json_pointer;

namespace {

constexpr const char* newer = "Newer";

// A field of the guard of web, or of its first Rollback.
struct Field {
  const char* plural;
  const char* pointer;
};
constexpr std::array fields{Field{"deploymentguards", "/status/state"},
                            Field{"deploymentguards", "/status/current/verdict"},
                            Field{"rollbacks", "/status/phase"}, Field{"rollbacks", "/spec/mode"}};

std::ostream& operator<<(std::ostream& out, const Field& field) {
  return out << field.plural << field.pointer;
}

const Json* object_with(const Simulation& simulation, const Field& field) {
  for (const Json* object : simulation.server.all(field.plural))
    if (object->contains(Pointer(field.pointer))) return object;
  return nullptr;
}

// Sets a field to a value of a newer version, and back.
class NewerValue {
 public:
  NewerValue(Simulation& simulation, const Field& field, const Json& object)
      : simulation_(simulation),
        field_(field),
        key_{.namespace_ = shop, .name = object["metadata"]["name"].get<std::string>()},
        before_(object.at(Pointer(field.pointer))) {
    set(newer);
  }
  void restore_object() { set(before_); }

 private:
  void set(const Json& value) {
    simulation_.server.change(field_.plural, key_,
                              [&](Json& object) { object[Pointer(field_.pointer)] = value; });
  }

  Simulation& simulation_;
  Field field_;
  Key key_;
  Json before_;
};

// The writes of controllers since the `first`, without those of Events and policies.
std::vector<std::string> writes_since(const Simulation& simulation, std::size_t first) {
  std::vector<std::string> out;
  const auto writes = simulation.writes_of_controllers();
  for (std::size_t i = first; i < writes.size(); ++i) {
    const Write& write = writes[i];
    if (write.route.plural != "events" && write.route.plural != "rollbackpolicies")
      out.push_back(write.route.plural + "/" + write.route.name + "/" + write.route.subresource);
  }
  return out;
}

int unreadable_events(const Simulation& simulation) {
  const auto events = simulation.events();
  return static_cast<int>(std::ranges::count(events, Reason::StateUnreadable));
}

const std::vector<std::string> none{};

// The number of writes from the bad release to the end of its rollback.
int number_of_writes() {
  static const int count = [] {
    Scenario scenario;
    scenario.start_controller();
    const auto before = scenario.writes_of_controllers().size();
    scenario.ship_bad_release();
    REQUIRE(scenario.wait_for_rollback());
    return static_cast<int>(scenario.writes_of_controllers().size() - before);
  }();
  return count;
}

}  // namespace

//  one: ... write ---x killed
//                      Newer         two: leads, writes nothing      restored: finishes
TEST_CASE("writes nothing while a value is of a newer version, after each write of a rollback") {
  for (int k = 1; k <= number_of_writes(); ++k) {
    for (const Field& field : fields) {
      INFO("after write " << k << ", " << field);
      Scenario scenario;
      scenario.start_controller();
      scenario.kill_after_write(k);
      scenario.ship_bad_release();
      REQUIRE(scenario.run_until([&] { return !scenario.is_running("one"); }, 10min));
      const Json* object = object_with(scenario, field);
      if (!object) continue;
      NewerValue value(scenario, field, *object);
      const auto before = scenario.writes_of_controllers().size();
      scenario.start("two");
      scenario.run_for(1min);
      CHECK(writes_since(scenario, before) == none);
      CHECK(unreadable_events(scenario) == 1);
      value.restore_object();
      scenario.wait_for_rollback();
      scenario.run_for(15s);
      scenario.check_rolled_back_once();
    }
  }
}

//  one: leads --- v2 --- Newer: writes nothing --- restored: finishes
TEST_CASE("writes nothing when a value becomes one of a newer version while it leads") {
  for (const auto delay : {1s, 6s, 11s, 13s, 16s, 30s}) {
    for (const Field& field : fields) {
      INFO(delay.count() << " s after the release, " << field);
      Scenario scenario;
      scenario.start_controller();
      scenario.ship_bad_release();
      scenario.run_for(delay);
      const Json* object = object_with(scenario, field);
      if (!object) continue;
      NewerValue value(scenario, field, *object);
      scenario.run_for(1s);  // a write may be in flight
      const auto before = scenario.writes_of_controllers().size();
      scenario.run_for(1min);
      CHECK(writes_since(scenario, before) == none);
      CHECK(unreadable_events(scenario) == 1);
      value.restore_object();
      scenario.wait_for_rollback();
      scenario.run_for(15s);
      scenario.check_rolled_back_once();
    }
  }
}

TEST_CASE("rolls back the bad release that was shipped while the guard could not be read") {
  Scenario scenario;
  scenario.start_controller();
  scenario.kill("one");
  NewerValue value(scenario, fields[0], *object_with(scenario, fields[0]));
  scenario.ship_bad_release();
  const auto before = scenario.writes_of_controllers().size();
  scenario.start("two");
  scenario.run_for(2min);
  CHECK(writes_since(scenario, before) == none);
  value.restore_object();
  CHECK(scenario.wait_for_rollback());
  scenario.run_for(15s);
  scenario.check_rolled_back_once();
}

TEST_CASE("does not execute an approved Rollback that it cannot read") {
  for (const Field& field : fields) {
    INFO(field);
    Scenario scenario;
    scenario.set_mode("Approve");
    scenario.start_controller();
    scenario.ship_bad_release();
    REQUIRE(scenario.run_until(
        [&] { return scenario.state("web") == held(Reason::AwaitingApproval); }, 3min));
    scenario.run_for(2s);
    scenario.kill("one");
    NewerValue value(scenario, field, *object_with(scenario, field));
    approve(scenario, scenario.rollbacks().at(0).name);
    const auto before = scenario.writes_of_controllers().size();
    scenario.start("two");
    scenario.run_for(1min);
    CHECK(writes_since(scenario, before) == none);
    value.restore_object();
    CHECK(scenario.wait_for_rollback());
    scenario.run_for(15s);
    scenario.check_rolled_back_once();
  }
}

//  web: its guard cannot be read       api: is rolled back as always
TEST_CASE("rolls back another Deployment while a guard cannot be read") {
  Scenario scenario;
  scenario.deploy("api", "app:v1", {{"lastgood.dev/policy", "web"}}, 1);
  REQUIRE(scenario.run_until([&] { return scenario.is_rolled_out("api"); }, 1min));
  scenario.start_controller();
  REQUIRE(scenario.run_until([&] { return scenario.checks_established("api") == "True"; }, 4min));
  scenario.kill("one");
  NewerValue value(scenario, fields[0],
                   *scenario.server.find("deploymentguards", {.namespace_ = shop, .name = "web"}));
  scenario.ship("web", "app:v2");
  scenario.ship("api", "app:v2");
  scenario.start("two");
  CHECK(
      scenario.run_until([&] { return scenario.state("api") == idle(Reason::RolledBack); }, 5min));
  CHECK(scenario.image("web") == "app:v2");
  CHECK(scenario.template_changes() == 1);
  CHECK(scenario.violations() == no_violations);
}

TEST_CASE("answers a manual Rollback only when it can be read") {
  TwoGoodReleases scenario;
  create_rollback(scenario, "undo", {{"deployment", "web"}, {"mode", newer}});
  const auto before = scenario.writes_of_controllers().size();
  scenario.run_for(1min);
  CHECK(writes_since(scenario, before) == none);
  CHECK(unreadable_events(scenario) == 1);
  scenario.merge_patch("rollbacks", "undo", {{"spec", {{"mode", nullptr}}}});
  check_manual_rollback_succeeds_once(scenario, "undo");
}

//  the Rollback cannot be read --- a user deletes it: the release stays, as for each deleted
//  Rollback
TEST_CASE("goes on without a Rollback that cannot be read when a user deletes it") {
  Scenario scenario;
  scenario.set_mode("Approve");
  scenario.start_controller();
  scenario.ship_bad_release();
  REQUIRE(scenario.run_until(
      [&] { return scenario.state("web") == held(Reason::AwaitingApproval); }, 3min));
  scenario.run_for(2s);  // the guard names the pending Rollback
  const std::string name = scenario.rollbacks().at(0).name;
  NewerValue value(scenario, fields[3], *object_with(scenario, fields[3]));
  scenario.run_for(10s);
  delete_rollback(scenario, name);
  CHECK(scenario.run_until([&] { return scenario.state("web") == held(Reason::Declined); }, 1min));
  CHECK(scenario.template_changes() == 0);
}
