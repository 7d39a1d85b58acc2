// What finding out whether a rollback would work asks of a server, and how often. What the answers mean is tested elsewhere.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "rollback/snapshot.hpp"
#include "shell/preflight_runner.hpp"
#include "simulation/fake/client.hpp"
#include "simulation/story.hpp"

namespace lastgood::simulation {
namespace {

using codec::Json;
using api::Truth;

const Key web{.namespace_ = "shop", .name = "web"};

struct Leader final : runtime::Leadership {
  runtime::Term now = 1;
  [[nodiscard]] runtime::Term term() const override { return now; }
};

Json object(const std::string& name) { return {{"metadata", {{"namespace", "shop"}, {"name", name}}}}; }

Json deployment(const std::string& image) {
  Json container{{"name", "app"}, {"image", image}};
  container["envFrom"] = Json::array({{{"configMapRef", {{"name", "settings"}}}}, {{"secretRef", {{"name", "db"}}}}});
  Json out = object("web");
  out["spec"] = {{"replicas", 3},
                 {"template", {{"spec", {{"containers", Json::array({container})}, {"serviceAccountName", "web"}}}}}};
  return out;
}

// A Deployment whose bad revision is live and whose good one is kept, and everything that the good one names.
struct Lab {
  explicit Lab(bool may_read_secrets = false) : preflighter(gateway, clock, may_read_secrets) {
    server.create("configmaps", object("settings"));
    server.create("secrets", object("db"));
    server.create("serviceaccounts", object("web"));
    server.create("deployments", deployment("good"));
    const api::Revision good{.hash = TemplateHash("good1"), .number = 1};
    const Json kept = *rollback::keep_revision(*server.find("deployments", web), good);
    target = good;
    target.kept_as = kept["metadata"]["name"].get<std::string>();
    server.create("controllerrevisions", kept);
    server.change("deployments", web, [](Json& live) { live["spec"] = deployment("bad")["spec"]; });
  }

  api::Preflight check() {
    const auto seen = *codec::parse_deployment(*server.find("deployments", web));
    std::optional<api::Preflight> found;
    asked.clear();
    boost::asio::co_spawn(io, preflighter.check(seen, target, 1), [&](const std::exception_ptr& error, api::Preflight preflight) {
      if (error) std::rethrow_exception(error);
      found = std::move(preflight);
    });
    while (!found) {
      io.restart();
      io.poll();
      if (!found) clock.advance();
    }
    return *found;
  }

  // How often something was asked whose address ends so.
  [[nodiscard]] std::size_t times(std::string_view end) const {
    return static_cast<std::size_t>(std::ranges::count_if(asked, [&](const auto& target_) { return target_.ends_with(end); }));
  }

  boost::asio::io_context io{1};
  VirtualClock clock;
  Server server{clock};
  std::vector<std::string> asked;
  std::string ill;  // whatever is about this is answered with 500
  Script script = [this](const Attempt& attempt) {
    asked.push_back(attempt.call.target);
    return !ill.empty() && attempt.about(ill) ? Mishap::Broken : Mishap::None;
  };
  Client client{server, clock, "lastgood", script};
  Leader leader;
  runtime::Gateway gateway{client, leader};
  api::Revision target;
  shell::Preflighter preflighter;
};

// app:v1 and app:v2 are good, and both need ConfigMap settings; nothing is judged any more.
struct IdleStory : Story {
  IdleStory() {
    cluster.health["app:v2"] = {.status = 200};
    server.create("configmaps", object("settings"));
    const Json source{{"configMapRef", {{"name", "settings"}}}};
    const Json patch =
        Json::array({{{"op", "add"}, {"path", "/spec/template/spec/containers/0/envFrom"}, {"value", Json::array({source})}}});
    REQUIRE(person({.verb = api::Verb::Patch,
                    .target = "/apis/apps/v1/namespaces/shop/deployments/web?fieldManager=kubectl-client",
                    .body = patch.dump(),
                    .content_type = std::string(api::json_patch)})
                .status == 200);
    run_for(1min);
    settle();
    ship("web", "app:v2");
    REQUIRE(run_until([&] { return state("web") == "Idle/Good"; }, 3min));
    run_for(1min);
  }

  [[nodiscard]] Json rollback_ready() const {
    for (const Json& condition : (*server.find("deploymentguards", web))["status"]["conditions"]) {
      if (condition["type"] == "RollbackReady") return condition;
    }
    return {};
  }
  [[nodiscard]] std::ptrdiff_t dry_runs() const {
    return std::ranges::count_if(controllers_writes(), [](const Write& write) { return write.route.asked("dryRun") == "All"; });
  }
};

}  // namespace

TEST_CASE("Finding out whether a rollback would work asks for what the template names and tries the patch, and changes nothing") {
  Lab lab;
  const auto before = *lab.server.find("deployments", web);
  const auto found = lab.check();
  CHECK(found.ready == Truth::True);
  CHECK(found.message ==
        "Revision 1 would be put back; the API server admits it. Whether Secret db exists is not known: Lastgood may not read "
        "Secrets");
  CHECK(lab.times("/configmaps/settings") == 1);
  CHECK(lab.times("/serviceaccounts/web") == 1);
  CHECK(lab.times("/deployments/web?fieldManager=lastgood&dryRun=All") == 1);
  CHECK(*lab.server.find("deployments", web) == before);
  REQUIRE(lab.server.writes().size() == 1);
  CHECK_FALSE(lab.server.writes()[0].changed_template);
}

TEST_CASE("A Secret is asked for only where the admin lets us") {
  Lab closed;
  (void)closed.check();
  CHECK(closed.times("/secrets/db") == 0);
  Lab open(true);
  CHECK(open.check().message == "Revision 1 would be put back; the API server admits it");
  CHECK(open.times("/secrets/db") == 1);
  open.server.remove("secrets", {"shop", "db"});
  open.clock.advance_to(open.clock.steady() + std::chrono::minutes(2));
  CHECK(open.check().reason == "MissingReference");
}

TEST_CASE("Many who name the same object ask for it once a minute; one that is missing is looked for again soon") {
  Lab lab;
  (void)lab.check();
  (void)lab.check();
  CHECK(lab.times("/configmaps/settings") == 0);
  CHECK(lab.times("dryRun=All") == 1);
  lab.server.remove("configmaps", {"shop", "settings"});
  lab.clock.advance_to(lab.clock.steady() + std::chrono::seconds(61));
  CHECK(lab.check().message == "Revision 1 needs ConfigMap settings, which does not exist");
  lab.server.create("configmaps", object("settings"));
  CHECK(lab.check().reason == "MissingReference");
  lab.clock.advance_to(lab.clock.steady() + std::chrono::seconds(11));
  CHECK(lab.check().ready == Truth::True);
}

TEST_CASE("Of a server that does not answer no more is asked than has to be, and its answer is not remembered") {
  Lab lab;
  lab.ill = "/configmaps/";
  const auto found = lab.check();
  CHECK(found.ready == Truth::Unknown);
  CHECK(found.reason == "NotChecked");
  CHECK(lab.times("/serviceaccounts/web") == 0);
  lab.ill.clear();
  CHECK(lab.check().ready == Truth::True);
}

TEST_CASE("Who does not lead tries nothing") {
  Lab lab;
  lab.leader.now = 2;
  CHECK(lab.check().reason == "NotChecked");
  CHECK(lab.server.writes().empty());
}

TEST_CASE("Where what is kept is gone nothing is tried") {
  Lab lab;
  lab.server.remove("controllerrevisions", {"shop", lab.target.kept_as});
  CHECK(lab.check().reason == "TargetGone");
  CHECK(lab.asked.size() == 2);
  CHECK(lab.server.writes().empty());
}

//  Idle ......... ConfigMap settings is deleted ......... (10 minutes at most) RollbackReady: False
TEST_CASE("What a rollback would need is missed within 10 minutes of going, although nothing else happens") {
  IdleStory story;
  REQUIRE(story.rollback_ready()["status"] == "True");
  story.server.remove("configmaps", {"shop", "settings"});
  story.run_for(11min);
  CHECK(story.state("web") == "Idle/Good");
  CHECK(story.rollback_ready()["status"] == "False");
  CHECK(story.rollback_ready()["reason"] == "MissingReference");
  CHECK(story.rollback_ready()["message"] == "Revision 2 needs ConfigMap settings, which does not exist");
  story.server.create("configmaps", object("settings"));
  story.run_for(11min);
  CHECK(story.rollback_ready()["status"] == "True");
}

TEST_CASE("An hour in which nothing happens costs 7 dry runs at most, and no less than one each 10 minutes and a bit") {
  IdleStory story;
  const auto before = story.dry_runs();
  story.run_for(1h);
  CHECK(story.dry_runs() - before <= 7);
  CHECK(story.dry_runs() - before >= 5);
}

}  // namespace lastgood::simulation
