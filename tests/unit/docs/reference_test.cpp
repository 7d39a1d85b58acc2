// docs/reference.md has exactly the reasons, annotations, conditions, metrics and flags that exist.
// tests/unit/api/reference_test.cpp checks the fields.
#include "reference.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "api/reasons.hpp"
#include "lastgood-controller/options.hpp"
#include "policy/annotations.hpp"
#include "policy/effective_policy.hpp"
#include "reference/render.hpp"
#include "source_path.hpp"
#include "unit/codec/schema.hpp"

using namespace lastgood;
using reference::Names;

namespace {

std::string reference_page() { return schema::text_file("docs/reference.md"); }

// The text of all sources of the controller, except controller/api/, which has the table of
// reasons.
std::string sources_outside_api() {
  namespace fs = std::filesystem;
  const fs::path root = test::source_path("");
  std::string text;
  for (const auto& entry : fs::recursive_directory_iterator(root / "controller")) {
    const std::string path = fs::relative(entry.path(), root).generic_string();
    const bool is_source = path.ends_with(".cpp") || path.ends_with(".hpp");
    if (is_source && !path.starts_with("controller/api/")) text += schema::text_file(path);
  }
  return text;
}

void check_same(const Names& sources, const Names& rows) {
  CHECK_FALSE(sources.empty());
  for (const std::string& difference : reference::differences(sources, rows))
    FAIL_CHECK(difference);
}

}  // namespace

TEST_CASE("The generated tables of the reference are current") {
  const auto current = reference::render_page(reference_page());
  REQUIRE(current.has_value());
  INFO("run ./dev reference to write the tables again");
  const bool is_current = *current == reference_page();
  CHECK(is_current);
}

TEST_CASE("The reference has each generated table exactly once") {
  auto marked = reference::marked_tables(reference_page());
  auto tables = reference::table_names();
  std::ranges::sort(marked);
  std::ranges::sort(tables);
  CHECK(std::ranges::equal(marked, tables));
}

TEST_CASE("The sources outside api/ use each reason of the reason table") {
  Names reasons;
  for (const api::ReasonEntry& entry : api::reason_table())
    reasons.insert(api::to_string(entry.reason));
  Names used = reference::reasons_in(sources_outside_api());
  used.erase("None");  // means that there is no reason
  check_same(used, reasons);
}

TEST_CASE("The reference explains exactly the annotations that exist") {
  const std::string sources = schema::text_file("controller/api/constants.hpp");
  Names annotations = reference::annotations_in(sources);
  CHECK(annotations.erase("lastgood.dev/deployment") == 1);  // a label
  check_same(annotations, reference::rows_of(reference_page(), "## Annotations"));
}

TEST_CASE("The reference explains exactly the keys of the ConfigMap") {
  check_same({"health_check_url", "failure_threshold", "check_interval"},
             reference::rows_of(reference_page(), "## ConfigMap"));
}

TEST_CASE("Each reason of a policy that cannot be used is in the table of policy reasons") {
  CHECK_FALSE(policy::broken_reasons().empty());
  for (const api::Reason reason : policy::broken_reasons()) {
    INFO(api::to_string(reason));
    CHECK(std::ranges::any_of(api::reason_table(), [&](const api::ReasonEntry& entry) {
      return entry.place == api::ReasonPlace::Policy && entry.reason == reason;
    }));
  }
}

TEST_CASE("The page for app teams names every annotation that a user may write") {
  const std::string text = schema::text_file("docs/app-team.md");
  for (const std::string_view key : policy::valid_keys()) {
    INFO(key);
    CHECK(text.contains(key));
  }
  for (const std::string_view key : policy::valid_template_keys()) {
    INFO(key);
    CHECK(text.contains(key));
  }
}

TEST_CASE("The reference explains exactly the metrics that exist, with their types and labels") {
  check_same(reference::metrics_in(schema::text_file("controller/net/metrics.cpp")),
             reference::rows_of(reference_page(), "## Metrics", 3));
}

TEST_CASE("The reference explains exactly the flags that exist, with their variables") {
  check_same(reference::flags_in(schema::text_file("cmd/lastgood-controller/options.cpp")),
             reference::rows_of(reference_page(), "## Flags", 2));
}

TEST_CASE("The reference has the default of every flag that has one") {
  const Options o;
  const Names rows = reference::rows_of(reference_page(), "## Flags", 3);
  for (const std::string& row :
       {"--listen LASTGOOD_LISTEN " + o.listen, "--log-format LASTGOOD_LOG_FORMAT " + o.log_format,
        "--log-level LASTGOOD_LOG_LEVEL " + o.log_level,
        "--lease-name LASTGOOD_LEASE_NAME " + o.lease_name,
        "--breaker-rollbacks LASTGOOD_BREAKER_ROLLBACKS " + std::to_string(o.breaker_rollbacks),
        "--breaker-percent LASTGOOD_BREAKER_PERCENT " + std::to_string(o.breaker_percent),
        "--breaker-within LASTGOOD_BREAKER_WITHIN " + format_duration(o.breaker_within),
        "--shared-cause-deployments LASTGOOD_SHARED_CAUSE_DEPLOYMENTS " +
            std::to_string(o.shared_cause_deployments),
        "--shared-cause-percent LASTGOOD_SHARED_CAUSE_PERCENT " +
            std::to_string(o.shared_cause_percent)}) {
    INFO(row);
    CHECK(rows.contains(row));
  }
}

TEST_CASE("annotations_in, metrics_in and reasons_in find names in any layout of the source") {
  CHECK(reference::annotations_in("key = \"lastgood.dev/policy\"; prefix = \"lastgood.dev/\";") ==
        Names{"lastgood.dev/policy"});
  CHECK(reference::metrics_in("MetricRow{\"a_total\",\n \"counter\", \"Some \"\n \"words.\", "
                              "\"b,c\"}, MetricRow{\"d\", \"gauge\", \"Words.\", \"\"}") ==
        Names{"a_total counter b, c", "d gauge "});
  CHECK(reference::reasons_in("Reason::Good, api::Reason::Held}; AReason::Other") ==
        Names{"Good", "Held"});
}

TEST_CASE("flags_in finds flags together with their environment variables") {
  CHECK(reference::flags_in(
            "app.set_version_flag(\"--version\", v); app.add_option(\"--listen\", o.listen, \"a; "
            "b\")\n"
            "->envname(\"L_LISTEN\"); app.add_option_function<std::string>(\n \"--within\", [] { x "
            "= 1; })\n"
            "->envname(\"L_WITHIN\"); app.add_flag(\"--read\", r)->envname(\"L_READ\");") ==
        Names{"--listen L_LISTEN", "--within L_WITHIN", "--read L_READ"});
}

TEST_CASE("rows_of finds the rows of a section, and differences the names that only one side has") {
  const std::string example_page =
      "\n## Events\n\n| reason | type |\n|---|---|\n| `Seen` | Normal |\n| `Gone` | Warning "
      "|\n\ntext | `No` |\n"
      "### Below\n| x |\n|---|\n| `Deep` | Normal |\n## Metrics\n| y |\n|---|\n| `Other` | |\n";
  CHECK(reference::rows_of(example_page, "## Events", 2) ==
        Names{"Seen Normal", "Gone Warning", "Deep Normal"});
  CHECK(reference::rows_of(example_page, "### Below") == Names{"Deep"});
  CHECK(reference::rows_of(example_page, "## Absent").empty());
  CHECK(reference::differences({"Seen", "Held"}, {"Seen", "Gone"}) ==
        std::vector<std::string>{"Held is in the sources and not in the reference",
                                 "Gone is in the reference and not in the sources"});
  CHECK(reference::differences({"Seen"}, {"Seen"}).empty());
}
