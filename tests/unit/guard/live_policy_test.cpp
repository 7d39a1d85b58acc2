// Immediately before the template is patched: whether the live policy of the live Deployment still
// allows the patch.
#include "guard/live_policy.hpp"

#include <catch2/catch.hpp>

using namespace lastgood;
using namespace lastgood::guard;
using codec::Json;

namespace {

constexpr const char* policy_name = "RollbackPolicy/web";

Json deployment(const Json& annotations, const Json& labels = Json::object()) {
  return {{"metadata",
           {{"namespace", "shop"},
            {"name", "web"},
            {"uid", "u1"},
            {"annotations", annotations},
            {"labels", labels}}},
          {"spec", {{"template", Json::object()}}}};
}

Json policy(const std::string& name, const Json& spec = Json::object()) {
  return {{"metadata", {{"namespace", "shop"}, {"name", name}}}, {"spec", spec}};
}

Json list(std::vector<Json> items) { return {{"items", std::move(items)}}; }

Json config_map(const std::string& threshold = "3") {
  return {{"metadata", {{"namespace", "shop"}, {"name", "settings"}}},
          {"data",
           {{"health_check_url", "http://myapp/health"},
            {"failure_threshold", threshold},
            {"check_interval", "30s"}}}};
}

const Json selector{{"matchLabels", {{"tier", "web"}}}};
const Json opted_in{{"lastgood.dev/policy", "web"}};
const Json with_config_map{{"lastgood.dev/config-map", "settings"}};

enum class Kind : std::uint8_t { Automatic, Manual, Forced };

api::Rollback rollback(Kind kind = Kind::Automatic) {
  api::Rollback out{.meta = {.key = {.namespace_ = "shop", .name = "web-2"}}};
  out.spec.check = kind == Kind::Automatic ? "health" : "";
  out.spec.force = kind == Kind::Forced;
  return out;
}

constexpr Time now{std::chrono::hours(24)};

// The error of confirm_policy(), or "allowed".
std::string confirmed(const Json& live, std::optional<Result<Json>> read,
                      const std::string& decided_by = policy_name,
                      const api::Rollback& record = rollback()) {
  const auto result = confirm_policy(live, read, decided_by, record, now);
  return result ? "allowed" : result.error().message;
}

// The path that policy_read() reads, or "none".
std::string target_of_read(const Json& live) {
  const auto call = policy_read(live);
  if (!call) return "none";
  return *call ? (*call)->target : (*call).error().message;
}

}  // namespace

TEST_CASE("policy_read chooses the read by the annotations of the live Deployment") {
  constexpr const char* policies = "/apis/lastgood.dev/v1alpha1/namespaces/shop/rollbackpolicies";
  CHECK(target_of_read(deployment(opted_in)) == std::string(policies) + "/web");
  CHECK(target_of_read(deployment(with_config_map)) ==
        "/api/v1/namespaces/shop/configmaps/settings");
  CHECK(target_of_read(deployment(Json::object())) == policies);
  CHECK(target_of_read(deployment({{"lastgood.dev/enabled", "true"}})) == policies);
  CHECK(target_of_read(deployment({{"lastgood.dev/enabled", "false"}})) == "none");
  CHECK(target_of_read(deployment({{"lastgood.dev/enabled", "maybe"}})) == "none");
  CHECK_FALSE(policy_read(fail(ErrorKind::TimedOut, "no response")));
}

TEST_CASE("confirm_policy allows the patch when the policy of the decision still governs") {
  CHECK(confirmed(deployment(opted_in), policy("web")) == "allowed");
  CHECK(confirmed(deployment(with_config_map), config_map(), "ConfigMap/settings") == "allowed");
  CHECK(confirmed(deployment(Json::object(), {{"tier", "web"}}),
                  list({policy("db"), policy("web", {{"selector", selector}})})) == "allowed");
  CHECK(confirmed(deployment({{"lastgood.dev/enabled", "true"}}), list({}), "built-in") ==
        "allowed");
}

TEST_CASE("confirm_policy forbids the patch when a user opted out in any way") {
  constexpr const char* no_policy =
      "the live Deployment is not governed by RollbackPolicy/web any more: "
      "No policy applies to the Deployment";
  const Json selecting = list({policy("web", {{"selector", selector}})});
  const Json disabled{{"lastgood.dev/enabled", "false"}, {"lastgood.dev/policy", "web"}};
  CHECK(confirmed(deployment(disabled), {}) == no_policy);
  CHECK(confirmed(deployment(Json::object()), list({policy("web")})) == no_policy);
  CHECK(confirmed(deployment(Json::object(), {{"tier", "db"}}), selecting) == no_policy);
  CHECK(confirmed(deployment(Json::object(), {{"tier", "web"}}), list({})) == no_policy);
}

TEST_CASE("confirm_policy forbids the patch when another policy governs the Deployment") {
  CHECK(confirmed(deployment({{"lastgood.dev/policy", "db"}}), policy("db")) ==
        "the live Deployment is governed by RollbackPolicy/db, but RollbackPolicy/web decided the "
        "rollback");
  CHECK(confirmed(deployment({{"lastgood.dev/enabled", "true"}}), list({})) ==
        "the live Deployment is governed by built-in, but RollbackPolicy/web decided the "
        "rollback");
  const Json both = list({policy("web", {{"selector", selector}}),  //
                          policy("tier", {{"selector", selector}})});
  CHECK_THAT(confirmed(deployment(Json::object(), {{"tier", "web"}}), both),
             Catch::Contains("2 RollbackPolicies select this Deployment: tier, web"));
}

TEST_CASE("confirm_policy forbids the patch when the policy cannot be used any more") {
  CHECK_THAT(confirmed(deployment(opted_in), policy("web", {{"bakeTime", "soon"}})),
             Catch::Contains("spec.bakeTime"));
  CHECK_THAT(confirmed(deployment(with_config_map), config_map("none"), "ConfigMap/settings"),
             Catch::Contains("failure_threshold"));
  CHECK_THAT(confirmed(deployment({{"lastgood.dev/policy", "web"}, {"lastgood.dev/pollicy", "x"}}),
                       policy("web")),
             Catch::Contains("lastgood.dev/pollicy"));
  const auto deleted = fail(ErrorKind::NotFound, "rollbackpolicies \"web\" not found");
  CHECK(confirmed(deployment(opted_in), deleted) == "rollbackpolicies \"web\" not found");
  CHECK_FALSE(confirm_policy(fail(ErrorKind::TimedOut, "no response"), policy("web"), policy_name,
                             rollback(), now));
}

TEST_CASE("confirm_policy forbids the patch when the policy or an annotation restricts it now") {
  const auto paused = [](const char* until) {
    return deployment({{"lastgood.dev/policy", "web"}, {"lastgood.dev/pause-until", until}});
  };
  CHECK(confirmed(deployment(opted_in), policy("web", {{"suspend", true}})) ==
        "the policy is suspended");
  CHECK(confirmed(deployment(opted_in), policy("web", {{"mode", "Observe"}})) ==
        "the policy has mode Observe");
  CHECK(confirmed(paused("1970-01-02T00:00:01Z"), policy("web")) ==
        "the annotation lastgood.dev/pause-until forbids rollbacks until 1970-01-02T00:00:01Z");
  CHECK(confirmed(paused("1970-01-02T00:00:00Z"), policy("web")) == "allowed");
}

TEST_CASE("confirm_policy requires an approval when the policy has mode Approve") {
  const Json approve = policy("web", {{"mode", "Approve"}});
  CHECK(confirmed(deployment(opted_in), approve) == "the policy requires an approval");
  api::Rollback approved = rollback();
  approved.spec.approved = true;
  CHECK(confirmed(deployment(opted_in), approve, policy_name, approved) == "allowed");
  CHECK(confirmed(deployment({{"lastgood.dev/policy", "web"}, {"lastgood.dev/approve", "web-2"}}),
                  approve) == "allowed");
  api::Rollback member = rollback();
  member.spec.caused_by = "api-3";
  CHECK(confirmed(deployment(opted_in), approve, policy_name, member) ==
        "the policy requires an approval");
  member.status.approved_by = "the approval of its group";
  CHECK(confirmed(deployment(opted_in), approve, policy_name, member) == "allowed");
  api::Rollback recorded = rollback();
  recorded.spec.mode = api::Mode::Approve;
  CHECK(confirmed(deployment(opted_in), policy("web"), policy_name, recorded) ==
        "the policy requires an approval");
  recorded.spec.approved = true;
  CHECK(confirmed(deployment(opted_in), policy("web"), policy_name, recorded) == "allowed");
}

TEST_CASE(
    "confirm_policy allows a forced rollback under a suspended policy, not after an opt-out") {
  const Json suspended = policy("web", {{"suspend", true}});
  CHECK(confirmed(deployment(opted_in), suspended, policy_name, rollback(Kind::Manual)) ==
        "the policy is suspended");
  CHECK(confirmed(deployment(opted_in), suspended, policy_name, rollback(Kind::Forced)) ==
        "allowed");
  CHECK(confirmed(deployment(opted_in), policy("web", {{"mode", "Observe"}}), policy_name,
                  rollback(Kind::Manual)) == "allowed");
  CHECK(confirmed(deployment({{"lastgood.dev/enabled", "false"}}), {}, policy_name,
                  rollback(Kind::Forced)) != "allowed");
}
