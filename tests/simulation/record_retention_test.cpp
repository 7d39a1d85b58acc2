// Only the newest 20 finished Rollbacks of a Deployment are retained.
#include <algorithm>

#include "simulation/users.hpp"

using namespace lastgood::simulation;
using lastgood::api::Verb;

namespace {

// Two digits, so that the names sort in the order of creation.
std::string drill_name(int number) { return "drill-" + std::to_string(number + 10); }

// The Rollbacks of these tests are drills, which do not change the template.
struct ManyDrills : TwoGoodReleases {
  // Runs the drills `first` to `end` - 1, one after the other.
  void run_drills(int first, int end) {
    for (int i = first; i < end; ++i) {
      create_rollback(*this, drill_name(i), {{"deployment", "web"}, {"drill", true}});
      REQUIRE(run_until([&] { return phase_of(*this, drill_name(i)) == RollbackPhase::Succeeded; },
                        1min));
    }
  }

  // Checks that only the drills `first` to `end` - 1 exist.
  void check_retains(int first, int end) const {
    std::vector<NameAndPhase> expected;
    for (int i = first; i < end; ++i)
      expected.push_back({.name = drill_name(i), .phase = RollbackPhase::Succeeded});
    CHECK(rollbacks() == expected);
    CHECK(violations() == no_violations);
  }
};

}  // namespace

//  drills:  0 ... 19 20
//  watch:   0 ... 19 ------------ 20
TEST_CASE("retains the newest 20 Rollbacks when the watch shows the newest one late") {
  ManyDrills scenario;
  scenario.run_drills(0, 20);
  scenario.at_each_write = [&] {
    if (phase_of(scenario, drill_name(20)) == RollbackPhase::Succeeded)
      scenario.server.watches().stall("rollbacks");
  };
  scenario.run_drills(20, 21);
  scenario.run_for(10s);
  scenario.at_each_write = nullptr;
  scenario.server.watches().resume("rollbacks");
  scenario.run_for(10s);
  scenario.check_retains(1, 21);
}

TEST_CASE("retains the newest 20 Rollbacks when a deletion fails at first") {
  ManyDrills scenario;
  scenario.run_drills(0, 20);
  int deletions = 0;
  scenario.script = [&](const Attempt& attempt) {
    const bool is_deletion = attempt.call.verb == Verb::Delete && attempt.targets("/rollbacks/");
    return is_deletion && ++deletions <= 2 ? Fault::InternalError : Fault::None;
  };
  scenario.run_drills(20, 22);
  scenario.run_for(1min);
  CHECK(deletions > 2);
  scenario.check_retains(2, 22);
}

//  drills:  0 ... 19 20 21, killed before any deletion    the next leader deletes 0 and 1
TEST_CASE("retains the newest 20 Rollbacks when the next leader finds more than 20") {
  ManyDrills scenario;
  scenario.run_drills(0, 20);
  scenario.script = [&](const Attempt& attempt) {
    return attempt.call.verb == Verb::Delete ? Fault::InternalError : Fault::None;
  };
  scenario.run_drills(20, 22);
  scenario.kill("one");
  scenario.script = {};
  scenario.start("two");
  scenario.run_for(1min);
  scenario.check_retains(2, 22);
}

TEST_CASE("rolls back without delay when the API server denies every deletion of a Rollback") {
  ManyDrills scenario;
  scenario.run_drills(0, 20);
  int deletions = 0;
  scenario.script = [&](const Attempt& attempt) {
    if (attempt.call.verb != Verb::Delete) return Fault::None;
    ++deletions;
    return Fault::AdmissionDenied;
  };
  scenario.run_drills(20, 21);
  scenario.run_for(10min);
  CHECK(deletions >= 1);
  CHECK(deletions <= 2);
  CHECK(scenario.rollbacks().size() == 21);
  scenario.cluster.health["app:v3"] = {.status = 503};
  scenario.ship("web", "app:v3");
  // Three failures, 4 s apart, after the rollout.
  CHECK(scenario.run_until([&] { return scenario.image("web") == "app:v2"; }, 30s));
}
