#include "policy/annotations.hpp"

#include <catch2/catch.hpp>

using namespace lastgood;
using policy::AnnotationProblem;
using policy::OptIn;
using policy::parse_opt_in;
using policy::parse_template;
using policy::TemplateMarks;

TEST_CASE("parse_opt_in ignores annotations of other programs") {
  CHECK(parse_opt_in({}) == OptIn{});
  CHECK(parse_opt_in({{"kubernetes.io/change-cause", "v2"},
                      {"lastgood.devil/enabled", "true"},
                      {"lastgood.dev", "x"}}) == OptIn{});
}

TEST_CASE("parse_opt_in reads each valid key") {
  struct Row {
    const char* name;
    api::StringMap annotations;
    OptIn expected;
  };
  const Row row = GENERATE(values<Row>({
      {"enabled is true", {{"lastgood.dev/enabled", "true"}}, {.enabled = true}},
      {"enabled is false", {{"lastgood.dev/enabled", "false"}}, {.enabled = false}},
      {"policy", {{"lastgood.dev/policy", "web.v2"}}, {.policy = "web.v2"}},
      {"config-map",
       {{"lastgood.dev/config-map", "rollback-config"}},
       {.config_map = "rollback-config"}},
      {"pause-until",
       {{"lastgood.dev/pause-until", "2026-11-24T13:00:00+01:00"}},
       {.pause_until = Time{Duration{1795521600000}}}},
      {"resume",
       {{"lastgood.dev/resume", "2026-11-24T12:00:00Z"}},
       {.resume = Time{Duration{1795521600000}}}},
      {"approve", {{"lastgood.dev/approve", "web-7-observed"}}, {.approve = "web-7-observed"}},
      {"group", {{"lastgood.dev/group", "checkout"}}, {.group = "checkout"}},
      {"group and group-order",
       {{"lastgood.dev/group", "checkout"}, {"lastgood.dev/group-order", "10"}},
       {.group = "checkout", .group_order = 10}},
      {"the lowest group-order",
       {{"lastgood.dev/group", "checkout"}, {"lastgood.dev/group-order", "-1000"}},
       {.group = "checkout", .group_order = -1000}},
      {"the highest group-order",
       {{"lastgood.dev/group", "checkout"}, {"lastgood.dev/group-order", "1000"}},
       {.group = "checkout", .group_order = 1000}},
      {"rolled-back-by, which Lastgood writes, is ignored",
       {{"lastgood.dev/rolled-back-by", "not a name!"}},
       {}},
      {"enabled and policy",
       {{"lastgood.dev/enabled", "true"}, {"lastgood.dev/policy", "web"}},
       {.enabled = true, .policy = "web"}},
  }));
  INFO(row.name);
  CHECK(parse_opt_in(row.annotations) == row.expected);
}

TEST_CASE("parse_opt_in reports each invalid key or value, and what is valid") {
  struct Row {
    const char* key;
    const char* value;
    const char* message;
  };
  const Row row = GENERATE(values<Row>({
      {"lastgood.dev/enabled", "yes", R"(lastgood.dev/enabled: "yes" is not "true" or "false")"},
      {"lastgood.dev/enabled", "", R"(lastgood.dev/enabled: "" is not "true" or "false")"},
      {"lastgood.dev/enabled", "True", R"(lastgood.dev/enabled: "True" is not "true" or "false")"},
      {"lastgood.dev/policy", "My Policy",
       R"(lastgood.dev/policy: "My Policy" is not a valid name of a RollbackPolicy, such as "web")"},
      {"lastgood.dev/policy", "",
       R"(lastgood.dev/policy: "" is not a valid name of a RollbackPolicy, such as "web")"},
      {"lastgood.dev/policy", "shop/web",
       R"(lastgood.dev/policy: "shop/web" is not a valid name of a RollbackPolicy, such as "web")"},
      {"lastgood.dev/config-map", "Rollback_Config",
       R"(lastgood.dev/config-map: "Rollback_Config" is not a valid name of a ConfigMap, such as "rollback-config")"},
      {"lastgood.dev/pause-until", "tomorrow",
       R"(lastgood.dev/pause-until: "tomorrow" is not a time in RFC 3339, such as "2026-11-24T18:00:00Z")"},
      {"lastgood.dev/pause-until", "2026-11-24",
       R"(lastgood.dev/pause-until: "2026-11-24" is not a time in RFC 3339, such as "2026-11-24T18:00:00Z")"},
      {"lastgood.dev/resume", "now",
       R"(lastgood.dev/resume: "now" is not a time in RFC 3339, such as "2026-11-24T18:00:00Z")"},
      {"lastgood.dev/resume", "",
       R"(lastgood.dev/resume: "" is not a time in RFC 3339, such as "2026-11-24T18:00:00Z")"},
      {"lastgood.dev/approve", "true please",
       R"(lastgood.dev/approve: "true please" is not a valid name of a Rollback, such as "web-7-9f1d")"},
      {"lastgood.dev/group", "Checkout",
       R"(lastgood.dev/group: "Checkout" is not a valid name of a group: use at most 63 lower case letters, digits and "-", such as "checkout")"},
      {"lastgood.dev/group", "check.out",
       R"(lastgood.dev/group: "check.out" is not a valid name of a group: use at most 63 lower case letters, digits and "-", such as "checkout")"},
      {"lastgood.dev/group", "",
       R"(lastgood.dev/group: "" is not a valid name of a group: use at most 63 lower case letters, digits and "-", such as "checkout")"},
      {"lastgood.dev/group-order", "10",
       "lastgood.dev/group-order has no effect without lastgood.dev/group; set both"},
      {"lastgood.dev/no-rollback-past", "true",
       "lastgood.dev/no-rollback-past belongs on the pod template, not on the Deployment"},
      {"lastgood.dev/no-rolback-past", "true",
       R"("lastgood.dev/no-rolback-past" is not a valid key; the nearest valid key is lastgood.dev/no-rollback-past, which belongs on the pod template, not on the Deployment)"},
      {"lastgood.dev/polcy", "web",
       R"("lastgood.dev/polcy" is not a valid key; the nearest valid key is lastgood.dev/policy)"},
      {"lastgood.dev/pause-untill", "2026-11-24T18:00:00Z",
       R"("lastgood.dev/pause-untill" is not a valid key; the nearest valid key is lastgood.dev/pause-until)"},
      {"lastgood.dev/configmap", "rollback-config",
       R"("lastgood.dev/configmap" is not a valid key; the nearest valid key is lastgood.dev/config-map)"},
      {"lastgood.dev/enable", "true",
       R"("lastgood.dev/enable" is not a valid key; the nearest valid key is lastgood.dev/enabled)"},
      {"lastgood.dev/Enabled", "true",
       R"("lastgood.dev/Enabled" is not a valid key; the nearest valid key is lastgood.dev/enabled)"},
  }));
  const OptIn opt_in = parse_opt_in({{row.key, row.value}});
  CHECK(opt_in == OptIn{.problems = {row.message}});
}

TEST_CASE("parse_opt_in ignores a group order that is not from -1000 to 1000") {
  const char* value = GENERATE("first", "", "-", "--1", "+1", "1001", "-1001", "1.5", " 1",
                               "99999999999999999999", "0x10");
  const OptIn opt_in =
      parse_opt_in({{"lastgood.dev/group", "checkout"}, {"lastgood.dev/group-order", value}});
  CHECK(opt_in.group == "checkout");
  CHECK(opt_in.group_order == 0);
  REQUIRE(opt_in.problems.size() == 1);
  CHECK(opt_in.problems[0] == "lastgood.dev/group-order: \"" + std::string(value) +
                                  "\" is not a whole number from -1000 to 1000, such as \"10\"");
}

TEST_CASE("parse_opt_in reports only the invalid group when group and group-order are set") {
  const OptIn opt_in =
      parse_opt_in({{"lastgood.dev/group", "No!"}, {"lastgood.dev/group-order", "10"}});
  REQUIRE(opt_in.problems.size() == 1);
  CHECK_THAT(opt_in.problems[0], Catch::StartsWith("lastgood.dev/group: "));
}

TEST_CASE("parse_opt_in reads the valid keys when another key has an invalid value") {
  const OptIn opt_in =
      parse_opt_in({{"lastgood.dev/enabled", "true"}, {"lastgood.dev/pause-until", "soon"}});
  CHECK(opt_in.enabled == true);
  CHECK(opt_in.problems.size() == 1);
}

TEST_CASE("parse_opt_in and parse_template limit the number and the size of problems") {
  api::StringMap annotations;
  for (int i = 0; i < 100; ++i)
    annotations["lastgood.dev/key-" + std::to_string(i)] = std::string(100000, 'x');
  annotations["lastgood.dev/policy"] = std::string(100000, 'x');
  const OptIn opt_in = parse_opt_in(annotations);
  CHECK(opt_in.problems.size() == 16);
  for (const AnnotationProblem& problem : opt_in.problems) CHECK(problem.size() < 512);
  const TemplateMarks marks = parse_template(annotations);
  CHECK(marks.problems.size() == 16);
  for (const AnnotationProblem& problem : marks.problems) CHECK(problem.size() < 512);
}

TEST_CASE("parse_template treats unknown keys and invalid values as no-rollback-past") {
  struct Row {
    const char* name;
    api::StringMap annotations;
    bool no_rollback_past;
    std::vector<AnnotationProblem> problems;
  };
  const std::string mark = "lastgood.dev/no-rollback-past";
  const std::string not_boolean =
      R"( is not "true" or "false"; until it is corrected, Lastgood does not roll back past this revision)";
  const std::vector<Row> rows{
      {"no annotations", {}, false, {}},
      {"annotations of other programs",
       {{"prometheus.io/scrape", "true"}, {"lastgood.devil/no-rollback-past", "true"}},
       false,
       {}},
      {"the mark is true", {{mark, "true"}}, true, {}},
      {"the mark is false", {{mark, "false"}}, false, {}},
      {"the mark is not a boolean", {{mark, "yes"}}, true, {mark + R"(: "yes")" + not_boolean}},
      {"the mark is \"False\" instead of \"false\"",
       {{mark, "False"}},
       true,
       {mark + R"(: "False")" + not_boolean}},
      {"the mark is empty", {{mark, ""}}, true, {mark + R"(: "")" + not_boolean}},
      {"a misspelt key",
       {{"lastgood.dev/no-rollback", "true"}},
       true,
       {R"("lastgood.dev/no-rollback" is not a valid key; the nearest valid key is lastgood.dev/no-rollback-past; until it is corrected, Lastgood does not roll back past this revision)"}},
      {"a misspelt key before the mark, which is false",
       {{"lastgood.dev/no-rollback", "true"}, {mark, "false"}},
       true,
       {R"("lastgood.dev/no-rollback" is not a valid key; the nearest valid key is lastgood.dev/no-rollback-past; until it is corrected, Lastgood does not roll back past this revision)"}},
      {"a key of the Deployment",
       {{"lastgood.dev/enabled", "true"}},
       false,
       {"lastgood.dev/enabled belongs on the Deployment, not on its pod template"}},
      {"the key that Lastgood writes on the Deployment",
       {{"lastgood.dev/rolled-back-by", "web-7"}},
       false,
       {"lastgood.dev/rolled-back-by belongs on the Deployment, not on its pod template"}},
      {"a misspelt key of the Deployment",
       {{"lastgood.dev/polcy", "web"}},
       true,
       {R"("lastgood.dev/polcy" is not a valid key; the nearest valid key is lastgood.dev/policy, which belongs on the Deployment, not on its pod template; until it is corrected, Lastgood does not roll back past this revision)"}},
      {"the mark is true, and another key belongs on the Deployment",
       {{mark, "true"}, {"lastgood.dev/group", "checkout"}},
       true,
       {"lastgood.dev/group belongs on the Deployment, not on its pod template"}},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(parse_template(row.annotations) ==
            TemplateMarks{.no_rollback_past = row.no_rollback_past, .problems = row.problems});
    }
  }
}

TEST_CASE("summary returns the first problem and the number of other problems") {
  const AnnotationProblem problem = "k is invalid";
  CHECK(policy::summary({}).empty());
  CHECK(policy::summary(std::vector{problem}) == "k is invalid");
  CHECK(policy::summary(std::vector{problem, problem, problem}) == "k is invalid (and 2 more)");
}

TEST_CASE("limits the length of a problem when a key has many control characters") {
  const std::string key = "lastgood.dev/" + std::string(200, '\x1c');
  const auto problems = parse_opt_in({{key, "true"}}).problems;
  REQUIRE(problems.size() == 1);
  CHECK(problems.front().size() == 511);
  CHECK(problems.front().ends_with("..."));
}
