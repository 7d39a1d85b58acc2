// Users change Deployments between the record of a rollback and its patch, 1,000 times in a long
// run, and otherwise 100 times. The change of the user is never overwritten.
#include <fmt/format.h>

#include "simulation/fake/object_fields.hpp"
#include "simulation/users.hpp"
#include "support/long_run.hpp"

using namespace lastgood::simulation;
using lastgood::Key;
using lastgood::codec::Json;

namespace {

constexpr int deployments = 5;
constexpr int parts = 4;  // which `./dev test` runs at the same time

enum class Change : std::uint8_t { Ship, Scale, OptOut, Pause, Annotate };
constexpr int changes = 5;

std::string name_of(int number) { return fmt::format("web-{}", number); }

// One user, who waits for the record of a rollback, and then acts before a later call.
struct User {
  std::string name;  // of the Deployment
  Change change = Change::Ship;
  int calls = 0;  // of the controller for this Deployment, from the record to the change
  bool is_recorded = false;
  bool has_acted = false;
  bool was_in_time = false;  // the template was not patched yet
  std::string image = {};    // after the change
};

class Races : public Simulation {
 public:
  Races() {
    Json policy = quick_policy();
    policy["rollback"]["limit"] = {{"count", 20}, {"within", "1h"}};
    write_policy("web", policy);
    for (int i = 0; i < deployments; ++i)
      deploy(name_of(i), "app:v1", {{"lastgood.dev/policy", "web"}}, 1);
    run_for(30s);
    shared_cause.deployments = 0;  // all releases fail at the same time
    start("one");
    REQUIRE(run_until([&] { return all_are(State::Idle); }, 10min));
    run_for(4min);
    script = [this](const Attempt& attempt) {
      for (User& user : users_) observe(user, attempt);
      return Fault::None;
    };
  }

  // Ships a bad release of each Deployment, and a user changes each one during its rollback.
  // Returns how many changes came between the record and the patch.
  int play(int round) {
    const std::string bad = fmt::format("app:bad-{}", round);
    cluster.health[bad] = {.status = 503};
    users_.clear();
    for (int i = 0; i < deployments; ++i) {
      users_.push_back({.name = name_of(i),
                        .change = static_cast<Change>((round + i) % changes),
                        .calls = (round / changes + i) % 4});
      ship(name_of(i), bad);
    }
    round_ = round;
    run_until([&] { return std::ranges::all_of(users_, &User::has_acted); }, 5min);
    run_for(10s);
    int in_time = 0;
    for (const User& user : users_) {
      check(user);
      in_time += user.was_in_time ? 1 : 0;
    }
    recover();
    return in_time;
  }

 private:
  void observe(User& user, const Attempt& attempt) {
    if (user.has_acted) return;
    const bool is_record =
        is_new_rollback(attempt) && attempt.call.body.contains("\"" + user.name + "\"");
    user.is_recorded = user.is_recorded || is_record;
    if (!user.is_recorded) return;
    if (!is_record && !attempt.targets("/deployments/" + user.name)) return;
    if (user.calls-- > 0) return;
    user.has_acted = true;
    user.was_in_time = image(user.name).starts_with("app:bad-");
    act(user);
    user.image = image(user.name);
  }

  void act(const User& user) {
    switch (user.change) {
      case Change::Ship: return ship(user.name, fmt::format("app:user-{}", round_));
      case Change::Scale:
        return merge_patch("deployments", user.name, {{"spec", {{"replicas", 2}}}});
      case Change::OptOut: return annotate(user.name, {{"lastgood.dev/enabled", "false"}});
      case Change::Pause:
        return merge_patch("deployments", user.name, {{"spec", {{"paused", true}}}});
      case Change::Annotate:
        return annotate(user.name, {{"example.com/note", std::to_string(round_)}});
    }
  }

  void check(const User& user) const {
    INFO(user.name << " in round " << round_);
    CHECK(user.has_acted);
    const Json& found = *server.find("deployments", {.namespace_ = shop, .name = user.name});
    switch (user.change) {
      case Change::Ship: CHECK(image(user.name) == fmt::format("app:user-{}", round_)); break;
      case Change::Scale: CHECK(found["spec"]["replicas"] == 2); break;
      case Change::OptOut: CHECK(image(user.name) == user.image); break;
      case Change::Pause: CHECK(image(user.name) == user.image); break;
      case Change::Annotate:
        CHECK(text(found, "/metadata/annotations/example.com~1note") == std::to_string(round_));
        break;
    }
    CHECK(violations() == no_violations);
  }

  // Each Deployment gets a new good release.
  void recover() {
    users_.clear();
    for (int i = 0; i < deployments; ++i) {
      merge_patch("deployments", name_of(i), {{"spec", {{"paused", false}, {"replicas", 1}}}});
      annotate(name_of(i), {{"lastgood.dev/enabled", nullptr}});
      ship(name_of(i), fmt::format("app:good-{}", round_));
    }
    run_for(10s);
    REQUIRE(run_until([&] { return all_are(State::Idle); }, 10min));
  }

  [[nodiscard]] bool all_are(State state) const {
    for (int i = 0; i < deployments; ++i) {
      if (!is_in_state(name_of(i), state)) return false;
    }
    return true;
  }

  std::vector<User> users_;
  int round_ = 0;
};

// The races of one of the parts.
void play_races(int part) {
  constexpr int rounds_of_one_cluster = 20;
  const int races = (lastgood::testing::is_long_run() ? 1'000 : 100) / parts;
  int in_time = 0;
  for (int round = part; in_time < races;) {
    Races cluster;
    for (int i = 0; i < rounds_of_one_cluster && in_time < races; ++i, round += parts)
      in_time += cluster.play(round);
    REQUIRE(round <= races * parts);
  }
  CHECK(in_time >= races);
}

}  // namespace

//  record ---- a user acts ---- patch      5 Deployments at the same time
TEST_CASE("never overwrites the change of a user before the patch, part 1") { play_races(0); }
TEST_CASE("never overwrites the change of a user before the patch, part 2") { play_races(1); }
TEST_CASE("never overwrites the change of a user before the patch, part 3") { play_races(2); }
TEST_CASE("never overwrites the change of a user before the patch, part 4") { play_races(3); }
