// The API server loses watch events, is unavailable, rejects a patch, or fails calls of the Lease.
#include "simulation/scenario.hpp"

using namespace lastgood::simulation;
using lastgood::api::Verb;

//  watch events after the release:  | | x | |      one of them is lost
TEST_CASE("rolls back when one watch event is lost") {
  for (int delay = 0; delay < 6; ++delay) {
    INFO("lost " << delay * 30 << " ms after the release");
    Scenario scenario;
    scenario.start_controller();
    scenario.ship_bad_release();
    scenario.run_for(30ms * delay);
    scenario.server.watches().drop_events("deployments", 1);
    CHECK(scenario.wait_for_rollback());
    scenario.check_rolled_back_once();
  }
}

//  every watch closes, and its version is compacted: 410, then a new list
TEST_CASE("rolls back a release that was shipped while the watches were closed and expired") {
  Scenario scenario;
  scenario.start_controller();
  scenario.server.watches().stall("deployments");
  scenario.ship_bad_release();
  scenario.run_for(1s);
  scenario.server.watches().compact(scenario.server.version());
  scenario.server.watches().close_all();
  scenario.server.watches().resume("deployments");
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
}

//  one: record ---x every call hangs, also those of the Lease
//  two: standby --'---- leads, and finishes
TEST_CASE("stops writing when the leader loses its Lease during a rollback") {
  Scenario scenario;
  scenario.start_controller();
  scenario.start("two");
  scenario.run_for(5s);
  bool is_recorded = false;
  scenario.script = [&](const Attempt& attempt) {
    const bool is_record = attempt.call.verb == Verb::Post && attempt.targets("/rollbacks");
    is_recorded = is_recorded || is_record;
    const bool is_cut_off = is_recorded && attempt.user == "one";
    return is_cut_off && !is_record ? Fault::Hang : Fault::None;
  };
  scenario.ship_bad_release();
  CHECK(scenario.wait_for_rollback());
  scenario.script = {};
  scenario.run_for(1min);
  scenario.check_rolled_back_once();
}

//  one: every call succeeds, except those of the Lease
TEST_CASE("stops writing before the next leader starts when only the Lease is unreachable") {
  Scenario scenario;
  scenario.start_controller();
  scenario.start("two");
  scenario.run_for(5s);
  scenario.script = [&](const Attempt& attempt) {
    return attempt.user == "one" && attempt.targets("/leases") ? Fault::InternalError : Fault::None;
  };
  scenario.ship_bad_release();
  CHECK(scenario.wait_for_rollback());
  scenario.run_for(1min);
  scenario.check_rolled_back_once();
}

//  v2 ---- the server is unavailable for two minutes ---- v1
TEST_CASE("rolls back once after the API server was unavailable for two minutes") {
  for (const Fault fault :
       {Fault::TooManyRequests, Fault::InternalError, Fault::Hang, Fault::LoseCall}) {
    INFO("fault " << fault);
    Scenario scenario;
    scenario.start_controller();
    scenario.ship_bad_release();
    scenario.run_for(9s);
    scenario.script = [&](const Attempt&) { return fault; };
    scenario.run_for(2min);
    CHECK(scenario.template_changes() == 0);
    scenario.script = {};
    scenario.server.watches().close_all();
    CHECK(scenario.wait_for_rollback());
    scenario.run_for(15s);
    scenario.check_rolled_back_once();
  }
}

//  for a minute, each write is stored and its response is lost
TEST_CASE("changes the template once when every response to a write is lost for a minute") {
  Scenario scenario;
  scenario.start_controller();
  scenario.ship_bad_release();
  scenario.script = [&](const Attempt& attempt) {
    return attempt.is_write() && !attempt.targets("/leases") ? Fault::LoseResponse : Fault::None;
  };
  scenario.run_for(1min);
  scenario.script = {};
  CHECK(scenario.wait_for_rollback());
  scenario.run_for(15s);
  scenario.check_rolled_back_once();
}

//  dry run: 200 ---- an admission policy denies v1 ---- patch: 422, then dry runs only
TEST_CASE("does not patch again after a denied patch until a dry run is admitted") {
  Scenario scenario;
  scenario.start_controller();
  int patches = 0;
  bool denies = false;
  scenario.script = [&](const Attempt& attempt) {
    const bool is_template_patch = attempt.call.verb == Verb::Patch &&
                                   attempt.targets("/deployments/web") &&
                                   attempt.call.body.contains("/spec/template");
    if (!is_template_patch) return Fault::None;
    const bool is_dry_run = attempt.targets("dryRun=");
    if (!is_dry_run && patches == 0) denies = true;
    if (!is_dry_run) ++patches;
    return denies ? Fault::AdmissionDenied : Fault::None;
  };
  scenario.ship_bad_release();
  REQUIRE(scenario.run_until([&] { return scenario.state("web") == held(Reason::AdmissionDenied); },
                             3min));
  scenario.run_for(3min);
  CHECK(scenario.state("web") == held(Reason::AdmissionDenied));
  CHECK(patches == 1);
  denies = false;
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
}

//  patch: no response for 30 s ---- patch: 200       no one rejected the template
TEST_CASE("does not report a rejection when the patch gets no response for a while") {
  for (const Fault fault : {Fault::Hang, Fault::InternalError, Fault::LoseCall}) {
    INFO("fault " << fault);
    Scenario scenario;
    scenario.start_controller();
    int patches = 0;
    scenario.script = [&](const Attempt& attempt) {
      const bool is_template_patch =
          attempt.call.verb == Verb::Patch && attempt.targets("/deployments/web") &&
          attempt.call.body.contains("/spec/template") && !attempt.targets("dryRun=");
      patches += is_template_patch ? 1 : 0;
      return is_template_patch ? fault : Fault::None;
    };
    bool is_reported_as_denied = false;
    scenario.at_each_write = [&] {
      is_reported_as_denied =
          is_reported_as_denied || scenario.state("web") == held(Reason::AdmissionDenied);
    };
    scenario.ship_bad_release();
    REQUIRE(scenario.run_until([&] { return patches > 0; }, 3min));
    scenario.run_for(30s);
    scenario.script = {};
    CHECK(scenario.wait_for_rollback());
    CHECK_FALSE(is_reported_as_denied);
    const auto events = scenario.events();
    CHECK(std::ranges::count(events, Reason::PatchRejected) == 0);
    scenario.check_rolled_back_once();
  }
}

// The rollout changes the status all the time, so the patch of the field ownership may lose the
// race for metadata.resourceVersion many times.
TEST_CASE("restores the field ownership after more lost races than one reconcile has attempts") {
  Scenario scenario;
  scenario.start_controller();
  constexpr int races = 12;
  int lost = 0;
  scenario.script = [&](const Attempt& attempt) {
    const bool is_ownership_patch = attempt.call.verb == Verb::Patch &&
                                    attempt.targets("/deployments/web") &&
                                    attempt.call.body.contains("/metadata/managedFields");
    if (!is_ownership_patch || lost == races) return Fault::None;
    ++lost;
    return Fault::Unprocessable;
  };
  scenario.ship_bad_release();
  CHECK(scenario.wait_for_rollback());
  CHECK(lost == races);
  scenario.check_rolled_back_once();
}

//  each read takes 3 s: the reads before the patch are older than the 2 s that are allowed at first
TEST_CASE("rolls back when every read takes 3 s") {
  Scenario scenario;
  scenario.start_controller();
  scenario.script = [](const Attempt& attempt) {
    const bool is_read = !attempt.is_write() && !attempt.targets("watch=");
    return is_read && !attempt.targets("/leases") ? Fault::SlowResponse : Fault::None;
  };
  scenario.ship_bad_release();
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
}

//  patch: 200 ---- the status of the Rollback is written ---- the writes of Events hang
TEST_CASE("records the restored template within 1 s when the writes of Events hang") {
  Scenario scenario;
  scenario.start_controller();
  scenario.ship_bad_release();
  REQUIRE(scenario.run_until([&] { return scenario.is_in_state("web", State::Evaluating); }, 1min));
  scenario.script = [](const Attempt& attempt) {
    return attempt.is_write() && attempt.targets("/events") ? Fault::Hang : Fault::None;
  };
  REQUIRE(scenario.run_until([&] { return scenario.template_changes() == 1; }, 3min));
  scenario.run_for(1s);
  REQUIRE(scenario.rollbacks().size() == 1);
  CHECK(scenario.rollbacks()[0].phase == RollbackPhase::Restored);
  scenario.script = {};
  CHECK(scenario.wait_for_rollback());
  scenario.check_rolled_back_once();
}
