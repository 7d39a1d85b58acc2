// Mode Observe: the record of a rollback that is not executed.
#include "simulation/users.hpp"

using namespace lastgood::simulation;
using lastgood::api::Verb;

namespace {

bool is_write_of_record(const Attempt& attempt) {
  return attempt.is_write() && attempt.targets("/rollbacks");
}

}  // namespace

//  Held (Observing) ---- each write of the record fails ---- the record exists, once
TEST_CASE("records an observed rollback in the end when its writes fail for a while") {
  for (const Fault fault : {Fault::InternalError, Fault::TooManyRequests, Fault::LoseResponse,
                            Fault::LoseCall, Fault::AdmissionDenied}) {
    INFO("fault " << fault);
    Scenario scenario;
    scenario.start_controller();
    scenario.set_mode("Observe");
    scenario.script = [&](const Attempt& attempt) {
      return is_write_of_record(attempt) ? fault : Fault::None;
    };
    scenario.ship_bad_release();
    REQUIRE(
        scenario.run_until([&] { return scenario.state("web") == held(Reason::Observing); }, 3min));
    scenario.run_for(1min);
    scenario.script = {};
    scenario.run_for(30s);
    REQUIRE(scenario.rollbacks().size() == 1);
    CHECK(scenario.rollbacks()[0].phase == RollbackPhase::Observed);
    CHECK(scenario.template_changes() == 0);
    CHECK(scenario.violations() == no_violations);
  }
}

//  the record is created ---- the write of its status fails ---- the status is written
TEST_CASE("writes the phase of an observed rollback when only the write of its status failed") {
  Scenario scenario;
  scenario.start_controller();
  scenario.set_mode("Observe");
  int failures = 0;
  scenario.script = [&](const Attempt& attempt) {
    const bool is_status = is_write_of_record(attempt) && attempt.targets("/status");
    return is_status && failures++ < 3 ? Fault::InternalError : Fault::None;
  };
  scenario.ship_bad_release();
  REQUIRE(scenario.run_until([&] { return failures > 0; }, 3min));
  scenario.run_for(1min);
  REQUIRE(scenario.rollbacks().size() == 1);
  CHECK(scenario.rollbacks()[0].phase == RollbackPhase::Observed);
}

//  the record exists ---- no further write of it while the release is held
TEST_CASE("records an observed rollback once while its release is held") {
  Scenario scenario;
  scenario.start_controller();
  scenario.set_mode("Observe");
  int writes = 0;
  scenario.script = [&](const Attempt& attempt) {
    writes += is_write_of_record(attempt) ? 1 : 0;
    return Fault::None;
  };
  scenario.ship_bad_release();
  REQUIRE(
      scenario.run_until([&] { return scenario.state("web") == held(Reason::Observing); }, 3min));
  scenario.run_for(5min);
  CHECK(writes == 2);  // the Rollback and its status
}
