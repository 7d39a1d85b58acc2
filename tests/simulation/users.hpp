// Actions of users that more than one test needs, and scenarios of two good releases and of groups.
#pragma once

#include <functional>
#include <utility>

#include "simulation/scenario.hpp"

namespace lastgood::simulation {

inline void create_rollback(Simulation& simulation, const std::string& name, codec::Json spec) {
  const codec::Json rollback{{"apiVersion", "lastgood.dev/v1alpha1"},
                             {"kind", "Rollback"},
                             {"metadata", {{"name", name}, {"namespace", shop}}},
                             {"spec", std::move(spec)}};
  const ApiResponse response = simulation.call_as_user(
      {.verb = api::Verb::Post,
       .target =
           "/apis/lastgood.dev/v1alpha1/namespaces/shop/rollbacks?fieldManager=kubectl-create",
       .body = rollback.dump()});
  REQUIRE(response.status == 201);
}

inline void delete_rollback(Simulation& simulation, const std::string& name) {
  const ApiResponse response = simulation.call_as_user(
      {.verb = api::Verb::Delete,
       .target = "/apis/lastgood.dev/v1alpha1/namespaces/shop/rollbacks/" + name});
  REQUIRE(response.status == 200);
}

// Approves one Rollback in its spec.
inline void approve(Simulation& simulation, const std::string& name) {
  simulation.merge_patch("rollbacks", name, {{"spec", {{"approved", true}}}});
}

// Nothing if the Rollback does not exist or has no status yet.
inline std::optional<RollbackPhase> phase_of(const Simulation& simulation,
                                             const std::string& name) {
  for (const NameAndPhase& rollback : simulation.rollbacks()) {
    if (rollback.name == name) return rollback.phase;
  }
  return std::nullopt;
}

// Waits at most 5 minutes until the manual Rollback of web succeeds. Checks that app:v1 is restored
// with one change of the template.
inline void check_manual_rollback_succeeds_once(Simulation& simulation, const std::string& name) {
  simulation.run_until([&] { return phase_of(simulation, name) == RollbackPhase::Succeeded; },
                       5min);
  simulation.run_for(15s);
  CHECK(phase_of(simulation, name) == RollbackPhase::Succeeded);
  CHECK(simulation.image("web") == "app:v1");
  CHECK(simulation.template_changes() == 1);
  CHECK(simulation.violations() == no_violations);
}

// app:v1 is presumed good, and app:v2 became good after it.
struct TwoGoodReleases : Scenario {
  TwoGoodReleases() {
    cluster.health["app:v2"] = {.status = 200};
    start_controller();
    ship("web", "app:v2");
    REQUIRE(run_until([&] { return state("web") == idle(Reason::Good); }, 3min));
    run_for(10s);
  }
};

inline codec::Json group_annotations(int order) {
  return {{"lastgood.dev/policy", "web"},
          {"lastgood.dev/group", "shop"},
          {"lastgood.dev/group-order", std::to_string(order)}};
}

// Deployments db, api and web form one group. Each runs app:v1, which is presumed good.
struct GoodGroup : Scenario {
  GoodGroup() : Scenario(1) {
    annotate("web", group_annotations(3));
    deploy("db", "app:v1", group_annotations(1), 1);
    deploy("api", "app:v1", group_annotations(2), 1);
    cluster.health["app:v3"] = {.status = 200};
    run_for(30s);
    start_controller();
    run_until(
        [&] { return checks_established("db") == "True" && checks_established("api") == "True"; },
        4min);
    run_for(20s);
  }
  bool all_roll_back_within(Duration limit) {
    return run_until(
        [&] {
          return state("db") == idle(Reason::RolledBack) &&
                 state("api") == idle(Reason::RolledBack) &&
                 state("web") == idle(Reason::RolledBack);
        },
        limit);
  }
};

// db, api and web are released together, and the release of api is bad.
struct BadGroup : GoodGroup {
  BadGroup() {
    ship("db", "app:v3");
    ship("web", "app:v3");
    ship("api", "app:v2");
  }
};

inline bool is_template_patch(const Attempt& attempt) {
  return attempt.call.verb == api::Verb::Patch && attempt.targets("/deployments/web") &&
         attempt.call.body.contains("/spec/template") && !attempt.targets("dryRun=");
}

inline bool is_new_rollback(const Attempt& attempt) {
  return attempt.call.verb == api::Verb::Post && attempt.targets("/rollbacks");
}

// Runs `action` just before the server handles the first call that matches.
inline FaultScript run_before_first(bool (*matches)(const Attempt&), std::function<void()> action) {
  return [matches, action = std::move(action), is_done = false](const Attempt& attempt) mutable {
    if (!is_done && matches(attempt)) {
      is_done = true;
      action();
    }
    return Fault::None;
  };
}

}  // namespace lastgood::simulation
