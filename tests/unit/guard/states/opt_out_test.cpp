// A write that changes the template and ends the opt-in, and the next opt-in.
#include "guard/states/opt_out.hpp"

#include <catch2/catch.hpp>

#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

// v2 came with the write that ended the opt-in.
DeploymentHarness lost_opt_in(const std::string& policy = "RollbackPolicy/web") {
  DeploymentHarness harness = running_v1();
  harness.policy.name = policy;
  harness.reconcile();
  return harness.ship("v2").opt_out().reconcile();
}

std::string event_note(const DeploymentHarness& harness) {
  for (const EventRecord& event : harness.events)
    if (event.reason == Reason::OptInLost) return event.note;
  return "";
}

}  // namespace

TEST_CASE("warns once when one write changes the template and ends the opt-in") {
  DeploymentHarness harness = lost_opt_in();
  CHECK(harness.last_plan.opt_in_lost);
  CHECK(harness.state() == idle(Reason::NotOptedIn));
  CHECK(event_note(harness) ==
        "The last write changed the template and ended the opt-in: the annotation "
        "lastgood.dev/policy, or the label that the policy selects, is gone. The new template is "
        "not evaluated. To opt in again: kubectl annotate deployment web -n shop "
        "lastgood.dev/policy=web. Add the annotation to the manifest too");
  CHECK(harness.guard.message == event_note(harness));
  harness.roll_out().pass_time(1min).reconcile().reconcile();
  CHECK(harness.emitted(Reason::OptInLost) == 1);
  CHECK_FALSE(harness.last_plan.opt_in_lost);
  CHECK(harness.guard.message == event_note(harness));
}

TEST_CASE("names the annotation of the policy when the opt-in is lost") {
  CHECK_THAT(event_note(lost_opt_in("ConfigMap/settings")),
             Catch::Contains("the annotation lastgood.dev/config-map is gone") &&
                 Catch::Contains(" lastgood.dev/config-map=settings."));
  CHECK_THAT(event_note(lost_opt_in("built-in")),
             Catch::Contains("the annotation lastgood.dev/enabled is gone") &&
                 Catch::Contains(" lastgood.dev/enabled=true."));
}

TEST_CASE("evaluates a release that came with the loss of the opt-in after the next opt-in") {
  DeploymentHarness harness = lost_opt_in().roll_out().reconcile();
  harness.restart().pass_time(24h).opt_in().reconcile();
  CHECK(harness.current() == HashAndVerdict{"v2", RevisionVerdict::Evaluating});
  CHECK(harness.emitted(Reason::PresumedGood) == 1);
  harness.fail_three_times();
  CHECK(harness.deployed_template() == "v1");
}

TEST_CASE("keeps the verdict of a good revision that came with the loss of the opt-in") {
  DeploymentHarness harness = baking_v2().pass_checks_for(11min);
  REQUIRE(harness.state() == idle(Reason::Good));
  harness.ship("v1").roll_out().opt_out().reconcile();
  CHECK(harness.emitted(Reason::OptInLost) == 1);
  harness.opt_in().reconcile();
  CHECK(harness.current() == HashAndVerdict{"v1", RevisionVerdict::PresumedGood});
}

TEST_CASE("does not warn when a user opts out on purpose or without a new template") {
  DeploymentHarness same_template = running_v1().opt_out().reconcile();
  CHECK(same_template.emitted(Reason::OptInLost) == 0);
  DeploymentHarness disabled = running_v1().ship("v2").opt_out();
  disabled.deployment.meta.annotations["lastgood.dev/enabled"] = "false";
  disabled.reconcile();
  CHECK(disabled.emitted(Reason::OptInLost) == 0);
  DeploymentHarness shipped_later = running_v1().opt_out().reconcile().ship("v2").roll_out();
  shipped_later.reconcile();
  CHECK(shipped_later.emitted(Reason::OptInLost) == 0);
  CHECK(shipped_later.opt_in().reconcile().state() == idle(Reason::PresumedGood));
}

TEST_CASE("presumes a later release good when it was applied after the loss of the opt-in") {
  DeploymentHarness harness = lost_opt_in().ship("v3").roll_out().reconcile();
  CHECK(harness.state() == idle(Reason::NotOptedIn));
  CHECK(harness.opt_in().reconcile().state() == idle(Reason::PresumedGood));
}
