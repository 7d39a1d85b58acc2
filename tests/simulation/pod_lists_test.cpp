// PodView has the pods of the revisions that are evaluated. It watches them by the value of their
// label pod-template-hash (the "hash" below), and lists the pods of a hash that it adds to a
// running watch. Tests: a list and the watch overlap; there are more hashes than one watch can
// have.
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "shell/pod_view.hpp"
#include "simulation/fake/api_client.hpp"
#include "simulation/fake/null_telemetry.hpp"

namespace lastgood::simulation {
namespace {

using namespace std::chrono_literals;
using codec::Json;

const Key web{.namespace_ = "shop", .name = "web"};

bool is_pod_watch(const Attempt& attempt) {
  return attempt.targets("/pods?") && attempt.targets("watch=true");
}
bool is_pod_list(const Attempt& attempt) {
  return attempt.targets("/pods?") && attempt.targets("limit=500");
}

// A pod view beside a server that has only pods. No kubelet changes them.
class PodViewHarness {
 public:
  PodViewHarness() {
    REQUIRE(view.add_scope("").has_value());
    view.start();
  }
  // Destroys the coroutines first: they refer to the members.
  ~PodViewHarness() { io.shut_down(); }
  PodViewHarness(const PodViewHarness&) = delete;
  PodViewHarness& operator=(const PodViewHarness&) = delete;

  // The name of a pod is "DEPLOYMENT-HASH-NUMBER".
  void create_pod(const std::string& hash, const std::string& number,
                  const std::string& deployment = "web") {
    const std::string replica_set = deployment + "-" + hash;
    const Json owner{{"apiVersion", "apps/v1"},
                     {"kind", "ReplicaSet"},
                     {"name", replica_set},
                     {"uid", "set-" + hash},
                     {"controller", true}};
    server.create("pods", {{"metadata",
                            {{"namespace", "shop"},
                             {"name", replica_set + "-" + number},
                             {"labels", {{"pod-template-hash", hash}}},
                             {"ownerReferences", Json::array({owner})}}},
                           {"spec", {{"containers", Json::array()}}},
                           {"status", {{"phase", "Running"}}}});
  }
  void delete_pod(const std::string& name) {
    server.remove("pods", {.namespace_ = "shop", .name = name});
  }

  void want(const std::vector<std::string>& hashes, const Key& deployment = web) {
    guard::PodsWanted wanted{.deployment = deployment, .hashes = {}, .not_older_than = {}};
    for (const std::string& hash : hashes) wanted.hashes.emplace_back(hash);
    view.want(deployment, wanted);
  }
  void drop(const Key& deployment) { view.want(deployment, {}); }

  // The names of the pods of this revision, or the reason why they are not known.
  std::vector<std::string> pods(const std::string& hash, const Key& deployment = web) {
    const auto found = view.pods(deployment, {.hash = TemplateHash(hash)});
    if (!found) return {"not watched"};
    if (!*found) return {"not in sync"};
    std::vector<std::string> names;
    for (const api::Pod& pod : **found) names.push_back(pod.meta.key.name);
    return names;
  }

  void run_for(Duration time) {
    const MonotonicTime end = clock.monotonic_now() + time;
    for (;;) {
      io.restart();
      while (io.poll() > 0) io.restart();
      if (!clock.next() || *clock.next() > end) break;
      clock.advance();
    }
    clock.advance_to(end);
  }

  VirtualClock clock;
  ApiServer server{clock};
  FaultScript script;
  std::vector<std::string> changed = {};  // the Deployments whose pods have changed

 private:
  struct IoContext final : boost::asio::io_context {
    void shut_down() { shutdown(); }
  };
  IoContext io;
  ApiClient client{server, clock, "lastgood", script};
  NullTelemetry telemetry;
  runtime::TaskGroup tasks{io.get_executor()};
  shell::PodView view{io.get_executor(),
                      client,
                      clock,
                      telemetry,
                      tasks,
                      [] { return 0.5; },
                      [this](const Key& key) { changed.push_back(key.name); }};
};

using Names = std::vector<std::string>;

}  // namespace

//  list of b      begins, with pod b-1 .................. ends
//  watch                     b-1 is deleted, b-2 is created
TEST_CASE("does not show a pod of a slow list when the pod was deleted before the list arrived") {
  PodViewHarness harness;
  harness.create_pod("a", "1");
  harness.create_pod("b", "1");
  harness.want({"a"});
  harness.run_for(1s);
  REQUIRE(harness.pods("a") == Names{"web-a-1"});
  harness.script = [](const Attempt& attempt) {
    return is_pod_list(attempt) ? Fault::SlowResponse : Fault::None;
  };
  harness.want({"b", "a"});
  harness.run_for(1s);
  REQUIRE(harness.pods("b") == Names{"not in sync"});
  harness.delete_pod("web-b-1");
  harness.create_pod("b", "2");
  harness.run_for(5s);
  CHECK(harness.pods("b") == Names{"web-b-2"});
}

//  watch    a ---- a,b ............ breaks
//  pods            in sync .................. 5 s later: not in sync
TEST_CASE("shows the pods for 5 s after the watch has broken, also if a hash was added before") {
  PodViewHarness harness;
  harness.create_pod("a", "1");
  harness.want({"a"});
  harness.run_for(1s);
  harness.want({"b", "a"});
  harness.run_for(1min);
  REQUIRE(harness.pods("a") == Names{"web-a-1"});
  int lists = 0;
  harness.script = [&](const Attempt& attempt) {
    if (is_pod_list(attempt)) ++lists;
    return Fault::InternalError;
  };
  harness.server.watches().close_all();
  harness.run_for(4s);
  CHECK(harness.pods("a") == Names{"web-a-1"});
  CHECK(lists == 0);
  harness.run_for(2s);
  CHECK(harness.pods("a") == Names{"not in sync"});
  CHECK(lists > 0);
}

//  250 Deployments: 500 hashes in one watch ---- web: a second watch ---- web is Idle: one watch
TEST_CASE("opens a second watch for the hashes that do not fit into the first") {
  PodViewHarness harness;
  std::vector<std::string> watches;
  int lists = 0;
  harness.script = [&](const Attempt& attempt) {
    if (is_pod_watch(attempt)) watches.push_back(attempt.call.target);
    if (is_pod_list(attempt)) ++lists;
    return Fault::None;
  };
  for (int i = 0; i < 250; ++i) {
    const std::string number = std::to_string(i);
    harness.want({"n" + number, "o" + number}, {.namespace_ = "shop", .name = "app-" + number});
  }
  harness.create_pod("b", "1");
  harness.run_for(1s);
  CHECK(watches.size() == 1);
  harness.want({"b", "a"});
  harness.run_for(1min);
  CHECK(watches.size() == 2);
  CHECK(lists == 0);
  CHECK(harness.pods("b") == Names{"web-b-1"});
  harness.changed.clear();
  harness.create_pod("b", "2");
  harness.create_pod("o7", "1", "app-7");
  harness.run_for(1s);
  std::ranges::sort(harness.changed);
  CHECK(harness.changed == Names{"app-7", "web"});
  CHECK(harness.pods("b") == Names{"web-b-1", "web-b-2"});
  CHECK(harness.pods("o7", {.namespace_ = "shop", .name = "app-7"}) == Names{"app-7-o7-1"});
  // When the first watch has room again, the hashes of web join it.
  harness.drop(web);
  harness.drop({.namespace_ = "shop", .name = "app-0"});
  watches.clear();
  harness.want({"b", "a"});
  harness.run_for(1s);
  REQUIRE(watches.size() == 1);
  CHECK(watches[0].contains("n1%2C"));
  CHECK(harness.pods("b") == Names{"web-b-1", "web-b-2"});
  CHECK(lists == 1);
}

}  // namespace lastgood::simulation
