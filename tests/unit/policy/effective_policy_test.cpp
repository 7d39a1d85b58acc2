#include "policy/effective_policy.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>

#include "support/printers.hpp"

using namespace lastgood;
using api::Reason;
using policy::EffectivePolicy;
using Kind = policy::EffectivePolicy::Kind;

namespace {

api::RollbackPolicy make_policy(const std::string& name,
                                std::optional<api::LabelSelector> selector = {},
                                const std::string& problem = "") {
  api::RollbackPolicy out{.meta = {.key = {"shop", name}}, .problem = problem};
  out.spec.selector = std::move(selector);
  // The test recognizes a policy by its bakeTime, which depends on the name.
  out.spec.bake_time = std::chrono::seconds(std::accumulate(name.begin(), name.end(), 0));
  return out;
}

const api::LabelSelector tier_web{.match_labels = {{"tier", "web"}}};

// All policies of the namespace shop. The policies wob and web have no selector. The policy wob is
// first, so that the name nearest to "webb" is not simply the first one. Both apps-a and apps-b
// select the label app=both. The policy broken is invalid.
const std::vector<api::RollbackPolicy> policies_of_shop = {
    make_policy("wob"),
    make_policy("web"),
    make_policy("tiered", tier_web),
    make_policy("apps-b", api::LabelSelector{.match_labels = {{"app", "both"}}}),
    make_policy("apps-a",
                api::LabelSelector{.match_expressions = {{"app", "In", {"both", "broken"}}}}),
    make_policy("broken", api::LabelSelector{.match_labels = {{"app", "bad"}}},
                "spec.bakeTime: \"30\" has no unit"),
};

api::ConfigMap valid_config_map() {
  return {.data = {{"health_check_url", "http://myapp/health"},
                   {"failure_threshold", "3"},
                   {"check_interval", "30s"}}};
}

struct Row {
  const char* name;
  api::StringMap annotations;
  api::StringMap labels;
  std::optional<Result<api::ConfigMap>> config_map;
  Kind kind;
  const char* policy_name;
  Reason reason;
  const char* message;
};

constexpr const char* no_policy_message = "No policy applies to the Deployment";

const std::vector<Row> rows = {
    {"no annotations and no labels", {}, {}, {}, Kind::None, "", Reason::None, no_policy_message},
    {"no selector matches the labels",
     {},
     {{"tier", "db"}},
     {},
     Kind::None,
     "",
     Reason::None,
     no_policy_message},
    {"only the annotation rolled-back-by, which Lastgood writes",
     {{"lastgood.dev/rolled-back-by", "web-7"}},
     {},
     {},
     Kind::None,
     "",
     Reason::None,
     no_policy_message},
    {"only the annotation pause-until",
     {{"lastgood.dev/pause-until", "2026-11-24T12:00:00Z"}},
     {},
     {},
     Kind::None,
     "",
     Reason::None,
     no_policy_message},
    {"only the annotation group",
     {{"lastgood.dev/group", "checkout"}},
     {},
     {},
     Kind::None,
     "",
     Reason::None,
     no_policy_message},
    {"only the annotations approve and resume",
     {{"lastgood.dev/approve", "web-7"}, {"lastgood.dev/resume", "2026-11-24T12:00:00Z"}},
     {},
     {},
     Kind::None,
     "",
     Reason::None,
     no_policy_message},
    {"enabled is false, although an annotation names a policy and a selector matches",
     {{"lastgood.dev/enabled", "false"},
      {"lastgood.dev/policy", "web"},
      {"lastgood.dev/config-map", "c"},
      {"lastgood.dev/x", ""}},
     {{"tier", "web"}},
     {},
     Kind::None,
     "",
     Reason::None,
     no_policy_message},
    {"enabled is true",
     {{"lastgood.dev/enabled", "true"}},
     {},
     {},
     Kind::BuiltIn,
     "built-in",
     Reason::None,
     ""},
    {"a named policy",
     {{"lastgood.dev/policy", "web"}},
     {},
     {},
     Kind::RollbackPolicy,
     "RollbackPolicy/web",
     Reason::None,
     ""},
    {"a named policy and a ConfigMap",
     {{"lastgood.dev/policy", "web"}, {"lastgood.dev/config-map", "c"}},
     {},
     {},
     Kind::RollbackPolicy,
     "RollbackPolicy/web",
     Reason::None,
     ""},
    {"a named policy, and two selectors that match",
     {{"lastgood.dev/policy", "web"}},
     {{"app", "both"}, {"tier", "web"}},
     {},
     Kind::RollbackPolicy,
     "RollbackPolicy/web",
     Reason::None,
     ""},
    {"a named policy that does not exist",
     {{"lastgood.dev/policy", "webb"}},
     {{"tier", "web"}},
     {},
     Kind::Broken,
     "RollbackPolicy/webb",
     Reason::PolicyNotFound,
     R"(RollbackPolicy "webb" does not exist in namespace shop; the nearest name is "web". )"
     "Correct the annotation lastgood.dev/policy, or create the policy"},
    {"a named policy that is not valid",
     {{"lastgood.dev/policy", "broken"}},
     {},
     {},
     Kind::Broken,
     "RollbackPolicy/broken",
     Reason::PolicyInvalid,
     R"(RollbackPolicy broken: spec.bakeTime: "30" has no unit)"},
    {"a ConfigMap",
     {{"lastgood.dev/config-map", "rollback-config"}},
     {},
     valid_config_map(),
     Kind::ConfigMap,
     "ConfigMap/rollback-config",
     Reason::None,
     ""},
    {"a ConfigMap, and a selector that matches",
     {{"lastgood.dev/config-map", "rollback-config"}},
     {{"tier", "web"}},
     valid_config_map(),
     Kind::ConfigMap,
     "ConfigMap/rollback-config",
     Reason::None,
     ""},
    {"a ConfigMap that does not exist",
     {{"lastgood.dev/config-map", "rollback-config"}},
     {{"tier", "web"}},
     fail(ErrorKind::NotFound, "configmaps \"rollback-config\" not found"),
     Kind::Broken,
     "ConfigMap/rollback-config",
     Reason::ConfigMapNotFound,
     R"(ConfigMap "rollback-config" does not exist in namespace shop)"},
    {"a ConfigMap that Lastgood may not read",
     {{"lastgood.dev/config-map", "rollback-config"}},
     {},
     fail(ErrorKind::Forbidden, "configmaps is forbidden"),
     Kind::Broken,
     "ConfigMap/rollback-config",
     Reason::ConfigMapUnreadable,
     R"(ConfigMap "rollback-config" cannot be read: configmaps is forbidden)"},
    {"a ConfigMap that was not read yet",
     {{"lastgood.dev/config-map", "rollback-config"}},
     {},
     {},
     Kind::Broken,
     "ConfigMap/rollback-config",
     Reason::ConfigMapUnreadable,
     R"(ConfigMap "rollback-config" was not read yet)"},
    {"a ConfigMap with an invalid value",
     {{"lastgood.dev/config-map", "rollback-config"}},
     {},
     api::ConfigMap{.data = {{"health_check_url", "http://a"},
                             {"failure_threshold", "abc"},
                             {"check_interval", "30s"}}},
     Kind::Broken,
     "ConfigMap/rollback-config",
     Reason::ConfigMapInvalid,
     R"(ConfigMap rollback-config: failure_threshold: "abc" is not a whole number from 1 to 100, such as "3")"},
    {"a selector that matches",
     {},
     {{"tier", "web"}},
     {},
     Kind::RollbackPolicy,
     "RollbackPolicy/tiered",
     Reason::None,
     ""},
    {"a selector that matches, and enabled is true",
     {{"lastgood.dev/enabled", "true"}},
     {{"tier", "web"}},
     {},
     Kind::RollbackPolicy,
     "RollbackPolicy/tiered",
     Reason::None,
     ""},
    {"two selectors that match",
     {{"lastgood.dev/enabled", "true"}},
     {{"app", "both"}},
     {},
     Kind::Broken,
     "",
     Reason::PolicyConflict,
     "2 RollbackPolicies select this Deployment: apps-a, apps-b; name one in the annotation "
     "lastgood.dev/policy"},
    {"the selector of an invalid policy matches",
     {},
     {{"app", "bad"}},
     {},
     Kind::Broken,
     "RollbackPolicy/broken",
     Reason::PolicyInvalid,
     R"(RollbackPolicy broken: spec.bakeTime: "30" has no unit)"},
    {"an annotation with an invalid value",
     {{"lastgood.dev/enabled", "true"}, {"lastgood.dev/pause-until", "soon"}},
     {{"tier", "web"}},
     {},
     Kind::Broken,
     "",
     Reason::InvalidAnnotation,
     R"(lastgood.dev/pause-until: "soon" is not a time in RFC 3339, such as "2026-11-24T18:00:00Z")"},
    {"the annotation group-order without group",
     {{"lastgood.dev/policy", "web"}, {"lastgood.dev/group-order", "1"}},
     {},
     {},
     Kind::Broken,
     "",
     Reason::InvalidAnnotation,
     "lastgood.dev/group-order has no effect without lastgood.dev/group; set both"},
    {"an annotation that belongs on the pod template",
     {{"lastgood.dev/enabled", "true"}, {"lastgood.dev/no-rollback-past", "true"}},
     {},
     {},
     Kind::Broken,
     "",
     Reason::InvalidAnnotation,
     "lastgood.dev/no-rollback-past belongs on the pod template, not on the Deployment"},
    {"two misspelt annotations",
     {{"lastgood.dev/polcy", "web"}, {"lastgood.dev/zzz", ""}},
     {},
     {},
     Kind::Broken,
     "",
     Reason::InvalidAnnotation,
     R"("lastgood.dev/polcy" is not a valid key; the nearest valid key is lastgood.dev/policy (and 1 more))"},
};

std::vector<const api::RollbackPolicy*> pointers(const std::vector<api::RollbackPolicy>& policies) {
  std::vector<const api::RollbackPolicy*> out;
  for (const auto& policy : policies) out.push_back(&policy);
  return out;
}

api::PolicySpec spec_of(const std::string& policy_name) {
  for (const auto& policy : policies_of_shop) {
    if ("RollbackPolicy/" + policy.meta.key.name == policy_name) return policy.spec;
  }
  return {};
}

}  // namespace

TEST_CASE("resolve_policy uses the first kind of opt-in that is present") {
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const api::Deployment deployment{.meta = {.key = {"shop", "web"}, .labels = row.labels}};
      const EffectivePolicy found =
          policy::resolve_policy(deployment, policy::parse_opt_in(row.annotations),
                                 pointers(policies_of_shop), row.config_map);
      CHECK(found.kind == row.kind);
      CHECK(found.name == row.policy_name);
      CHECK(found.reason == row.reason);
      CHECK(found.message == row.message);
      if (row.kind == Kind::RollbackPolicy) CHECK(found.spec == spec_of(row.policy_name));
      if (row.kind == Kind::BuiltIn) CHECK(found.spec == api::PolicySpec{});
      if (row.kind == Kind::ConfigMap)
        CHECK(api::http_of(found.spec.checks.at(0)).url == "http://myapp/health");
    }
  }
}

TEST_CASE("the rows have every reason of a broken policy") {
  for (const Reason reason : policy::broken_reasons()) {
    CAPTURE(reason);
    CHECK(std::ranges::any_of(rows, [&](const Row& row) { return row.reason == reason; }));
  }
}

TEST_CASE("resolve_policy reports that a namespace has no policies") {
  const api::Deployment deployment{.meta = {.key = {"shop", "web"}}};
  const auto found = policy::resolve_policy(
      deployment, policy::parse_opt_in({{"lastgood.dev/policy", "web"}}), {}, {});
  CHECK(found.message ==
        R"(RollbackPolicy "web" does not exist in namespace shop; the namespace has no )"
        "RollbackPolicy. Correct the annotation lastgood.dev/policy, or create the policy");
}

TEST_CASE("resolve_policy returns a suspended policy") {
  auto suspended = make_policy("web");
  suspended.spec.suspend = true;
  const std::vector<const api::RollbackPolicy*> policies = {&suspended};
  const api::Deployment deployment{.meta = {.key = {"shop", "web"}}};
  const auto found = policy::resolve_policy(
      deployment, policy::parse_opt_in({{"lastgood.dev/policy", "web"}}), policies, {});
  CHECK(found.kind == Kind::RollbackPolicy);
  CHECK(found.spec.suspend);
}

TEST_CASE("config_map_wanted names the ConfigMap only when no earlier opt-in applies") {
  using policy::config_map_wanted;
  using policy::parse_opt_in;
  const api::StringMap config_map_annotation = {{"lastgood.dev/config-map", "rollback-config"}};
  const auto with_annotation = [&](const char* key, const char* value) {
    auto annotations = config_map_annotation;
    annotations[key] = value;
    return parse_opt_in(annotations);
  };
  CHECK(config_map_wanted(parse_opt_in(config_map_annotation)) == "rollback-config");
  CHECK(config_map_wanted(with_annotation("lastgood.dev/enabled", "true")) == "rollback-config");
  CHECK_FALSE(config_map_wanted(with_annotation("lastgood.dev/enabled", "false")));
  CHECK_FALSE(config_map_wanted(with_annotation("lastgood.dev/policy", "web")));
  CHECK_FALSE(config_map_wanted(with_annotation("lastgood.dev/enabled", "maybe")));
  CHECK_FALSE(config_map_wanted(parse_opt_in({})));
}
