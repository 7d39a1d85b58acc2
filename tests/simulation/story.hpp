// The story most tests tell: app:v1 of Deployment web runs and is good, app:v2 answers 503. And how it has to end.
#pragma once

#include <catch2/catch.hpp>

#include "simulation/world.hpp"

namespace lastgood::simulation {

using namespace std::chrono_literals;

struct Story : World {
  explicit Story(int replicas = 2) {
    write_policy("web", quick_policy());
    deploy("web", "app:v1", {{"lastgood.dev/policy", "web"}}, replicas);
    cluster.health["app:v2"] = {.status = 503};
    REQUIRE(run_until([&] { return rolled_out("web"); }, 1min));
    owners = owners_of_template("web");
  }

  // v1 is known, kept, and all of that is written down.
  void settle(const std::string& who = "one", Lease lease = {}) {
    start(who, lease);
    REQUIRE(run_until([&] { return state("web") == "Idle/PresumedGood"; }, 2min));
    run_for(10s);
  }

  void ship_bad() { ship("web", "app:v2"); }
  bool put_back(Duration limit = 10min) {
    return run_until([&] { return state("web") == "Idle/RolledBack"; }, limit);
  }

  // v1 runs, its fields belong to whom they belonged, the record says so, and there was one change of the template.
  void check_clean_end() const {
    CHECK(state("web") == "Idle/RolledBack");
    CHECK(image("web") == "app:v1");
    CHECK(rolled_out("web"));
    CHECK(template_changes() == 1);
    const auto records = rollbacks();
    CHECK(records.size() == 1);
    CHECK(std::ranges::all_of(records, [](const std::string& record) { return record.ends_with(": Succeeded"); }));
    CHECK(owners_of_template("web") == owners);
    CHECK(broken_promises() == std::vector<std::string>{});
  }

  codec::Json owners;  // of v1's fields, when only its owner had written them
};

}  // namespace lastgood::simulation
