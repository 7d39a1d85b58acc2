// The API calls that one preflight makes, and how long their results are reused. A preflight finds
// out whether a rollback would work now: it reads the objects that the target needs, and dry-runs
// the patch. The evaluation of the results has its own tests in tests/unit/rollback.
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
      : references(gateway, clock, may_read_secrets), runner(gateway, clock, references) {
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

  // Runs one preflight in term 1.
  api::Preflight run_preflight() {
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

  // The number of calls of the last preflight whose target ends with `end_of_target`.
  [[nodiscard]] std::ptrdiff_t number_of_calls(std::string_view end_of_target) const {
    return std::ranges::count_if(
        targets_called, [&](const std::string& called) { return called.ends_with(end_of_target); });
  }

  void pass_time(Duration time) { clock.advance_to(clock.monotonic_now() + time); }

  boost::asio::io_context io{1};
  VirtualClock clock;
  ApiServer server{clock};
  std::vector<std::string> targets_called;
  std::string failing_target;  // calls whose target contains this text get 500
  FaultScript script = [this](const Attempt& attempt) {
    targets_called.push_back(attempt.call.target);
    const bool fails = !failing_target.empty() && attempt.targets(failing_target);
    return fails ? Fault::InternalError : Fault::None;
  };
  ApiClient client{server, clock, "lastgood", script};
  FakeLeadership leadership;
  runtime::Gateway gateway{client, leadership, api::Lane::Normal};
  api::Revision target;
  shell::ReferenceReader references;
  shell::PreflightRunner runner;
};

}  // namespace

TEST_CASE("reads every reference of the target, dry-runs the patch and changes nothing") {
  PreflightHarness harness;
  const auto before = *harness.server.find("deployments", web);
  const auto preflight = harness.run_preflight();
  CHECK(preflight.ready == ConditionStatus::True);
  CHECK(preflight.message ==
        "A rollback to revision 1 would work: the API server admits its template. Whether its "
        "images can be pulled is not known. Not checked, "
        "because Lastgood may not read Secrets: Secret db");
  CHECK(harness.number_of_calls("/configmaps/settings") == 1);
  CHECK(harness.number_of_calls("/serviceaccounts/web") == 1);
  CHECK(harness.number_of_calls("/deployments/web?fieldManager=lastgood&dryRun=All") == 1);
  CHECK(*harness.server.find("deployments", web) == before);
  REQUIRE(harness.server.writes().size() == 1);
  CHECK_FALSE(harness.server.writes()[0].changed_template);
}

TEST_CASE("reads Secrets only when Lastgood has the permission") {
  PreflightHarness without_permission;
  (void)without_permission.run_preflight();
  CHECK(without_permission.number_of_calls("/secrets/db") == 0);
  PreflightHarness harness(/*may_read_secrets=*/true);
  CHECK(harness.run_preflight().message ==
        "A rollback to revision 1 would work: the API server admits its template. Whether its "
        "images can be pulled is not known");
  CHECK(harness.number_of_calls("/secrets/db") == 1);
  harness.server.remove("secrets", {"shop", "db"});
  harness.pass_time(std::chrono::minutes(2));
  CHECK(harness.run_preflight().reason == Reason::MissingReference);
}

TEST_CASE("reads a reference again after 60 seconds, or after 10 seconds when it was missing") {
  PreflightHarness harness;
  (void)harness.run_preflight();
  (void)harness.run_preflight();
  CHECK(harness.number_of_calls("/configmaps/settings") == 0);
  CHECK(harness.number_of_calls("dryRun=All") == 1);
  harness.server.remove("configmaps", {"shop", "settings"});
  harness.pass_time(std::chrono::seconds(61));
  CHECK(harness.run_preflight().message ==
        "Revision 1 needs ConfigMap settings, which does not exist. Create it");
  harness.server.create("configmaps", object("settings"));
  CHECK(harness.run_preflight().reason == Reason::MissingReference);
  harness.pass_time(std::chrono::seconds(11));
  CHECK(harness.run_preflight().ready == ConditionStatus::True);
}

TEST_CASE("makes no further call when one read fails, and reads again at the next preflight") {
  PreflightHarness harness;
  harness.failing_target = "/configmaps/";
  const auto preflight = harness.run_preflight();
  CHECK(preflight.ready == ConditionStatus::Unknown);
  CHECK(preflight.reason == Reason::NotChecked);
  CHECK(harness.number_of_calls("/serviceaccounts/web") == 0);
  harness.failing_target.clear();
  CHECK(harness.run_preflight().ready == ConditionStatus::True);
}

TEST_CASE("makes no dry run when the term of this leader is over") {
  PreflightHarness harness;
  harness.leadership.current = 2;
  CHECK(harness.run_preflight().reason == Reason::NotChecked);
  CHECK(harness.server.writes().empty());
}

TEST_CASE("makes no dry run when the snapshot is missing") {
  PreflightHarness harness;
  harness.server.remove("controllerrevisions", {"shop", harness.target.snapshot});
  CHECK(harness.run_preflight().reason == Reason::SnapshotMissing);
  CHECK(harness.targets_called.size() == 2);
  CHECK(harness.server.writes().empty());
}

}  // namespace lastgood::simulation
