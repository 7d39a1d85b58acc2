// Random histories of releases, slow starts, outages, dying nodes, wrong policies, restarts and
// users. Each history knows which images are defective, so it knows whether a rollback helps:
// - A rollback replaces a defective image by a working one.
// - A defective release is rolled back if the Deployment was healthy before it.
//
// A rollback that does not help is allowed in an outage that nobody can tell from a bad release. In
// an outage, a dependency of every image fails. Nobody can tell it from a bad release if:
// - the outage begins when no working pod of an older revision can be reached, or when the last of
//   these pods end
// - the policy is edited in the outage, when these pods are gone: the edit discards the results of
//   the old check
//
// A defective release may remain if it has only one pod and this pod never responds. If no other
// pod on its node has responded, the network between the controller and the node may be blocked.
//
// LASTGOOD_HISTORIES sets the number of histories, and LASTGOOD_FIRST_HISTORY the number of the
// first. The number of a history is its seed.
#include <fmt/format.h>

#include <cstdlib>
#include <random>

#include "simulation/scenario.hpp"

using namespace lastgood;
using namespace lastgood::simulation;

namespace {

enum class Defect : std::uint8_t { None, Returns503, Hangs, Crashes, NeverReady };

std::string image_of(int version) { return "app:v" + std::to_string(version); }

class History : public Simulation {
 public:
  explicit History(unsigned seed) : random_(seed) {
    codec::Json policy = quick_policy();
    policy["rollback"]["limit"] = {{"count", 20}, {"within", "1h"}};
    write_policy("web", policy);
    cluster.nodes.names = {"node-1", "node-2"};
    deploy("web", image_of(1), {{"lastgood.dev/policy", "web"}}, 2);
    defects_[image_of(1)] = Defect::None;
    running_ = image_of(1);
    REQUIRE(run_until([&] { return is_rolled_out("web"); }, 1min));
    start("one");
    REQUIRE(run_until([&] { return state("web") == idle(Reason::PresumedGood); }, 2min));
    run_for(20s);
    at_each_write = [this] { observe_image(); };
  }

  // Random events, then a calm time, then a defective release.
  void play() {
    const int events = 2 + choose(8);
    for (int i = 0; i < events; ++i) {
      run_for(std::chrono::seconds(1 + choose(one_in(3) ? 300 : 40)));
      random_event();
    }
    if (cluster.outage) set_outage(false);
    if (!cluster.nodes.dead.empty()) change_node();
    if (path_ != "/health") set_path("/health");
    run_for(15min);
    const auto before = state("web");
    const auto defect = static_cast<Defect>(1 + choose(4));
    const bool is_silent_alone = defect == Defect::Hangs && replicas_ == 1;
    must_roll_back_ =
        before && before->state == State::Idle && !is_defective(image("web")) && !is_silent_alone;
    release(defect);
    run_for(20min);
  }

  [[nodiscard]] bool is_defective(const std::string& image) const {
    return defects_.at(image) != Defect::None;
  }
  [[nodiscard]] bool must_roll_back() const { return must_roll_back_; }
  [[nodiscard]] std::string message() const {
    return server.find("deploymentguards", {shop, "web"})->at("status").value("message", "");
  }
  [[nodiscard]] const std::string& harmful() const { return harmful_; }
  [[nodiscard]] const std::string& log() const { return log_; }

 private:
  int choose(int count) { return std::uniform_int_distribution<int>(0, count - 1)(random_); }
  bool one_in(int count) { return choose(count) == 0; }

  void random_event() {
    switch (choose(10)) {
      case 0: return set_outage(!cluster.outage);
      case 1: return set_path(path_ == "/health" ? "/wrong" : "/health");
      case 2: return restart_controller();
      case 3: return scale();
      case 4: return change_node();
      default: return release(one_in(2) ? Defect::None : static_cast<Defect>(1 + choose(4)));
    }
  }

  void release(Defect defect) {
    const std::string next = image_of(++version_);
    defects_[next] = defect;
    const int startup = one_in(3) ? 20 + choose(100) : 1;  // seconds
    cluster.health[next] = {.starts = defect != Defect::Crashes,
                            .ready = defect != Defect::NeverReady,
                            .status = defect == Defect::Returns503 ? 503 : 200,
                            .hangs = defect == Defect::Hangs,
                            .startup = std::chrono::seconds(startup),
                            .startup_status = startup > 1 ? 503 : 200};
    log_ += fmt::format(" | ship {}{}, starts in {} s", next,
                        defect == Defect::None ? "" : " (defective)", startup);
    // Pods of a defective revision fail with and without an outage, so they do not show the outage.
    outage_is_undetectable_ = cluster.outage && (outage_is_undetectable_ || is_defective(running_));
    running_ = next;
    ship("web", next);
  }

  void set_outage(bool on) {
    cluster.outage = on;
    log_ += on ? " | outage" : " | outage ends";
    if (!on) return;
    // Old pods show the outage after they were measured twice in it.
    outage_is_undetectable_ = true;
    run_for(25s);
    outage_is_undetectable_ = !has_old_pods();
  }

  // A pod of an older revision that works and can be probed. Pods on a dead node stay in the API.
  [[nodiscard]] bool has_old_pods() const {
    const auto shows_outage = [&](const codec::Json* pod) {
      const std::string image = (*pod)["spec"]["containers"][0]["image"];
      const bool is_on_dead_node =
          cluster.nodes.dead.contains((*pod)["spec"].value("nodeName", ""));
      return image != running_ && !is_defective(image) && !is_on_dead_node;
    };
    return std::ranges::any_of(server.all("pods"), shows_outage);
  }

  void set_path(const char* path) {
    codec::Json checks = quick_policy()["checks"];
    checks[0]["http"]["path"] = path;
    merge_patch("rollbackpolicies", "web", {{"spec", {{"checks", checks}}}});
    path_ = path;
    if (cluster.outage && !has_old_pods()) outage_is_undetectable_ = true;
    log_ += fmt::format(" | path {}", path);
  }

  void restart_controller() {
    kill("one");
    run_for(std::chrono::seconds(choose(60)));
    start("one");
    log_ += " | restart";
  }

  // A node dies, or the dead node returns.
  void change_node() {
    std::set<std::string>& dead = cluster.nodes.dead;
    if (dead.empty()) {
      dead.insert("node-2");
    } else {
      dead.clear();
    }
    log_ += dead.empty() ? " | node-2 returns" : " | node-2 dies";
  }

  void scale() {
    replicas_ = 1 + choose(4);
    merge_patch("deployments", "web", {{"spec", {{"replicas", replicas_}}}});
    log_ += fmt::format(" | scale {}", replicas_);
  }

  // Notes a rollback, if the last write was one.
  void observe_image() {
    const std::string restored = image("web");
    if (restored == running_) return;
    const bool helps = is_defective(running_) && !is_defective(restored);
    if (!helps && !outage_is_undetectable_)
      harmful_ += fmt::format(" {} -> {}", running_, restored);
    log_ += fmt::format(" | [rolled back {} to {}]", running_, restored);
    running_ = restored;
  }

  std::mt19937 random_;
  std::map<std::string, Defect> defects_;
  std::string running_;  // the image of the present template
  std::string path_ = "/health";
  bool outage_is_undetectable_ = false;
  bool must_roll_back_ = false;  // the last release is defective, and its target is healthy
  int replicas_ = 2;
  std::string harmful_;  // the rollbacks that did not help and are not allowed
  std::string log_;
  int version_ = 1;
};

unsigned number_from(const char* variable, unsigned fallback) {
  const char* text = std::getenv(variable);
  return text ? static_cast<unsigned>(std::strtoul(text, nullptr, 10)) : fallback;
}

}  // namespace

TEST_CASE("rolls back exactly when it helps in random histories") {
  const unsigned first = number_from("LASTGOOD_FIRST_HISTORY", 1);
  const unsigned histories = number_from("LASTGOOD_HISTORIES", 40);
  unsigned rolled_back = 0;
  for (unsigned seed = first; seed < first + histories; ++seed) {
    History history(seed);
    history.play();
    INFO("history " << seed << ":" << history.log());
    CHECK(history.harmful().empty());
    CHECK(history.violations() == no_violations);
    if (!history.must_roll_back()) continue;
    ++rolled_back;
    const auto state = history.state("web");
    CAPTURE(state, history.message());
    CHECK_FALSE(history.is_defective(history.image("web")));
  }
  // Few histories say nothing about the share of the rollbacks.
  if (histories >= 20) CHECK(rolled_back * 2 > histories);
}
