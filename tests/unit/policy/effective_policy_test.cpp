// The table of who governs a Deployment: opted out, annotations that cannot be understood, a named
// policy, a ConfigMap, one policy's selector, the built-in policy; the first that applies.
#include "policy/effective_policy.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

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
  out.spec.bake_time = Duration{static_cast<std::int64_t>(name.size()) *
                                1000};  // so that whose spec it is can be told
  return out;
}

const api::LabelSelector tier_web{.match_labels = {{"tier", "web"}}};

// Of the namespace, in no order: two that select nothing, two whose selectors overlap on app=both,
// one of them broken.
const std::vector<api::RollbackPolicy> all = {
    make_policy("wob"),
    make_policy("web"),
    make_policy("tiered", tier_web),
    make_policy("apps-b", api::LabelSelector{.match_labels = {{"app", "both"}}}),
    make_policy("apps-a",
                api::LabelSelector{.match_expressions = {{"app", "In", {"both", "broken"}}}}),
    make_policy("broken", api::LabelSelector{.match_labels = {{"app", "bad"}}},
                "spec.bakeTime: \"30\" has no unit"),
};

api::ConfigMap good_map() {
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
  const char* governed_by;
  Reason reason;
  const char* message;
};

constexpr const char* nothing_is_done = "No policy applies; nothing is done";

const std::vector<Row> table = {
    {"nothing is said", {}, {}, {}, Kind::None, "", Reason::None, nothing_is_done},
    {"labels that no selector matches",
     {},
     {{"tier", "db"}},
     {},
     Kind::None,
     "",
     Reason::None,
     nothing_is_done},
    {"our own mark alone is no opt-in",
     {{"lastgood.dev/rolled-back-by", "web-7"}},
     {},
     {},
     Kind::None,
     "",
     Reason::None,
     nothing_is_done},
    {"a pause alone is no opt-in",
     {{"lastgood.dev/pause-until", "2026-11-24T12:00:00Z"}},
     {},
     {},
     Kind::None,
     "",
     Reason::None,
     nothing_is_done},
    {"a group alone is no opt-in",
     {{"lastgood.dev/group", "checkout"}},
     {},
     {},
     Kind::None,
     "",
     Reason::None,
     nothing_is_done},
    {"an approval and a resumption alone are no opt-in",
     {{"lastgood.dev/approve", "web-7"}, {"lastgood.dev/resume", "2026-11-24T12:00:00Z"}},
     {},
     {},
     Kind::None,
     "",
     Reason::None,
     nothing_is_done},
    {"opted out, whatever else is said",
     {{"lastgood.dev/enabled", "false"},
      {"lastgood.dev/policy", "web"},
      {"lastgood.dev/config-map", "c"},
      {"lastgood.dev/x", ""}},
     {{"tier", "web"}},
     {},
     Kind::None,
     "",
     Reason::None,
     nothing_is_done},
    {"enabled: the built-in policy",
     {{"lastgood.dev/enabled", "true"}},
     {},
     {},
     Kind::BuiltIn,
     "built-in",
     Reason::None,
     ""},
    {"a policy by name",
     {{"lastgood.dev/policy", "web"}},
     {},
     {},
     Kind::RollbackPolicy,
     "RollbackPolicy/web",
     Reason::None,
     ""},
    {"a policy by name before a ConfigMap",
     {{"lastgood.dev/policy", "web"}, {"lastgood.dev/config-map", "c"}},
     {},
     {},
     Kind::RollbackPolicy,
     "RollbackPolicy/web",
     Reason::None,
     ""},
    {"a policy by name before another's selector, and without a conflict",
     {{"lastgood.dev/policy", "web"}},
     {{"app", "both"}, {"tier", "web"}},
     {},
     Kind::RollbackPolicy,
     "RollbackPolicy/web",
     Reason::None,
     ""},
    {"a policy that does not exist",
     {{"lastgood.dev/policy", "webb"}},
     {{"tier", "web"}},
     {},
     Kind::Broken,
     "RollbackPolicy/webb",
     Reason::PolicyNotFound,
     R"(RollbackPolicy "webb" does not exist in namespace shop; the nearest that exists is "web")"},
    {"a policy that cannot be used",
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
     good_map(),
     Kind::ConfigMap,
     "ConfigMap/rollback-config",
     Reason::None,
     ""},
    {"a ConfigMap before a selector",
     {{"lastgood.dev/config-map", "rollback-config"}},
     {{"tier", "web"}},
     good_map(),
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
    {"a ConfigMap that must not be read",
     {{"lastgood.dev/config-map", "rollback-config"}},
     {},
     fail(ErrorKind::Forbidden, "configmaps is forbidden"),
     Kind::Broken,
     "ConfigMap/rollback-config",
     Reason::ConfigMapUnreadable,
     R"(ConfigMap "rollback-config" cannot be read: configmaps is forbidden)"},
    {"a ConfigMap that was not read",
     {{"lastgood.dev/config-map", "rollback-config"}},
     {},
     {},
     Kind::Broken,
     "ConfigMap/rollback-config",
     Reason::ConfigMapUnreadable,
     R"(ConfigMap "rollback-config" has not been read)"},
    {"a ConfigMap with a value that is none",
     {{"lastgood.dev/config-map", "rollback-config"}},
     {},
     api::ConfigMap{.data = {{"health_check_url", "http://a"},
                             {"failure_threshold", "abc"},
                             {"check_interval", "30s"}}},
     Kind::Broken,
     "ConfigMap/rollback-config",
     Reason::ConfigMapInvalid,
     R"(ConfigMap rollback-config: failure_threshold: "abc" is not a whole number from 1 to 100, such as "3")"},
    {"one policy's selector",
     {},
     {{"tier", "web"}},
     {},
     Kind::RollbackPolicy,
     "RollbackPolicy/tiered",
     Reason::None,
     ""},
    {"one policy's selector before the built-in policy",
     {{"lastgood.dev/enabled", "true"}},
     {{"tier", "web"}},
     {},
     Kind::RollbackPolicy,
     "RollbackPolicy/tiered",
     Reason::None,
     ""},
    {"two policies' selectors",
     {{"lastgood.dev/enabled", "true"}},
     {{"app", "both"}},
     {},
     Kind::Broken,
     "",
     Reason::PolicyConflict,
     "2 RollbackPolicies select this Deployment: apps-a, apps-b; name one by the annotation "
     "lastgood.dev/policy"},
    {"a selector of a policy that cannot be used",
     {},
     {{"app", "bad"}},
     {},
     Kind::Broken,
     "RollbackPolicy/broken",
     Reason::PolicyInvalid,
     R"(RollbackPolicy broken: spec.bakeTime: "30" has no unit)"},
    {"a value that cannot be understood is never acted past",
     {{"lastgood.dev/enabled", "true"}, {"lastgood.dev/pause-until", "soon"}},
     {{"tier", "web"}},
     {},
     Kind::Broken,
     "",
     Reason::InvalidAnnotation,
     R"(lastgood.dev/pause-until: "soon" is not a time in RFC 3339, such as "2026-11-24T18:00:00Z")"},
    {"an order without a group is never acted past",
     {{"lastgood.dev/policy", "web"}, {"lastgood.dev/group-order", "1"}},
     {},
     {},
     Kind::Broken,
     "",
     Reason::InvalidAnnotation,
     "lastgood.dev/group-order says nothing without lastgood.dev/group, the group in which that is "
     "the order"},
    {"a mark of the pod template on the Deployment is never acted past",
     {{"lastgood.dev/enabled", "true"}, {"lastgood.dev/no-rollback-past", "true"}},
     {},
     {},
     Kind::Broken,
     "",
     Reason::InvalidAnnotation,
     "lastgood.dev/no-rollback-past belongs on the pod template, not on the Deployment"},
    {"a key that cannot be understood is never acted past",
     {{"lastgood.dev/polcy", "web"}, {"lastgood.dev/zzz", ""}},
     {},
     {},
     Kind::Broken,
     "",
     Reason::InvalidAnnotation,
     R"("lastgood.dev/polcy" is not a key of this release; the nearest valid key is lastgood.dev/policy (and 1 more))"},
};

std::vector<const api::RollbackPolicy*> pointers(const std::vector<api::RollbackPolicy>& policies) {
  std::vector<const api::RollbackPolicy*> out;
  for (const auto& one : policies) out.push_back(&one);
  return out;
}

api::PolicySpec spec_of(const std::string& governed_by) {
  for (const auto& one : all) {
    if ("RollbackPolicy/" + one.meta.key.name == governed_by) return one.spec;
  }
  return {};
}

}  // namespace

TEST_CASE("One policy governs a Deployment: the first that applies") {
  for (const Row& row : table) {
    DYNAMIC_SECTION(row.name) {
      const api::Deployment deployment{.meta = {.key = {"shop", "web"}, .labels = row.labels}};
      const EffectivePolicy found = policy::resolve_policy(
          deployment, policy::parse_opt_in(row.annotations), pointers(all), row.config_map);
      CHECK(found.kind == row.kind);
      CHECK(found.name == row.governed_by);
      CHECK(found.reason == row.reason);
      CHECK(found.message == row.message);
      if (row.kind == Kind::RollbackPolicy) CHECK(found.spec == spec_of(row.governed_by));
      if (row.kind == Kind::BuiltIn) CHECK(found.spec == api::PolicySpec{});
      if (row.kind == Kind::ConfigMap)
        CHECK(found.spec.checks.at(0).http.url == "http://myapp/health");
    }
  }
}

TEST_CASE("Every reason of a broken opt-in has a row in the table") {
  for (const Reason reason : policy::broken_reasons()) {
    CAPTURE(reason);
    CHECK(std::ranges::any_of(table, [&](const Row& row) { return row.reason == reason; }));
  }
}

TEST_CASE("A missing policy in a namespace without any says so") {
  const api::Deployment deployment{.meta = {.key = {"shop", "web"}}};
  const auto found = policy::resolve_policy(
      deployment, policy::parse_opt_in({{"lastgood.dev/policy", "web"}}), {}, {});
  CHECK(found.message ==
        R"(RollbackPolicy "web" does not exist in namespace shop; no RollbackPolicy does)");
}

TEST_CASE("A suspended policy still governs") {
  auto suspended = make_policy("web");
  suspended.spec.suspend = true;
  const std::vector<const api::RollbackPolicy*> policies = {&suspended};
  const api::Deployment deployment{.meta = {.key = {"shop", "web"}}};
  const auto found = policy::resolve_policy(
      deployment, policy::parse_opt_in({{"lastgood.dev/policy", "web"}}), policies, {});
  CHECK(found.kind == Kind::RollbackPolicy);
  CHECK(found.spec.suspend);
}

TEST_CASE("A ConfigMap is read only where it could matter") {
  using policy::config_map_wanted;
  using policy::parse_opt_in;
  const api::StringMap map = {{"lastgood.dev/config-map", "rollback-config"}};
  auto with = [&](const char* key, const char* value) {
    auto annotations = map;
    annotations[key] = value;
    return parse_opt_in(annotations);
  };
  CHECK(config_map_wanted(parse_opt_in(map)) == "rollback-config");
  CHECK(config_map_wanted(with("lastgood.dev/enabled", "true")) == "rollback-config");
  CHECK_FALSE(config_map_wanted(with("lastgood.dev/enabled", "false")));
  CHECK_FALSE(config_map_wanted(with("lastgood.dev/policy", "web")));
  CHECK_FALSE(config_map_wanted(with("lastgood.dev/enabled", "maybe")));
  CHECK_FALSE(config_map_wanted(parse_opt_in({})));
}
