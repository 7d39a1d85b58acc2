// What an owner wrote on a Deployment under lastgood.dev/, and what is said about what cannot be understood.
#include "policy/annotations.hpp"

#include <catch2/catch.hpp>

using namespace lastgood;
using policy::AnnotationProblem;
using policy::OptIn;
using policy::parse_opt_in;

TEST_CASE("Annotations of others are no opt-in and no problem") {
  CHECK(parse_opt_in({}) == OptIn{});
  CHECK(parse_opt_in({{"kubernetes.io/change-cause", "v2"}, {"lastgood.devil/enabled", "true"}, {"lastgood.dev", "x"}}) ==
        OptIn{});
}

TEST_CASE("Each valid key is read") {
  struct Row {
    const char* name;
    api::StringMap annotations;
    OptIn expected;
  };
  const Row row = GENERATE(values<Row>({
      {"enabled", {{"lastgood.dev/enabled", "true"}}, {.enabled = true}},
      {"opted out", {{"lastgood.dev/enabled", "false"}}, {.enabled = false}},
      {"policy", {{"lastgood.dev/policy", "web.v2"}}, {.policy = "web.v2"}},
      {"ConfigMap", {{"lastgood.dev/config-map", "rollback-config"}}, {.config_map = "rollback-config"}},
      {"pause", {{"lastgood.dev/pause-until", "2026-11-24T13:00:00+01:00"}}, {.pause_until = Time{Duration{1795521600000}}}},
      {"our own mark, whatever it says", {{"lastgood.dev/rolled-back-by", "not a name!"}}, {}},
      {"several", {{"lastgood.dev/enabled", "true"}, {"lastgood.dev/policy", "web"}}, {.enabled = true, .policy = "web"}},
  }));
  INFO(row.name);
  CHECK(parse_opt_in(row.annotations) == row.expected);
}

TEST_CASE("What cannot be understood is a problem that says what was found and what is expected") {
  struct Row {
    const char* key;
    const char* value;
    const char* message;
  };
  const Row row = GENERATE(values<Row>({
      {"lastgood.dev/enabled", "yes", R"(lastgood.dev/enabled: "yes" is neither "true" nor "false")"},
      {"lastgood.dev/enabled", "", R"(lastgood.dev/enabled: "" is neither "true" nor "false")"},
      {"lastgood.dev/enabled", "True", R"(lastgood.dev/enabled: "True" is neither "true" nor "false")"},
      {"lastgood.dev/policy", "My Policy",
       R"(lastgood.dev/policy: "My Policy" cannot be the name of a RollbackPolicy, such as "web")"},
      {"lastgood.dev/policy", "", R"(lastgood.dev/policy: "" cannot be the name of a RollbackPolicy, such as "web")"},
      {"lastgood.dev/policy", "shop/web",
       R"(lastgood.dev/policy: "shop/web" cannot be the name of a RollbackPolicy, such as "web")"},
      {"lastgood.dev/config-map", "Rollback_Config",
       R"(lastgood.dev/config-map: "Rollback_Config" cannot be the name of a ConfigMap, such as "rollback-config")"},
      {"lastgood.dev/pause-until", "tomorrow",
       R"(lastgood.dev/pause-until: "tomorrow" is not a time in RFC 3339, such as "2026-11-24T18:00:00Z")"},
      {"lastgood.dev/pause-until", "2026-11-24",
       R"(lastgood.dev/pause-until: "2026-11-24" is not a time in RFC 3339, such as "2026-11-24T18:00:00Z")"},
      {"lastgood.dev/polcy", "web",
       R"("lastgood.dev/polcy" is not a key of this release; the nearest valid key is lastgood.dev/policy)"},
      {"lastgood.dev/pause-untill", "2026-11-24T18:00:00Z",
       R"("lastgood.dev/pause-untill" is not a key of this release; the nearest valid key is lastgood.dev/pause-until)"},
      {"lastgood.dev/configmap", "rollback-config",
       R"("lastgood.dev/configmap" is not a key of this release; the nearest valid key is lastgood.dev/config-map)"},
      {"lastgood.dev/enable", "true",
       R"("lastgood.dev/enable" is not a key of this release; the nearest valid key is lastgood.dev/enabled)"},
      {"lastgood.dev/Enabled", "true",
       R"("lastgood.dev/Enabled" is not a key of this release; the nearest valid key is lastgood.dev/enabled)"},
  }));
  CHECK(parse_opt_in({{row.key, row.value}}) == OptIn{.problems = {AnnotationProblem{row.key, row.message}}});
}

TEST_CASE("What can be understood is read beside a problem") {
  const OptIn opt_in = parse_opt_in({{"lastgood.dev/enabled", "true"}, {"lastgood.dev/pause-until", "soon"}});
  CHECK(opt_in.enabled == true);
  CHECK(opt_in.problems.size() == 1);
}

TEST_CASE("However many keys and however long their values, problems stay few and short") {
  api::StringMap annotations;
  for (int i = 0; i < 100; ++i) annotations["lastgood.dev/key-" + std::to_string(i)] = std::string(100000, 'x');
  annotations["lastgood.dev/policy"] = std::string(100000, 'x');
  const OptIn opt_in = parse_opt_in(annotations);
  CHECK(opt_in.problems.size() == 16);
  for (const AnnotationProblem& problem : opt_in.problems) CHECK(problem.message.size() < 512);
}
