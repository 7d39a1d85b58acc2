// The API calls that one preflight makes, and how long their results are reused. The evaluation of
// the results has its own tests in tests/unit/rollback.
#include "shell/preflight_runner.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "rollback/snapshot.hpp"
#include "simulation/fake/api_client.hpp"
#include "simulation/fake/leadership.hpp"
#include "support/printers.hpp"

namespace lastgood::simulation {
namespace {

using api::ConditionStatus;
using api::Reason;
using codec::Json;

const Key web{.namespace_ = "shop", .name = "web"};

Json object(const std::string& name) {
  return {{"metadata", {{"namespace", "shop"}, {"name", name}}}};
}

Json deployment(const std::string& image) {
  Json container{{"name", "app"}, {"image", image}};
  container["envFrom"] =
      Json::array({{{"configMapRef", {{"name", "settings"}}}}, {{"secretRef", {{"name", "db"}}}}});
  Json out = object("web");
  out["spec"] = {
      {"replicas", 3},
      {"template",
       {{"spec", {{"containers", Json::array({container})}, {"serviceAccountName", "web"}}}}}};
  return out;
}

// Deployment web runs a bad revision. The good one has a snapshot, and every object that its
// template refers to exists.
class PreflightHarness {
 public:
  explicit PreflightHarness(bool may_read_secrets = false)
      : runner(gateway, clock, may_read_secrets) {
    leadership.current = 1;
    server.create("configmaps", object("settings"));
    server.create("secrets", object("db"));
    server.create("serviceaccounts", object("web"));
    server.create("deployments", deployment("good"));
    const api::Revision good{.hash = TemplateHash("good1"), .number = 1};
    const Json snapshot = *rollback::build_snapshot(*server.find("deployments", web), good);
    target = good;
    target.snapshot = snapshot["metadata"]["name"].get<std::string>();
    server.create("controllerrevisions", snapshot);
    server.change("deployments", web, [](Json& live) { live["spec"] = deployment("bad")["spec"]; });
  }

  // Runs one preflight in the term 1.
  api::Preflight check() {
    const auto live = *codec::parse_deployment(*server.find("deployments", web));
    std::optional<api::Preflight> result;
    targets_called.clear();
    boost::asio::co_spawn(io, runner.check(live, target, 1),
                          [&](const std::exception_ptr& error, api::Preflight preflight) {
                            if (error) std::rethrow_exception(error);
                            result = std::move(preflight);
                          });
    while (!result) {
      io.restart();
      io.poll();
      if (!result) clock.advance();
    }
    return *result;
  }

  // The number of calls of the last preflight whose target ends so.
  [[nodiscard]] std::ptrdiff_t includes(std::string_view end_of_target) const {
    return std::ranges::count_if(
        targets_called, [&](const std::string& called) { return called.ends_with(end_of_target); });
  }

  void pass_time(Duration time) { clock.advance_to(clock.monotonic_now() + time); }

  boost::asio::io_context io{1};
  VirtualClock clock;
  ApiServer server{clock};
  std::vector<std::string> targets_called;
  std::string fails_at;  // includes with this in their target get 500
  FaultScript script = [this](const Attempt& attempt) {
    targets_called.push_back(attempt.call.target);
    const bool fails = !fails_at.empty() && attempt.targets(fails_at);
    return fails ? Fault::InternalError : Fault::None;
  };
  ApiClient client{server, clock, "lastgood", script};
  FakeLeadership leadership;
  runtime::Gateway gateway{client, leadership};
  api::Revision target;
  shell::PreflightRunner runner;
};

}  // namespace

TEST_CASE("reads every reference of the target, dry-runs the patch and changes nothing") {
  PreflightHarness harness;
  const auto before = *harness.server.find("deployments", web);
  const auto preflight = harness.check();
  CHECK(preflight.ready == ConditionStatus::True);
  CHECK(preflight.message ==
        "A rollback to revision 1 would work: the API server admits its template. Not checked, "
        "because Lastgood may not read Secrets: Secret db");
  CHECK(harness.includes("/configmaps/settings") == 1);
  CHECK(harness.includes("/serviceaccounts/web") == 1);
  CHECK(harness.includes("/deployments/web?fieldManager=lastgood&dryRun=All") == 1);
  CHECK(*harness.server.find("deployments", web) == before);
  REQUIRE(harness.server.writes().size() == 1);
  CHECK_FALSE(harness.server.writes()[0].changed_template);
}

TEST_CASE("reads Secrets only when it may") {
  PreflightHarness without_permission;
  (void)without_permission.check();
  CHECK(without_permission.includes("/secrets/db") == 0);
  PreflightHarness harness(true);
  CHECK(harness.check().message ==
        "A rollback to revision 1 would work: the API server admits its template");
  CHECK(harness.includes("/secrets/db") == 1);
  harness.server.remove("secrets", {"shop", "db"});
  harness.pass_time(std::chrono::minutes(2));
  CHECK(harness.check().reason == Reason::MissingReference);
}

TEST_CASE("reuses a found reference for a minute and a missing one for ten seconds") {
  PreflightHarness harness;
  (void)harness.check();
  (void)harness.check();
  CHECK(harness.includes("/configmaps/settings") == 0);
  CHECK(harness.includes("dryRun=All") == 1);
  harness.server.remove("configmaps", {"shop", "settings"});
  harness.pass_time(std::chrono::seconds(61));
  CHECK(harness.check().message ==
        "Revision 1 needs ConfigMap settings, which does not exist. Create it");
  harness.server.create("configmaps", object("settings"));
  CHECK(harness.check().reason == Reason::MissingReference);
  harness.pass_time(std::chrono::seconds(11));
  CHECK(harness.check().ready == ConditionStatus::True);
}

TEST_CASE("makes no further call when one read fails, and reads again at the next preflight") {
  PreflightHarness harness;
  harness.fails_at = "/configmaps/";
  const auto preflight = harness.check();
  CHECK(preflight.ready == ConditionStatus::Unknown);
  CHECK(preflight.reason == Reason::NotChecked);
  CHECK(harness.includes("/serviceaccounts/web") == 0);
  harness.fails_at.clear();
  CHECK(harness.check().ready == ConditionStatus::True);
}

TEST_CASE("makes no dry run when the term is over") {
  PreflightHarness harness;
  harness.leadership.current = 2;
  CHECK(harness.check().reason == Reason::NotChecked);
  CHECK(harness.server.writes().empty());
}

TEST_CASE("makes no dry run when the snapshot is missing") {
  PreflightHarness harness;
  harness.server.remove("controllerrevisions", {"shop", harness.target.snapshot});
  CHECK(harness.check().reason == Reason::SnapshotMissing);
  CHECK(harness.targets_called.size() == 2);
  CHECK(harness.server.writes().empty());
}

}  // namespace lastgood::simulation
