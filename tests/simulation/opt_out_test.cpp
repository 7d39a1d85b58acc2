// A user ends the opt-in: between the decision and the patch, or with the same write that ships a
// release.
#include "simulation/users.hpp"

using namespace lastgood::simulation;
using lastgood::codec::Json;

namespace {

const Json selector{{"matchLabels", {{"tier", "web"}}}};

// Deployment web is selected by its label instead of named by an annotation.
void opt_in_by_label(Scenario& scenario) {
  scenario.merge_patch("rollbackpolicies", "web", {{"spec", {{"selector", selector}}}});
  scenario.merge_patch(
      "deployments", "web",
      {{"metadata",
        {{"labels", {{"tier", "web"}}}, {"annotations", {{"lastgood.dev/policy", nullptr}}}}}});
}

// Checks that a bad release is not rolled back if `opt_out` runs just before the record is created.
// The watches of Deployments and policies are stalled, so the controller does not see the opt-out
// in a watch.
void check_not_rolled_back(Scenario& scenario, const std::function<void()>& opt_out) {
  scenario.start_controller();
  bool has_opted_out = false;
  scenario.script = run_before_first(is_new_rollback, [&] {
    scenario.server.watches().stall("deployments");
    scenario.server.watches().stall("rollbackpolicies");
    opt_out();
    has_opted_out = true;
  });
  scenario.ship_bad_release();
  scenario.run_for(3min);
  REQUIRE(has_opted_out);
  CHECK(scenario.template_changes() == 0);
  scenario.server.watches().resume("deployments");
  scenario.server.watches().resume("rollbackpolicies");
  scenario.run_for(2min);
  CHECK(scenario.template_changes() == 0);
  CHECK(scenario.image("web") == "app:v2");
  CHECK(scenario.violations() == no_violations);
}

}  // namespace

TEST_CASE("keeps the template when the selected label is removed before the patch") {
  Scenario scenario;
  opt_in_by_label(scenario);
  check_not_rolled_back(scenario, [&] {
    scenario.merge_patch("deployments", "web", {{"metadata", {{"labels", {{"tier", nullptr}}}}}});
  });
}

TEST_CASE("keeps the template when the policy selects other labels before the patch") {
  Scenario scenario;
  opt_in_by_label(scenario);
  check_not_rolled_back(scenario, [&] {
    scenario.merge_patch("rollbackpolicies", "web",
                         {{"spec", {{"selector", {{"matchLabels", {{"tier", "db"}}}}}}}});
  });
}

TEST_CASE("keeps the template when a second policy selects the Deployment before the patch") {
  Scenario scenario;
  opt_in_by_label(scenario);
  check_not_rolled_back(scenario, [&] {
    Json policy = quick_policy();
    policy["selector"] = selector;
    scenario.write_policy("tier", policy);
  });
}

// A change of a label or of the policy does not change the generation of the Deployment, so the
// patch alone would not notice it.
TEST_CASE("keeps the template when a user opts out while a response is slow") {
  const auto is_policy_read = [](const Attempt& attempt) {
    return attempt.call.verb == lastgood::api::Verb::Get &&
           attempt.call.target.contains("/rollbackpolicies");
  };
  const std::vector<std::function<bool(const Attempt&)>> slow_calls{is_new_rollback,
                                                                    is_policy_read};
  const Json no_label{{"metadata", {{"labels", {{"tier", nullptr}}}}}};
  const Json suspend{{"spec", {{"suspend", true}}}};
  for (const auto& is_slow : slow_calls) {
    for (const bool removes_label : {true, false}) {
      Scenario scenario;
      opt_in_by_label(scenario);
      scenario.start_controller();
      bool is_held_up = false;
      scenario.script = [&](const Attempt& attempt) {
        const bool is_watch = attempt.call.target.contains("watch=");
        if (is_held_up || is_watch || !is_slow(attempt)) return Fault::None;
        is_held_up = true;
        scenario.server.watches().stall("deployments");
        scenario.server.watches().stall("rollbackpolicies");
        scenario.clock.call_at(scenario.clock.monotonic_now() + 1s, [&] {
          removes_label ? scenario.merge_patch("deployments", "web", no_label)
                        : scenario.merge_patch("rollbackpolicies", "web", suspend);
        });
        return Fault::SlowResponse;
      };
      scenario.ship_bad_release();
      scenario.run_for(3min);
      INFO("removes the label: " << removes_label);
      REQUIRE(is_held_up);
      CHECK(scenario.template_changes() == 0);
      CHECK(scenario.image("web") == "app:v2");
    }
  }
}

TEST_CASE("keeps the template when the annotation is removed before the patch") {
  Scenario scenario;
  check_not_rolled_back(scenario,
                        [&] { scenario.annotate("web", {{"lastgood.dev/policy", nullptr}}); });
}

// v1 ---- kubectl replace: v2, without annotations ---- opted in again
TEST_CASE("evaluates a release that removed the opt-in when the Deployment opts in again") {
  Scenario scenario;
  scenario.start_controller();
  scenario.run_for(10min);  // the check is established for v1
  scenario.cluster.health["app:v2"] = {.status = 200};
  const Json* live = scenario.server.find("deployments", {shop, "web"});
  Json manifest = *live;
  manifest["metadata"].erase("annotations");
  manifest["metadata"].erase("resourceVersion");
  manifest["spec"]["template"]["spec"]["containers"][0]["image"] = "app:v2";
  const ApiResponse replaced = scenario.call_as_user(
      {.verb = lastgood::api::Verb::Put,
       .target = "/apis/apps/v1/namespaces/shop/deployments/web?fieldManager=kubectl-replace",
       .body = manifest.dump()});
  REQUIRE(replaced.status == 200);
  scenario.run_for(1min);
  CHECK(scenario.state("web") == idle(Reason::NotOptedIn));
  CHECK(std::ranges::count(scenario.events(), Reason::OptInLost) == 1);
  CHECK(scenario.is_rolled_out("web"));
  scenario.kill("one");
  scenario.start("two");
  scenario.run_for(1min);
  CHECK(std::ranges::count(scenario.events(), Reason::OptInLost) == 1);
  scenario.cluster.health["app:v2"] = {.status = 503};
  scenario.annotate("web", {{"lastgood.dev/policy", "web"}});
  REQUIRE(scenario.run_until([&] { return scenario.is_in_state("web", State::Evaluating); }, 1min));
  CHECK(scenario.run_until([&] { return scenario.image("web") == "app:v1"; }, 3min));
  CHECK(scenario.violations() == no_violations);
}
