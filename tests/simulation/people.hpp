// What people ask for in these stories, and the stories of two good releases and of a group. Judges nothing itself.
#pragma once

#include "simulation/story.hpp"

namespace lastgood::simulation {

inline void ask_for_rollback(World& world, const std::string& name, codec::Json spec) {
  const codec::Json rollback{{"apiVersion", "lastgood.dev/v1alpha1"},
                           {"kind", "Rollback"},
                           {"metadata", {{"name", name}, {"namespace", shop}}},
                           {"spec", std::move(spec)}};
  const Answer answer =
      world.person({.verb = api::Verb::Post,
                    .target = "/apis/lastgood.dev/v1alpha1/namespaces/shop/rollbacks?fieldManager=kubectl-create",
                    .body = rollback.dump()});
  REQUIRE(answer.status == 201);
}

inline std::string phase_of(const World& world, const std::string& name) {
  const codec::Json* rollback = world.server.find("rollbacks", {shop, name});
  return rollback ? rollback->value(codec::Json::json_pointer("/status/phase"), std::string()) : "";
}

// What a person asked for by that name ends well, with one change of the template, whoever leads by then.
inline void check_done_once(World& world, const std::string& name) {
  world.run_until([&] { return phase_of(world, name) == "Succeeded"; }, std::chrono::minutes(5));
  world.run_for(std::chrono::seconds(15));
  CHECK(phase_of(world, name) == "Succeeded");
  CHECK(world.image("web") == "app:v1");
  CHECK(world.template_changes() == 1);
  CHECK(world.broken_promises() == std::vector<std::string>{});
}

// v2 is as good as v1.
struct GoodStory : Story {
  GoodStory() {
    cluster.health["app:v2"] = {.status = 200};
    settle();
    ship("web", "app:v2");
    REQUIRE(run_until([&] { return state("web") == "Idle/Good"; }, 3min));
    run_for(10s);
  }
};

inline codec::Json in_group(int order) {
  return {{"lastgood.dev/policy", "web"}, {"lastgood.dev/group", "shop"}, {"lastgood.dev/group-order", std::to_string(order)}};
}

// api, web and db are of one group, and good.
struct GoodGroupStory : Story {
  GoodGroupStory() : Story(1) {
    merge("deployments", "web", {{"metadata", {{"annotations", in_group(3)}}}});
    deploy("db", "app:v1", in_group(1), 1);
    deploy("api", "app:v1", in_group(2), 1);
    cluster.health["app:v3"] = {.status = 200};
    run_for(30s);
    settle();
    run_for(20s);
  }
  bool all_back(Duration limit) {
    return run_until(
        [&] {
          return state("db") == "Idle/RolledBack" && state("api") == "Idle/RolledBack" && state("web") == "Idle/RolledBack";
        },
        limit);
  }
};

// They are released together; api turns out bad.
struct GroupStory : GoodGroupStory {
  GroupStory() {
    ship("db", "app:v3");
    ship("web", "app:v3");
    ship("api", "app:v2");
  }
};

}  // namespace lastgood::simulation
