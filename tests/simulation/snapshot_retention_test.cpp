// Snapshots that can no longer be the target of a rollback are deleted.
#include "simulation/users.hpp"

using namespace lastgood::simulation;
using lastgood::api::Verb;
using lastgood::codec::Json;

namespace {

// v1 and v2 are good, and there is one more snapshot, of a revision that no longer exists.
struct OldSnapshot : TwoGoodReleases {
  OldSnapshot() {
    Json old = *server.all("controllerrevisions", shop).at(0);
    old["metadata"]["name"] = "old";
    old["data"]["hash"] = "old";
    server.create("controllerrevisions", old);
  }

  // Makes the controller create a snapshot of v3. After that it deletes unneeded snapshots.
  void make_v3_good() {
    ship("web", "app:v3");
    REQUIRE(run_until([&] { return state("web") == idle(Reason::Good); }, 3min));
  }

  [[nodiscard]] bool has_old_snapshot() const {
    return server.find("controllerrevisions", {shop, "old"}) != nullptr;
  }
};

bool is_snapshot_deletion(const Attempt& attempt) {
  return attempt.call.verb == Verb::Delete && attempt.targets("/controllerrevisions/");
}

}  // namespace

TEST_CASE("deletes an old snapshot, also when the deletion fails at first") {
  OldSnapshot scenario;
  int deletions = 0;
  scenario.script = [&](const Attempt& attempt) {
    return is_snapshot_deletion(attempt) && ++deletions <= 2 ? Fault::InternalError : Fault::None;
  };
  scenario.make_v3_good();
  scenario.run_for(1min);
  CHECK(deletions == 3);
  CHECK_FALSE(scenario.has_old_snapshot());
}

TEST_CASE("keeps a snapshot whose deletion the API server denies, and tries no more") {
  OldSnapshot scenario;
  int deletions = 0;
  int lists = 0;
  scenario.script = [&](const Attempt& attempt) {
    const bool is_list = attempt.call.verb == Verb::Get && attempt.targets("/controllerrevisions?");
    if (is_list) ++lists;
    if (!is_snapshot_deletion(attempt)) return Fault::None;
    ++deletions;
    return Fault::AdmissionDenied;
  };
  scenario.make_v3_good();
  scenario.run_for(10min);
  CHECK(deletions == 1);
  CHECK(lists == 1);
  CHECK(scenario.has_old_snapshot());
  CHECK(scenario.violations() == no_violations);
}
