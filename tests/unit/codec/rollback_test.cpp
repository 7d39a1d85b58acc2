// A Rollback as a user creates it, as the controller completes it, and with invalid values. Also
// the bounds of a DeploymentGuard.
#include <catch2/catch.hpp>

#include "codec/manifests.hpp"

using namespace lastgood;
using namespace lastgood::api;
using namespace lastgood::codec;

namespace {

const Time noon{Duration{1795521600000}};  // 2026-11-24T12:00:00Z

Result<Rollback> parse_with_spec(const std::string& spec) {
  return parse_rollback(
      *parse_json(R"({"metadata": {"namespace": "shop", "name": "web-manual", "uid": "r1",
    "resourceVersion": "42"}, "spec": )" +
                  spec + "}"));
}

Result<Rollback> parse_with_status(const std::string& status) {
  return parse_rollback(*parse_json(R"({"status": )" + status + "}"));
}

// The spec of a Rollback that the controller has bound: it has set the revisions and the uid.
RollbackSpec bound_spec() {
  return {.deployment = "web",
          .deployment_uid = Uid("d1"),
          .generation = 7,
          .from = {.hash = TemplateHash("bad"), .number = 4},
          .to = {.hash = TemplateHash("good"), .number = 3, .snapshot = "web-lastgood-good"},
          .reason = Reason::RequestedManually};
}

}  // namespace

TEST_CASE("parse_rollback reads a manual Rollback with only a Deployment") {
  const auto rollback = parse_with_spec(R"({"deployment": "web"})");
  REQUIRE(rollback);
  CHECK(rollback->spec == RollbackSpec{.deployment = "web"});
  CHECK(rollback->status == RollbackStatus{});
  CHECK(is_manual(rollback->spec));
  CHECK_FALSE(is_bound(rollback->spec));
}

TEST_CASE("parse_rollback reads the fields that a user sets") {
  const auto rollback = parse_with_spec(
      R"({"deployment": "web", "toRevision": 3, "force": true, "drill": false, "approved": null})");
  REQUIRE(rollback);
  CHECK(rollback->spec == RollbackSpec{.deployment = "web", .to_revision = 3, .force = true});
}

TEST_CASE("to_json omits the empty fields of a spec") {
  CHECK(to_json(RollbackSpec{.deployment = "web"}) == Json{{"deployment", "web"}});
  CHECK(to_json(RollbackSpec{.deployment = "web", .to_revision = 3, .drill = true}) ==
        Json{{"deployment", "web"}, {"toRevision", 3}, {"drill", true}});
  const Json complete = to_json(bound_spec());
  CHECK(complete == Json{{"deployment", "web"},
                         {"deploymentUid", "d1"},
                         {"generation", 7},
                         {"from", {{"hash", "bad"}, {"number", 4}, {"verdict", "Evaluating"}}},
                         {"to",
                          {{"hash", "good"},
                           {"number", 3},
                           {"verdict", "Evaluating"},
                           {"snapshot", "web-lastgood-good"}}},
                         {"reason", "RequestedManually"},
                         {"mode", "Enforce"}});
  const Deployment deployment{.meta = {.key = {"shop", "web"}, .uid = Uid("d1")}};
  const Json manifest =
      rollback_manifest({.meta = {.key = {"shop", "web-7"}}, .spec = bound_spec()}, deployment);
  CHECK(manifest["spec"] == complete);
  CHECK(manifest["metadata"]["ownerReferences"][0]["uid"] == "d1");
}

TEST_CASE("rollback_binding_patch tests uid and resourceVersion, and sets the spec and the owner") {
  auto rollback = *parse_with_spec(R"({"deployment": "web", "toRevision": 3, "force": true})");
  rollback.spec = bound_spec();
  rollback.spec.to_revision = 3;
  rollback.spec.force = true;
  const Json patch = *parse_json(rollback_binding_patch(rollback));
  REQUIRE(patch.size() == 4);
  CHECK(patch[0] == Json{{"op", "test"}, {"path", "/metadata/uid"}, {"value", "r1"}});
  CHECK(patch[1] == Json{{"op", "test"}, {"path", "/metadata/resourceVersion"}, {"value", "42"}});
  CHECK(patch[2] == Json{{"op", "replace"}, {"path", "/spec"}, {"value", to_json(rollback.spec)}});
  CHECK(patch[3]["op"] == "add");
  CHECK(patch[3]["path"] == "/metadata/ownerReferences");
  CHECK(patch[3]["value"] == Json::array({{{"apiVersion", "apps/v1"},
                                           {"kind", "Deployment"},
                                           {"name", "web"},
                                           {"uid", "d1"},
                                           {"controller", true},
                                           {"blockOwnerDeletion", false}}}));
}

TEST_CASE("rollback_binding_patch replaces invalid UTF-8") {
  Rollback rollback{.meta = {.uid = Uid("r1")}, .spec = bound_spec()};
  rollback.spec.message = "\xff of 3 pods";
  const auto patch = parse_json(rollback_binding_patch(rollback));
  REQUIRE(patch);
  CHECK((*patch)[2]["value"]["message"] == "? of 3 pods");
}

TEST_CASE("parse_rollback reads the status") {
  const auto rollback =
      parse_with_status(R"({"phase": "Observed", "timeToDetect": "1m30s", "timeToAct": "250ms",
    "verification": [{"name": "health", "result": "Pass"}], "changes": [{"path": "spec.containers[app].image", "to": "a"}],
    "timeline": [{"time": "2026-11-24T12:00:00Z", "message": "breached"}]})");
  REQUIRE(rollback);
  CHECK(rollback->status ==
        RollbackStatus{
            .phase = RollbackPhase::Observed,
            .verification = {CheckStatus{.name = "health", .result = MeasurementResult::Pass}},
            .changes = {Change{.path = "spec.containers[app].image", .to = "a"}},
            .timeline = {TimelineEntry{.time = noon, .message = "breached"}},
            .time_to_detect = Duration{90'000},
            .time_to_act = Duration{250}});
}

TEST_CASE("parse_watched_rollback keeps only the fields of a finished Rollback that are read") {
  const auto watched = [](const std::string& phase) {
    const auto rollback = parse_watched_rollback(*parse_json(
        R"({"metadata": {"name": "web-7"}, "spec": {"deployment": "web", "check": "health"},
    "status": {"phase": ")" +
        phase + R"(", "message": "m", "templateRestored": "2026-11-24T12:00:00Z",
    "evidence": [{"name": "health"}], "changes": [{"path": "spec.replicas", "to": "1"}],
    "verification": [{"name": "health", "breached": true}, {"name": "rollout"}],
    "timeline": [{"time": "2026-11-24T12:00:00Z", "message": "breached"}],
    "conditions": [{"type": "Stalled", "status": "False"}]}})"));
    REQUIRE(rollback);
    CHECK(rollback->spec.check == "health");
    return rollback->status;
  };
  CHECK(watched("Failed") ==
        RollbackStatus{.phase = RollbackPhase::Failed,
                       .message = "m",
                       .template_restored = noon,
                       .verification = {CheckStatus{.name = "health", .breached = true}}});
  const RollbackStatus verifying = watched("Verifying");
  CHECK(verifying.evidence.size() == 1);
  CHECK(verifying.verification.size() == 2);
  CHECK(verifying.changes.size() == 1);
  CHECK(verifying.timeline.size() == 1);
  CHECK(verifying.conditions.size() == 1);
}

TEST_CASE("parse_rollback reports the field, its value and the expected type") {
  struct Row {
    const char* spec;
    const char* message;
  };
  const Row row = GENERATE(values<Row>({
      {R"([])", "spec: is a list, expected an object"},
      {R"({"deployment": 7})", "spec.deployment: is 7, expected a string"},
      {R"({"toRevision": "3"})", R"(spec.toRevision: is "3", expected a whole number)"},
      {R"({"toRevision": 1e300})", "spec.toRevision: is 1e+300, expected a whole number"},
      {R"({"force": "yes"})", R"(spec.force: is "yes", expected true or false)"},
      {R"({"drill": 1})", "spec.drill: is 1, expected true or false"},
      {R"({"approved": "true"})", R"(spec.approved: is "true", expected true or false)"},
      {R"({"mode": "Ask"})", R"(spec.mode: "Ask" is not a valid value)"},
      {R"({"released": "noon"})",
       R"(spec.released: is "noon", expected a time such as "2026-11-24T12:00:00Z")"},
      {R"({"group": "shop"})", R"(spec.group: is "shop", expected an object)"},
      {R"({"group": {"members": "web"}})", "spec.group.members: is not a list"},
      {R"({"group": {"members": [1]}})", "spec.group.members: has an element that is not a string"},
      {R"({"from": {"noRollbackPast": "true"}})",
       R"(spec.from.noRollbackPast: is "true", expected true or false)"},
  }));
  const auto rollback = parse_with_spec(row.spec);
  REQUIRE_FALSE(rollback);
  CHECK(rollback.error().kind == ErrorKind::Protocol);
  CHECK(rollback.error().message == row.message);
}

TEST_CASE("parse_rollback and parse_guard reject long lists and values of the wrong type") {
  const auto list_of = [](std::size_t count, const Json& element) {
    return Json(std::vector<Json>(count, element)).dump();
  };
  CHECK(parse_with_spec(R"({"group": {"members": )" + list_of(65, "web") + "}}").error().message ==
        "spec.group.members: has 65 elements, more than 64");
  CHECK(parse_with_status(R"({"timeline": )" + list_of(21, Json::object()) + "}").error().message ==
        "status.timeline: has 21 elements, more than 20");
  CHECK(parse_with_status(R"({"changes": )" + list_of(21, Json::object()) + "}").error().message ==
        "status.changes: has 21 elements, more than 20");
  CHECK(parse_with_status(R"({"verification": )" + list_of(18, Json::object()) + "}")
            .error()
            .message == "status.verification: has 18 elements, more than 17");
  CHECK(parse_with_status(R"({"timeToAct": "soon"})").error().message ==
        R"(status.timeToAct: "soon" is not a duration, such as "30s", "5m" or "1h30m")");
  const auto parse_guard_status = [](const std::string& status) {
    return parse_guard(*parse_json(R"({"status": )" + status + "}"));
  };
  CHECK(
      parse_guard_status(R"({"rollbacks": )" + list_of(21, Json::object()) + "}").error().message ==
      "status.rollbacks: has 21 elements, more than 20");
  CHECK(
      parse_guard_status(R"({"contests": )" + list_of(21, Json::object()) + "}").error().message ==
      "status.contests: has 21 elements, more than 20");
  CHECK(parse_guard_status(R"({"freeze": "now"})").error().message ==
        R"(status.freeze: is "now", expected an object)");
  CHECK(parse_guard_status(R"({"lastDrill": {"passed": "yes"}})").error().message ==
        R"(status.lastDrill.passed: is "yes", expected true or false)");
  CHECK(parse_guard_status(R"({"checks": [{"baseline": {"result": "Maybe"}}]})").error().message ==
        R"(status.checks[0].baseline.result: "Maybe" is not a valid value)");
}

namespace {

// The object with `value` at the path. A number in the path is the index of a list.
Json with_value(const std::string& pointer, const Json& value) {
  Json object = *parse_json(R"({"metadata": {"namespace": "shop", "name": "web", "uid": "u1",
    "resourceVersion": "42", "ownerReferences": [{"uid": "d1", "controller": true}]},
    "spec": {"deployment": "web"}})");
  object[Json::json_pointer(pointer)] = value;
  return object;
}

}  // namespace

TEST_CASE("a guard with an unknown value in any enum is kept with a problem") {
  const std::string pointer = GENERATE(
      as<std::string>{}, "/status/state", "/status/current/verdict", "/status/lastGood/verdict",
      "/status/revisions/0/verdict", "/status/checks/0/result", "/status/checks/0/baseline/result",
      "/status/idleResults/0/result", "/status/freeze/verdictBefore");
  CAPTURE(pointer);
  const auto guard = parse_guard_or_problem(with_value(pointer, "Newer"));
  REQUIRE(guard);
  CHECK(guard->meta.key == Key{"shop", "web"});
  CHECK(guard->meta.uid.value == "u1");
  CHECK(guard->meta.resource_version.value == "42");
  CHECK(guard->meta.owner.value == "d1");
  CHECK(guard->status == GuardStatus{});
  CHECK(guard->problem.ends_with(R"(: "Newer" is not a valid value)"));
  CHECK_FALSE(parse_guard(with_value(pointer, "Newer")));
}

TEST_CASE("a Rollback with an unknown value in any enum is kept with a problem") {
  const std::string pointer =
      GENERATE(as<std::string>{}, "/spec/mode", "/spec/from/verdict", "/spec/to/verdict",
               "/spec/undone/0/verdict", "/status/phase", "/status/evidence/0/result",
               "/status/evidence/0/baseline/result", "/status/verification/0/result");
  CAPTURE(pointer);
  const auto rollback = parse_rollback_or_problem(with_value(pointer, "Newer"));
  REQUIRE(rollback);
  CHECK(rollback->meta.key == Key{"shop", "web"});
  CHECK(rollback->meta.owner.value == "d1");
  CHECK(rollback->spec == RollbackSpec{.deployment = "web"});
  CHECK(rollback->status == RollbackStatus{});
  CHECK(rollback->problem.ends_with(R"(: "Newer" is not a valid value)"));
  CHECK_FALSE(parse_rollback(with_value(pointer, "Newer")));
}

TEST_CASE("a guard or Rollback with a long list or a value of the wrong type has a problem") {
  const Json list(std::vector<Json>(300, Json::object()));
  struct Row {
    const char* pointer;
    Json value;
  };
  const std::vector<Row> of_guards{{"/status", 7},
                                   {"/status/revisions", list},
                                   {"/status/checks", list},
                                   {"/status/stateSince", "noon"},
                                   {"/status/bake/observed", "long"}};
  for (const Row& row : of_guards) {
    CAPTURE(row.pointer);
    const auto guard = parse_guard_or_problem(with_value(row.pointer, row.value));
    REQUIRE(guard);
    CHECK(guard->meta.key.name == "web");
    CHECK_FALSE(guard->problem.empty());
  }
  const std::vector<Row> of_rollbacks{{"/spec/drill", "yes"},
                                      {"/spec/undone", list},
                                      {"/status", Json::array()},
                                      {"/status/timeline", list}};
  for (const Row& row : of_rollbacks) {
    CAPTURE(row.pointer);
    const auto rollback = parse_rollback_or_problem(with_value(row.pointer, row.value));
    REQUIRE(rollback);
    CHECK(rollback->spec == RollbackSpec{.deployment = "web"});
    CHECK_FALSE(rollback->problem.empty());
  }
  for (const Json& spec : {Json(7), Json{{"deployment", 7}}}) {
    const auto rollback = parse_rollback_or_problem(with_value("/spec", spec));
    REQUIRE(rollback);
    CHECK(rollback->spec.deployment.empty());
    CHECK_FALSE(rollback->problem.empty());
  }
}

TEST_CASE("a guard and a Rollback that can be read have no problem") {
  CHECK(parse_guard_or_problem(with_value("/status/state", "Held"))->problem.empty());
  CHECK(parse_guard_or_problem(with_value("/status/state", "Held"))->status->state == State::Held);
  CHECK(parse_rollback_or_problem(with_value("/status/phase", "Failed"))->problem.empty());
  CHECK(parse_rollback_or_problem(with_value("/status/phase", "Failed"))->status.phase ==
        RollbackPhase::Failed);
}

TEST_CASE("parse_guard reads a null freeze as no freeze") {
  const auto guard = parse_guard(
      *parse_json(R"({"status": {"state": "Frozen", "reason": "LimitReached", "freeze": null}})"));
  REQUIRE(guard);
  CHECK(guard->status->state == State::Frozen);
  CHECK_FALSE(guard->status->freeze);
}
