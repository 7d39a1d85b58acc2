// docs/reference.md explains every annotation, reason, Event, condition, metric and flag that there is, and none that there is
// not. Fields are held by tests/unit/api.
#include "reference.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "api/rollback.hpp"
#include "lastgood-controller/options.hpp"
#include "policy/annotations.hpp"
#include "unit/codec/schema.hpp"

using namespace lastgood;
using reference::Names;

namespace {

std::string sources_of(const std::string& folder) {
  std::string text;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(LASTGOOD_SOURCE_DIR "/controller/" + folder)) {
    const auto kind = entry.path().extension();
    if (kind == ".cpp" || kind == ".hpp") {
      text += schema::text_file(std::filesystem::relative(entry.path(), LASTGOOD_SOURCE_DIR).generic_string());
    }
  }
  return text;
}

std::string page() { return schema::text_file("docs/reference.md"); }

Names joined(Names a, const Names& b) {
  a.insert(b.begin(), b.end());
  return a;
}

// A rule that passes on what a preflight found has the names of all that can be in its way.
Names in_the_way(std::string_view statuses) {
  Names out;
  for (const std::string& found : reference::preflights_in(schema::text_file("controller/rollback/preflight.cpp"))) {
    const auto end = found.find(' ');
    if (statuses.contains(found.substr(end + 1))) out.insert(found.substr(0, end));
  }
  return out;
}

Names reasons_to_hold() {
  Names names = reference::holds_in(sources_of("guard"));
  CHECK(names.erase("Preflight") == 1);
  // Those of a Rollback that is recorded: they say GroupOrder and GroupBlocked.
  CHECK(names.erase("GroupUnseen") == 1);
  CHECK(names.erase("GroupStillAble") == 1);
  CHECK(names.erase("CallerHeld") == 1);
  return joined(names, in_the_way("False Unknown"));
}

Names reasons_to_refuse() {
  Names names = reference::refusals_in(schema::text_file("controller/guard/gates/request_gates.cpp"));
  CHECK(names.erase("WouldFail no") == 1);
  for (const std::string& reason : in_the_way("False")) {
    if (reason != "MissingReference") names.insert(reason + " no");
  }
  // Of what nothing guards: there is no table to look in.
  names.insert("NoSuchDeployment no");
  return names;
}

void check_same(const Names& sources, const Names& rows) {
  CHECK_FALSE(sources.empty());
  for (const std::string& complaint : reference::differences(sources, rows)) FAIL_CHECK(complaint);
}

}  // namespace

TEST_CASE("The reference explains every Event and its type, and none that is never written") {
  const std::string sources = sources_of("guard");
  check_same(reference::events_in(sources), reference::rows_of(page(), "## Events", 2));
  const auto facts = reference::facts_in(sources);
  CHECK(facts.all == facts.spelt_out + facts.of_governed + facts.of_freezes);
}

TEST_CASE("The reference explains every annotation, and none that nobody reads") {
  const std::string sources = schema::text_file("controller/api/constants.hpp");
  Names annotations = reference::annotations_in(sources);
  CHECK(annotations.erase("lastgood.dev/deployment") == 1);  // a label
  check_same(annotations, reference::rows_of(page(), "## Annotations"));
}

TEST_CASE("The page for app teams names every annotation that a person may write") {
  const std::string text = schema::text_file("docs/app-team.md");
  const auto named = [&](std::string_view key) { return text.contains(key); };
  for (const std::string_view key : policy::valid_keys()) {
    INFO(key);
    CHECK(named(key));
  }
  for (const std::string_view key : policy::valid_template_keys()) {
    INFO(key);
    CHECK(named(key));
  }
}

TEST_CASE("The reference explains every reason to hold back, and none that holds nothing back") {
  check_same(reasons_to_hold(), reference::rows_of(page(), "### What holds it back"));
}

TEST_CASE("The page for platform teams names every reason to hold back") {
  Names sources = reasons_to_hold();
  // What is being deleted keeps the state that it had.
  CHECK(sources.erase("Deleting") == 1);
  check_same(sources, reference::rows_of(schema::text_file("docs/platform-team.md"), "## When nothing happens"));
}

TEST_CASE("The reference says of every reason to refuse a person's Rollback whether it yields to force") {
  check_same(reasons_to_refuse(), reference::rows_of(page(), "### What is refused", 2));
}

TEST_CASE("The page for platform teams names every reason to refuse a person's Rollback") {
  check_same(reasons_to_refuse(),
             reference::rows_of(schema::text_file("docs/platform-team.md"), "## When a rollback by hand is refused", 2));
}

TEST_CASE("The reference explains whatever can be said of whether a rollback would work") {
  Names sources = reference::preflights_in(schema::text_file("controller/rollback/preflight.cpp"));
  // Without a revision to go back to there is nothing to find out.
  Names words = reference::words_in(schema::text_file("controller/guard/preflight.cpp"));
  CHECK(words.erase("RollbackReady") == 1);
  CHECK(words.erase("Governed") == 1);
  CHECK(words.erase("NotChecked") == 1);
  for (const std::string& reason : words) sources.insert(reason + " False");
  check_same(sources, reference::rows_of(page(), "## Whether a rollback would work", 2));
}

TEST_CASE("The reference explains every reason of a state, and none that no state has") {
  const std::string sources = sources_of("guard");
  const Names holds = reasons_to_hold();
  const Names rows = reference::rows_of(page(), "### Why it is in its state");
  check_same(joined(reference::states_in(sources), holds), joined(rows, holds));
}

TEST_CASE("The reference explains every reason of a check, and none that no check gives") {
  Names sources = reference::check_reasons_in(sources_of("checks"));
  // Of one pod among many: a check as a whole says Unresolved or Unreachable.
  CHECK(sources.erase("NotAsked") == 1);
  sources.merge(reference::check_reasons_in(schema::text_file("controller/guard/check_status.hpp")));
  check_same(sources, reference::rows_of(page(), "### Why a check answers so"));
}

TEST_CASE("The reference explains every phase of a rollback") {
  using enum api::RollbackPhase;
  Names phases;
  for (const auto phase : {Pending, TemplateRestored, Restored, Verifying, Succeeded, Failed, Superseded, Observed, Refused}) {
    phases.insert(api::to_string(phase));
  }
  check_same(phases, reference::rows_of(page(), "### How a rollback goes"));
}

TEST_CASE("The reference explains every condition, and every reason that is a condition's alone") {
  const Names types = {"Governed", "Ready", "Reconciling", "Stalled", "Succeeded", "RollbackReady"};
  check_same(types, reference::rows_of(page(), "## Conditions"));
  const std::string section = reference::section(page(), "## Conditions");
  for (const char* file : {"controller/guard/conditions.cpp", "controller/policy/status.cpp"}) {
    for (const std::string& word : reference::words_in(schema::text_file(file))) {
      INFO(file << ": " << word);
      CHECK(section.contains("`" + word + "`"));
    }
  }
}

TEST_CASE("The reference explains every metric and its type, and none that is never shown") {
  check_same(reference::metrics_in(schema::text_file("controller/net/metrics.cpp")), reference::rows_of(page(), "## Metrics", 2));
}

TEST_CASE("The reference explains every flag and its variable, and none that is not understood") {
  check_same(reference::flags_in(schema::text_file("cmd/lastgood-controller/options.cpp")),
             reference::rows_of(page(), "## Flags", 2));
}

TEST_CASE("The reference gives the default of every flag that has one") {
  const Options o;
  const Names rows = reference::rows_of(page(), "## Flags", 3);
  for (const std::string& row :
       {"--listen LASTGOOD_LISTEN " + o.listen, "--log-format LASTGOOD_LOG_FORMAT " + o.log_format,
        "--log-level LASTGOOD_LOG_LEVEL " + o.log_level, "--lease-name LASTGOOD_LEASE_NAME " + o.lease_name,
        "--breaker-rollbacks LASTGOOD_BREAKER_ROLLBACKS " + std::to_string(o.breaker_rollbacks),
        "--breaker-percent LASTGOOD_BREAKER_PERCENT " + std::to_string(o.breaker_percent),
        "--breaker-within LASTGOOD_BREAKER_WITHIN " + format_duration(o.breaker_within)}) {
    INFO(row);
    CHECK(rows.contains(row));
  }
}

TEST_CASE("Reasons are found in the sources however they are laid out") {
  CHECK(reference::events_in("step.fact(\n  true, \"RolledBack\", x); fact(false, \"Good\", y); fact(true, after.reason, z);") ==
        Names{"RolledBack Warning", "Good Normal"});
  CHECK(reference::events_in("freeze(step, \"Late\", words, todo); freeze(step, std::move(reason), words,\n todo, \"Told\");"
                             "return Hold{.reason = \"Often\", .message = f(\"{}, {}\"), .freezes = true};"
                             "return Hold{.reason = \"Once\", .message = m};") ==
        Names{"Late Warning", "Told Warning", "Often Warning"});
  const auto facts = reference::facts_in(
      "step.fact(true, \"A\", x); step.fact(false, after.reason, x); step.fact(true, why, x);"
      "step.fact(true, event.empty() ? reason : std::move(event), x);");
  CHECK(facts.all == 4);
  CHECK(facts.spelt_out + facts.of_governed + facts.of_freezes == 3);
  CHECK(reference::states_in(
            "step.enter(State::Idle, \"Good\", m); enter(a == b ? c : d,\n \"Late\", m);"
            "enter(s, held->reason, fmt::format(\"Words\")); freeze(step, \"Failed\", m);"
            "record.spec.reason = \"Called\"; void enter(State s, std::string reason) { fact(true, \"NotAState\"); }") ==
        Names{"Good", "Late", "Failed", "Called"});
  CHECK(reference::metrics_in("MetricRow{\"a_total\",\n \"counter\", \"Words.\"}") == Names{"a_total counter"});
}

TEST_CASE("Rules, findings and annotations are found in the sources") {
  CHECK(reference::holds_in("HoldRule{.name = \"Suspended\", .holds = suspended},") == Names{"Suspended"});
  CHECK(reference::refusals_in("RequestRule{.name = \"Busy\", .refuses = busy},\n"
                               "RequestRule{.name = \"NotProven\", .refuses = not_proven, .yields_to_force = true},") ==
        Names{"Busy no", "NotProven yes"});
  CHECK(reference::preflights_in("return never(\"Refused\", m); return {.ready = Truth::True, .reason = \"Ready\"};") ==
        Names{"Refused False", "Ready True"});
  CHECK(reference::annotations_in("key = \"lastgood.dev/policy\"; prefix = \"lastgood.dev/\";") == Names{"lastgood.dev/policy"});
}

TEST_CASE("Flags are found in the sources with the variable that stands behind each") {
  CHECK(reference::flags_in("app.set_version_flag(\"--version\", v); app.add_option(\"--listen\", o.listen, \"a; b\")\n"
                            "->envname(\"L_LISTEN\"); app.add_option_function<std::string>(\n \"--within\", [] { x = 1; })\n"
                            "->envname(\"L_WITHIN\"); app.add_flag(\"--read\", r)->envname(\"L_READ\");") ==
        Names{"--listen L_LISTEN", "--within L_WITHIN", "--read L_READ"});
}

TEST_CASE("Reasons of checks are found in the sources whichever way they are made") {
  CHECK(reference::check_reasons_in("return fail_at_once(oom ? \"OOMKilled\" : \"CrashLoop\", fmt::format(\"Words\"));"
                                    "sample.reason = x ? \"A1\" : \"Unreachable\"; if (reason == \"Waiting\") f(\"Other\");"
                                    "case Kind::Closed: return \"Closed\"; char* not_asked_yet = \"NotAskedYet\";") ==
        Names{"OOMKilled", "CrashLoop", "Unreachable", "Closed", "NotAskedYet"});
}

TEST_CASE("A reason that the reference lacks, and one that no source has, are found") {
  const std::string made_up =
      "\n## Events\n\n| reason | type |\n|---|---|\n| `Seen` | Normal |\n| `Gone` | Warning |\n\ntext | `No` |\n"
      "### Below\n| x |\n|---|\n| `Deep` | Normal |\n## Metrics\n| y |\n|---|\n| `Other` | |\n";
  CHECK(reference::rows_of(made_up, "## Events", 2) == Names{"Seen Normal", "Gone Warning", "Deep Normal"});
  CHECK(reference::rows_of(made_up, "### Below") == Names{"Deep"});
  CHECK(reference::rows_of(made_up, "## Absent").empty());
  CHECK(reference::differences({"Seen", "Held"}, {"Seen", "Gone"}) ==
        std::vector<std::string>{"Held is in the sources and not in the reference", "Gone is in the reference and in no source"});
  CHECK(reference::differences({"Seen"}, {"Seen"}).empty());
}
