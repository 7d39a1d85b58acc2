// A user ends the opt-in between the decision and the patch of the template.
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

// While the watches of Deployments and policies lag, `opt_out` runs before the record is created.
// Without the opt-out, the release would be rolled back.
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

TEST_CASE("keeps the template when the annotation is removed before the patch") {
  Scenario scenario;
  check_not_rolled_back(scenario,
                        [&] { scenario.annotate("web", {{"lastgood.dev/policy", nullptr}}); });
}
