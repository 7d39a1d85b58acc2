// The CRDs and the code must have the same fields, defaults, enum values and bounds.
#include "schema.hpp"

#include <catch2/catch.hpp>

#include "codec/objects.hpp"

using namespace lastgood;
using namespace lastgood::api;
using namespace lastgood::codec;
namespace schema = lastgood::schema;

namespace {

constexpr const char* examples_folder = "tests/e2e/crd-examples/";

// The fields below `part`, without the prefix `part`.
std::set<std::string> fields_below(const std::string& part, const std::set<std::string>& fields) {
  std::set<std::string> out;
  for (const std::string& field : fields) {
    if (field.starts_with(part + ".")) out.insert(field.substr(part.size() + 1));
  }
  return out;
}

Revision full_revision() {
  return {.hash = TemplateHash("h"),
          .replica_set = Uid("u"),
          .number = 1,
          .since = Time{},
          .snapshot = "k",
          .no_rollback_past = true,
          .released_by = "r",
          .images = {{"app:latest", "sha256:a"}}};
}
CheckStatus full_check() {
  return {.name = "n",
          .config_hash = "q",
          .reason = Reason::Good,
          .message = "m",
          .value = 0.2,
          .threshold = "> 0.05",
          .query = "q",
          .traffic = 120,
          .question = "d",
          .recent_results = "PF",
          .bake_passes = 1,
          .bake_failures = 1,
          .last_result = Time{},
          .consecutive_unknowns = 1,
          .first_failure = Time{},
          .last_failure = Time{},
          .baseline = BaselineResult{
              .reason = Reason::Good, .message = "m", .value = 0.1, .revision = "r", .at = Time{}}};
}
Conditions full_conditions() {
  return {{.type = "Ready", .reason = "R", .last_transition = Time{}, .observed_generation = 1}};
}

// The error that the code finds in an example; empty if the example is valid.
std::string error_in(const Json& object) {
  if (object["kind"] == "Rollback") {
    const auto rollback = parse_rollback(object);
    return rollback ? "" : rollback.error().message;
  }
  if (object["kind"] != "RollbackPolicy") return "";
  const auto policy = parse_policy(object);
  return policy ? policy->problem : policy.error().message;
}

template <class Parse>
void check_enum(const Json& values, Parse parse, std::size_t count) {
  CHECK(values.size() == count);
  for (const Json& value : values) {
    INFO(value);
    CHECK(parse(value.get<std::string>()));
  }
}

}  // namespace

TEST_CASE("the CRD of DeploymentGuard has the fields that the code writes") {
  const GuardStatus status{
      .deployment_generation = 1,
      .deployment_uid = Uid("u"),
      .policy = "p",
      .reason = Reason::Good,
      .message = "m",
      .blocked_by = "d",
      .state_since = Time{},
      .template_digest = TemplateDigest("d"),
      .current = full_revision(),
      .last_good = full_revision(),
      .revisions = {full_revision()},
      .evaluation_started = Time{},
      .rolled_out = Time{},
      .bake = Bake{.began = Time{},
                   .observed = Duration{1},
                   .unobserved = Duration{1},
                   .counted_until = Time{}},
      .checks = {full_check()},
      .passed_checks = {{.check = "c", .config_hash = "q", .revision = TemplateHash("h")}},
      .idle_results = {{.check = "c",
                        .config_hash = "q",
                        .reason = Reason::Good,
                        .message = "m",
                        .at = Time{}}},
      .alerts = {{.fingerprint = "f",
                  .name = "n",
                  .labels = {{"pod", "p"}},
                  .starts_at = Time{},
                  .ends_at = Time{},
                  .received = Time{}}},
      .rollback = "r",
      .pending = "r",
      .rollbacks = {PastRollback{.name = "r", .at = Time{}}},
      .contests = {Contest{.hash = TemplateHash("h"), .by = "b", .at = Time{}}},
      .freeze = Freeze{.reason = Reason::Good,
                       .message = "m",
                       .since = Time{},
                       .check = "c",
                       .verdict_before = RevisionVerdict::Good},
      .declined = Declined{.rollback = "r", .at = Time{}},
      .last_drill = LastDrill{.rollback = "r", .at = Time{}, .message = "m", .passed_at = Time{}},
      .conditions = full_conditions()};
  const auto fields = schema::fields_of_schema(schema::schema_of("deploymentguards"));
  CHECK(schema::fields_of(to_json(status)) == fields_below("status", fields));
  CHECK_FALSE(fields.contains("spec"));
}

TEST_CASE("the CRD of Rollback has the fields that the code writes") {
  const RollbackSpec spec{.deployment = "d",
                          .deployment_uid = Uid("u"),
                          .generation = 1,
                          .from = full_revision(),
                          .to = full_revision(),
                          .undone = {full_revision()},
                          .check = "c",
                          .reason = Reason::Good,
                          .message = "m",
                          .detected = Time{},
                          .to_revision = 1,
                          .force = true,
                          .drill = true,
                          .approved = true,
                          .policy = "p",
                          .released_by = "r",
                          .released = Time{},
                          .group = GroupRollback{.name = "g", .members = {"d"}},
                          .caused_by = "c"};
  const RollbackStatus status{.message = "m",
                              .waiting_for = Reason::GroupOrder,
                              .blocked_by = "d",
                              .approved_by = "u",
                              .last_error = "e",
                              .first_failure = Time{},
                              .template_restored = Time{},
                              .patched_generation = 6,
                              .rolled_out = Time{},
                              .finished = Time{},
                              .evidence = {full_check()},
                              .verification = {full_check()},
                              .changes = {Change{.path = "p", .from = "f", .to = "t"}},
                              .timeline = {TimelineEntry{.time = Time{}, .message = "w"}},
                              .time_to_detect = Duration{1},
                              .time_to_act = Duration{1},
                              .conditions = full_conditions()};
  const auto fields = schema::fields_of_schema(schema::schema_of("rollbacks"));
  CHECK(schema::fields_of(to_json(spec)) == fields_below("spec", fields));
  CHECK(schema::fields_of(to_json(status)) == fields_below("status", fields));
}

TEST_CASE("the CRD of Rollback makes each spec field that the controller sets immutable") {
  const Json spec = schema::schema_of("rollbacks")["properties"]["spec"];
  const std::string rules = spec["x-kubernetes-validations"].dump();
  const std::set<std::string> set_by_users = {"deployment", "toRevision", "force", "drill",
                                              "approved"};
  // Another rule of the CRD requires these fields together.
  const std::set<std::string> required_together = {"deploymentUid", "generation", "from"};
  for (const auto& [name, field] : spec["properties"].items()) {
    if (set_by_users.contains(name)) continue;
    INFO(name);
    REQUIRE(field.contains("x-kubernetes-validations"));
    CHECK(field["x-kubernetes-validations"][0]["rule"] == "self == oldSelf");
    if (!required_together.contains(name))
      CHECK(rules.contains("has(self." + name + ") == has(oldSelf." + name + ")"));
  }
}

TEST_CASE("the conditions of each CRD have the fields of metav1.Condition") {
  const std::set<std::string> written = schema::fields_of(to_json(full_conditions().front()));
  for (const char* plural : {"rollbackpolicies", "deploymentguards", "rollbacks"}) {
    INFO(plural);
    const Json conditions =
        schema::schema_of(plural)["properties"]["status"]["properties"]["conditions"];
    CHECK(schema::fields_of_schema(conditions["items"]) == written);
    CHECK(conditions["x-kubernetes-list-map-keys"] == Json{"type"});
  }
}

TEST_CASE(
    "the CRD of RollbackPolicy has the spec of the complete example and the status of the code") {
  const auto fields = schema::fields_of_schema(schema::schema_of("rollbackpolicies"));
  const Json complete_policy =
      schema::yaml_file(std::string(examples_folder) + "good/everything.yaml");
  CHECK(schema::fields_of(complete_policy["spec"]) == fields_below("spec", fields));
  const PolicyStatus status{
      .observed_generation = 1, .guarded = 1, .conditions = full_conditions()};
  CHECK(schema::fields_of(to_json(status)) == fields_below("status", fields));
}

TEST_CASE("the CRD of RollbackPolicy has the defaults of the code") {
  const Json crd = schema::schema_of("rollbackpolicies");
  const Json without_defaults =
      Json::parse(R"({"spec": {"checks": [{"name": "health", "http": {"port": 8080}}]}})");
  const Json with_defaults = schema::with_defaults(crd, without_defaults);
  CHECK(with_defaults["spec"]["bakeTime"] == "10m");
  CHECK(with_defaults["spec"]["mode"] == "Enforce");
  CHECK(with_defaults["spec"]["rollback"]["limit"]["count"] == 3);
  const auto from_server = parse_policy(with_defaults);
  const auto from_code = parse_policy(without_defaults);
  REQUIRE(from_server);
  REQUIRE(from_code);
  CHECK(from_server->problem.empty());
  CHECK(from_server->spec == from_code->spec);
  PolicySpec expected;
  expected.checks = {Check{.name = "health", .kind = HttpCheck{.port = 8080}}};
  CHECK(from_code->spec == expected);
}

TEST_CASE("the enumerations of the CRDs have the values of the code") {
  const Json guard = schema::schema_of("deploymentguards")["properties"]["status"]["properties"];
  check_enum(guard["state"]["enum"], parse_state, 6);
  check_enum(guard["current"]["properties"]["verdict"]["enum"], parse_verdict, 7);
  check_enum(guard["checks"]["items"]["properties"]["result"]["enum"], parse_measurement_result, 3);
  check_enum(guard["checks"]["items"]["properties"]["baseline"]["properties"]["result"]["enum"],
             parse_measurement_result, 3);
  const Json rollback = schema::schema_of("rollbacks")["properties"];
  check_enum(rollback["status"]["properties"]["phase"]["enum"], parse_phase, 9);
  check_enum(rollback["spec"]["properties"]["mode"]["enum"], parse_mode, 3);
  const Json policy = schema::schema_of("rollbackpolicies")["properties"]["spec"]["properties"];
  check_enum(policy["mode"]["enum"], parse_mode, 3);
  check_enum(policy["checks"]["items"]["properties"]["http"]["properties"]["target"]["enum"],
             parse_http_target, 3);
}

TEST_CASE("the code accepts and rejects the same examples as the CRDs") {
  for (const std::string& file : schema::yaml_files_in(std::string(examples_folder) + "good")) {
    INFO(file);
    CHECK(error_in(schema::yaml_file(file)) == "");
  }
  std::size_t rejected_policies = 0;
  for (const std::string& file : schema::yaml_files_in(std::string(examples_folder) + "bad")) {
    INFO(file);
    CHECK(schema::text_file(file).starts_with("# refused: "));
    const Json object = schema::yaml_file(file);
    // The code ignores unknown fields, and an unknown operator of a selector matches nothing.
    const bool is_rejected_by_crd_only =
        file.ends_with("unknown-field.yaml") || file.find("/selector-") != std::string::npos;
    if (object["kind"] != "RollbackPolicy" || is_rejected_by_crd_only) continue;
    ++rejected_policies;
    CHECK_FALSE(error_in(object).empty());
  }
  CHECK(rejected_policies > 60);
}
