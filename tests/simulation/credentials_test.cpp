// The credentials of metrics servers: where they come from, where they are sent, how often they are
// read, and what happens when they cannot be used.
#include "codec/base64.hpp"
#include "simulation/scenario.hpp"

using namespace lastgood::simulation;
using lastgood::codec::Json;
namespace api = lastgood::api;

namespace {

constexpr const char* chart_host = "prometheus.monitoring";  // the server of the Helm chart
constexpr const char* own_host = "mimir";                    // a server that a check names

std::string header_of(const api::HttpCall& call, std::string_view name) {
  for (const auto& header : call.headers)
    if (header.name == name) return header.value;
  return "";
}

api::HttpResponse answered(int status, std::string body) {
  return {.outcome = api::ProbeOutcome::Answered, .status = status, .body = std::move(body)};
}

// The metric is always bad, but the server responds only to requests with credentials.
struct CredentialsScenario : Scenario {
  explicit CredentialsScenario(Json prometheus = {{"credentialsSecret", "metrics"}}) {
    cluster.health["app:v2"] = {};
    prometheus.update({{"query", "errors{pod=~\"$pods\"}"}, {"failIf", "> 0.05"}});
    Json checks = quick_policy()["checks"];
    checks.push_back({{"name", "errors"},
                      {"interval", "5s"},
                      {"failureThreshold", 2},
                      {"prometheus", prometheus}});
    merge_patch("rollbackpolicies", "web", {{"spec", {{"bakeTime", "1m"}, {"checks", checks}}}});
    metrics.evaluate = [](const MetricsQuery&) { return std::vector<double>{0.2}; };
    metrics.respond = [this](const api::HttpCall& call) -> std::optional<api::HttpResponse> {
      if (call.host == "login") return token_server(call);
      authorizations[call.host].push_back(header_of(call, "Authorization"));
      if (header_of(call, "Authorization") == accepted) return std::nullopt;
      return answered(401, "you sent " + header_of(call, "Authorization"));
    };
  }

  api::HttpResponse token_server(const api::HttpCall& call) {
    ++token_requests;
    if (header_of(call, "Authorization") != "Basic aWQ6cHc=") return answered(401, "no");
    return answered(200, R"({"access_token":")" + token + R"(","expires_in":3600})");
  }

  // Creates or replaces the Secret "metrics".
  void secret(const std::map<std::string, std::string>& data, const char* label = "true") {
    Json encoded = Json::object();
    for (const auto& [key, value] : data) encoded[key] = lastgood::codec::encode_base64(value);
    const std::string path = "/api/v1/namespaces/shop/secrets";
    call_as_user({.verb = api::Verb::Delete, .target = path + "/metrics"});
    const Json object = {{"apiVersion", "v1"},
                         {"kind", "Secret"},
                         {"metadata",
                          {{"name", "metrics"},
                           {"namespace", "shop"},
                           {"labels", {{"lastgood.dev/metrics-credentials", label}}}}},
                         {"data", encoded}};
    call_as_user({.verb = api::Verb::Post, .target = path, .body = object.dump()});
  }

  [[nodiscard]] std::string reason_of_errors() const {
    const Json status = server.find("deploymentguards", {shop, "web"})->at("status");
    for (const Json& check : status.value("checks", Json::array()))
      if (check["name"] == "errors") return check.value("reason", "");
    return "";
  }

  bool wait_for_reason(const std::string& reason) {
    return run_until([&] { return reason_of_errors() == reason; }, 1min);
  }

  std::map<std::string, std::vector<std::string>> authorizations = {};  // by host
  std::string accepted = "Bearer abc";
  std::string token = "t1";
  int token_requests = 0;
};

}  // namespace

TEST_CASE("sends the token of the Secret that a check names") {
  CredentialsScenario scenario;
  scenario.secret({{"token", "abc\n"}});
  scenario.start_controller();
  scenario.ship("web", "app:v2");
  CHECK(scenario.wait_for_reason("LimitExceeded"));
  CHECK(scenario.authorizations[chart_host].front() == "Bearer abc");
}

TEST_CASE("rolls nothing back and gives the reason when the credentials cannot be used") {
  CredentialsScenario scenario;
  scenario.start_controller();
  scenario.ship("web", "app:v2");
  CHECK(scenario.wait_for_reason("CredentialsNotFound"));
  scenario.secret({{"token", "abc"}}, "false");
  CHECK(scenario.wait_for_reason("CredentialsNotAllowed"));
  scenario.secret({{"username", "me"}});
  CHECK(scenario.wait_for_reason("CredentialsInvalid"));
  CHECK(scenario.authorizations.empty());  // nothing was sent
  scenario.secret({{"token", "wrong"}});
  CHECK(scenario.wait_for_reason("AccessDenied"));
  CHECK_FALSE(scenario.server.find("deploymentguards", {shop, "web"})->dump().contains("wrong"));
  CHECK(scenario.template_changes() == 0);
}

TEST_CASE("sends the chart's credentials only when a check names neither address nor Secret") {
  struct Row {
    Json prometheus;
    const char* host;
    const char* authorization;
  };
  const Row row = GENERATE(values<Row>({
      {Json::object(), chart_host, "Bearer chart"},
      {{{"address", "http://mimir"}}, own_host, ""},
      {{{"address", "http://prometheus.monitoring:9090"}}, chart_host, ""},
      {{{"address", "http://mimir"}, {"credentialsSecret", "metrics"}}, own_host, "Bearer own"},
      {{{"credentialsSecret", "metrics"}}, chart_host, "Bearer own"},
  }));
  CredentialsScenario scenario(row.prometheus);
  scenario.secret({{"token", "own"}});
  scenario.credentials_folder = "/credentials";
  scenario.files.folders["/credentials"] = {{"token", "chart"}};
  scenario.start_controller();
  scenario.ship("web", "app:v2");
  CHECK(scenario.wait_for_reason("AccessDenied"));
  REQUIRE(scenario.authorizations.size() == 1);
  CHECK(scenario.authorizations[row.host].front() == row.authorization);
}

TEST_CASE("reports CredentialsUnreadable while the folder of the chart's credentials is missing") {
  CredentialsScenario scenario(Json::object());
  scenario.credentials_folder = "/credentials";
  scenario.start_controller();
  scenario.ship("web", "app:v2");
  CHECK(scenario.wait_for_reason("CredentialsUnreadable"));
  scenario.files.folders["/credentials"] = {{"token", "abc"}};
  CHECK(scenario.wait_for_reason("LimitExceeded"));
}

TEST_CASE("sends the new token at most 31 s after a Secret was changed") {
  CredentialsScenario scenario;
  scenario.secret({{"token", "abc"}});
  scenario.start_controller();
  scenario.ship("web", "app:v2");
  REQUIRE(scenario.wait_for_reason("LimitExceeded"));
  scenario.run_for(5s);
  const std::size_t sent = scenario.authorizations[chart_host].size();
  scenario.secret({{"token", "changed"}});
  scenario.run_for(31s);
  auto& all = scenario.authorizations[chart_host];
  CHECK(all.size() > sent + 3);
  CHECK(all.back() == "Bearer changed");
}

TEST_CASE("uses one OAuth2 token for many requests, and replaces it when it is rejected") {
  CredentialsScenario scenario;
  scenario.accepted = "Bearer t1";
  scenario.secret({{"oauth2.clientID", "id"},
                   {"oauth2.clientSecret", "pw"},
                   {"oauth2.tokenURL", "http://login/token"}});
  scenario.start_controller();
  scenario.ship("web", "app:v2");
  CHECK(scenario.wait_for_reason("LimitExceeded"));
  scenario.run_for(30s);
  CHECK(scenario.token_requests == 1);
  SECTION("the server accepts the new token") {
    scenario.accepted = "Bearer t2";
    scenario.token = "t2";
    scenario.run_for(30s);
    CHECK(scenario.reason_of_errors() != "AccessDenied");
    CHECK(scenario.token_requests == 2);
  }
  SECTION("the server accepts no token") {
    scenario.accepted = "Bearer none";
    scenario.run_for(60s);
    CHECK(scenario.reason_of_errors() == "AccessDenied");
    // At most one request in 10 s.
    CHECK(scenario.token_requests > 2);
    CHECK(scenario.token_requests <= 8);
  }
}

TEST_CASE("requests a token at most every 10 s when the token server rejects the client") {
  CredentialsScenario scenario;
  scenario.secret({{"oauth2.clientID", "id"},
                   {"oauth2.clientSecret", "wrong"},
                   {"oauth2.tokenURL", "http://login/token"}});
  scenario.start_controller();
  scenario.ship("web", "app:v2");
  CHECK(scenario.wait_for_reason("AccessDenied"));
  const int before = scenario.token_requests;
  scenario.run_for(60s);
  CHECK(scenario.token_requests - before <= 6);
  CHECK(scenario.authorizations.empty());
  CHECK(scenario.template_changes() == 0);
}
