// docs/reference.md has every field of the CRDs, with its default. The rest of the page is tested
// in tests/unit/docs/reference_test.cpp.
#include <catch2/catch.hpp>

#include "unit/codec/schema.hpp"

namespace schema = lastgood::schema;

namespace {

// The text from a heading to the next heading of the same or a higher level.
std::string section(const std::string& text, const std::string& heading) {
  const auto start = text.find("\n" + heading + "\n");
  if (start == std::string::npos) return "";
  const std::string level = heading.substr(0, heading.find(' '));
  auto end = text.find("\n" + level + " ", start + 1);
  if (level == "###") end = std::min(end, text.find("\n## ", start + 1));
  return text.substr(start, end == std::string::npos ? end : end - start);
}

// The table row whose first cell is `field`. Empty if no row has it.
std::string row_of(const std::string& text, const std::string& field) {
  const auto start = text.find("\n| `" + field + "` |");
  return start == std::string::npos
             ? ""
             : text.substr(start + 1, text.find('\n', start + 1) - start - 1);
}

struct DocumentedField {
  std::string heading;
  std::string field;
};

// The heading and the name under which the reference must document a field of the schema. All
// revisions share one table, and all checks share one table.
DocumentedField documented_field(const std::string& kind, const std::string& field) {
  for (const char* parent : {"status.current.", "status.lastGood.", "status.revisions[].",
                             "spec.from.", "spec.to.", "spec.undone[]."}) {
    if (field.starts_with(parent))
      return {"### A revision", field.substr(std::string(parent).size())};
  }
  for (const char* parent : {"status.checks[].", "status.evidence[].", "status.verification[]."}) {
    if (field.starts_with(parent)) return {"### A check", field.substr(std::string(parent).size())};
  }
  return {"## " + kind, field};
}

void check_kind(const std::string& kind, const std::string& plural) {
  const std::string text = schema::text_file("docs/reference.md");
  for (const std::string& field : schema::fields_of_schema(schema::schema_of(plural))) {
    if (!field.starts_with("spec.") && !field.starts_with("status.")) continue;
    const DocumentedField expected = documented_field(kind, field);
    INFO(kind << " " << field);
    CHECK_FALSE(row_of(section(text, expected.heading), expected.field).empty());
  }
}

}  // namespace

TEST_CASE("docs/reference.md has a table row for every field of every kind") {
  check_kind("RollbackPolicy", "rollbackpolicies");
  check_kind("DeploymentGuard", "deploymentguards");
  check_kind("Rollback", "rollbacks");
}

TEST_CASE("docs/reference.md has the same defaults as the schema") {
  const std::string text = section(schema::text_file("docs/reference.md"), "## RollbackPolicy");
  struct Row {
    const char* field;
    const char* pointer;  // JSON pointer in the properties of spec
  };
  const std::vector<Row> table = {
      {"spec.suspend", "/suspend/default"},
      {"spec.bakeTime", "/bakeTime/default"},
      {"spec.checks[].interval", "/checks/items/properties/interval/default"},
      {"spec.checks[].failureThreshold", "/checks/items/properties/failureThreshold/default"},
      {"spec.checks[].http.expectedStatus",
       "/checks/items/properties/http/properties/expectedStatus/default"},
      {"spec.checks[].http.maxFailingPods",
       "/checks/items/properties/http/properties/maxFailingPods/default"},
      {"spec.rollout.progressDeadline", "/rollout/properties/progressDeadline/default"},
      {"spec.rollout.crashLoopRestarts", "/rollout/properties/crashLoopRestarts/default"},
      {"spec.rollout.initCrashLoopRestarts", "/rollout/properties/initCrashLoopRestarts/default"},
      {"spec.rollout.imagePullErrors", "/rollout/properties/imagePullErrors/default"},
      {"spec.rollout.configErrors", "/rollout/properties/configErrors/default"},
      {"spec.rollout.configErrorsFor", "/rollout/properties/configErrorsFor/default"},
      {"spec.rollout.unavailableFor", "/rollout/properties/unavailableFor/default"},
      {"spec.mode", "/mode/default"},
      {"spec.rollback.cooldown", "/rollback/properties/cooldown/default"},
      {"spec.rollback.limit.count", "/rollback/properties/limit/properties/count/default"},
      {"spec.rollback.limit.within", "/rollback/properties/limit/properties/within/default"},
      {"spec.rollback.drill.afterGood", "/rollback/properties/drill/properties/afterGood/default"},
      {"spec.rollback.verifyFor", "/rollback/properties/verifyFor/default"},
  };
  const auto spec = schema::schema_of("rollbackpolicies")["properties"]["spec"]["properties"];
  for (const Row& row : table) {
    INFO(row.field);
    const auto& value = spec.at(nlohmann::json::json_pointer(row.pointer));
    const std::string written = value.is_string() ? value.get<std::string>() : value.dump();
    CHECK(row_of(text, row.field)
              .starts_with("| `" + std::string(row.field) + "` | `" + written + "` |"));
  }
}

TEST_CASE("row_of and section return only an exact match, and an empty text when there is none") {
  CHECK(row_of("\n| `spec.bakeTime` | x |\n", "spec.bake").empty());
  CHECK(row_of("\n| `spec.bakeTime` | x |\n", "spec.bakeTime") == "| `spec.bakeTime` | x |");
  CHECK(section("\n## A\na\n### B\nb\n## C\nc\n", "### B") == "\n### B\nb");
  CHECK(section("\n## A\na\n### B\nb\n## C\nc\n", "## A") == "\n## A\na\n### B\nb");
  CHECK(section("\n## A\n", "## D").empty());
}
