// The status of a RollbackPolicy: its condition Ready, and the Deployments that it and another
// policy select.
#include "policy/status.hpp"

#include <catch2/catch.hpp>

#include "api/reasons.hpp"
#include "support/mentions.hpp"

using namespace lastgood;
using namespace lastgood::policy;
using api::ConditionStatus;
using lastgood::testing::mentions;

namespace {

constexpr Time now{std::chrono::hours(1)};

api::RollbackPolicy policy_for(const std::string& name, const std::string& tier) {
  api::RollbackPolicy made;
  made.meta.key = {.namespace_ = "shop", .name = name};
  made.meta.generation = 4;
  made.spec.selector = api::LabelSelector{.match_labels = {{"tier", tier}}};
  return made;
}

api::Deployment deployment(const std::string& name, const std::string& tier,
                           const std::string& namespace_ = "shop") {
  api::Deployment made;
  made.meta.key = {.namespace_ = namespace_, .name = name};
  made.meta.labels = {{"tier", tier}};
  return made;
}

api::Condition ready_of(const api::PolicyStatus& status) {
  const api::Condition* found = api::find_condition(status.conditions, "Ready");
  REQUIRE(found);
  return *found;
}

const SelectorConflict one_conflict{.deployments = 1, .deployment = "web", .other_policy = "two"};

}  // namespace

TEST_CASE("finds the Deployments of the namespace that another policy selects too") {
  const api::RollbackPolicy one = policy_for("one", "front");
  const api::RollbackPolicy two = policy_for("two", "front");
  const api::RollbackPolicy other = policy_for("other", "back");
  const api::Deployment web = deployment("web", "front");
  const api::Deployment backend = deployment("backend", "front");
  const api::Deployment elsewhere = deployment("a", "front", "other");
  const std::vector<const api::RollbackPolicy*> policies{&two, &other, &one};
  const std::vector<const api::Deployment*> conflicting{&web, &backend, &elsewhere};
  CHECK(conflict_of(one, conflicting, policies) ==
        SelectorConflict{.deployments = 2, .deployment = "backend", .other_policy = "two"});
  CHECK(conflict_of(two, conflicting, policies) ==
        SelectorConflict{.deployments = 2, .deployment = "backend", .other_policy = "one"});
  CHECK(conflict_of(other, conflicting, policies) == SelectorConflict{});
  CHECK(conflict_of(one, {}, policies) == SelectorConflict{});
}

TEST_CASE("has no conflict when the other policy was deleted since") {
  const api::RollbackPolicy one = policy_for("one", "front");
  const api::Deployment web = deployment("web", "front");
  const std::vector<const api::RollbackPolicy*> policies{&one};
  const std::vector<const api::Deployment*> conflicting{&web};
  CHECK(conflict_of(one, conflicting, policies) == SelectorConflict{});
}

TEST_CASE("sets Ready by the policy, its problem, its conflict and its suspension") {
  struct Row {
    const char* name;
    void (*given)(api::RollbackPolicy&);
    SelectorConflict conflict;
    ConditionStatus status;
    api::Reason reason;
    std::vector<std::string> mentions;
  };
  const std::vector<Row> rows = {
      {"valid", [](api::RollbackPolicy&) {}, {}, ConditionStatus::True, api::Reason::Accepted, {}},
      {"suspended",
       [](api::RollbackPolicy& one) { one.spec.suspend = true; },
       {},
       ConditionStatus::True,
       api::Reason::Suspended,
       {"spec.suspend"}},
      {"a conflict",
       [](api::RollbackPolicy&) {},
       one_conflict,
       ConditionStatus::False,
       api::Reason::PolicyConflict,
       {"Deployment web", "RollbackPolicy two", "lastgood.dev/policy"}},
      {"two conflicts",
       [](api::RollbackPolicy& one) { one.spec.suspend = true; },
       {.deployments = 2, .deployment = "web", .other_policy = "two"},
       ConditionStatus::False,
       api::Reason::PolicyConflict,
       {"2 Deployments", "Deployment web", "RollbackPolicy two", "lastgood.dev/policy"}},
      {"invalid",
       [](api::RollbackPolicy& one) { one.problem = "spec.bakeTime has no unit"; },
       one_conflict,
       ConditionStatus::False,
       api::Reason::Invalid,
       {"spec.bakeTime has no unit"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    api::RollbackPolicy one = policy_for("one", "front");
    row.given(one);
    const api::PolicyStatus status = status_of(one, 7, row.conflict, {}, now);
    CHECK(status.guarded == 7);
    CHECK(status.observed_generation == 4);
    CHECK(ready_of(status).status == row.status);
    CHECK(ready_of(status).reason == api::to_string(row.reason));
    CHECK_THAT(ready_of(status).message, mentions(row.mentions));
    one.status = status;
    CHECK(status_of(one, 7, row.conflict, {}, now + std::chrono::hours(1)) == status);
  }
}

namespace {

api::Condition checks_valid(ConditionStatus status, const std::string& message) {
  return {.type = "ChecksValid", .status = status, .reason = "InvalidQuery", .message = message};
}

api::RollbackPolicy policy_with_query() {
  api::RollbackPolicy policy = policy_for("one", "front");
  policy.spec.checks.push_back({.name = "errors", .kind = api::PrometheusCheck{.query = "up"}});
  return policy;
}

}  // namespace

TEST_CASE("keeps the last ChecksValid until the next validation, or until no check has a query") {
  api::RollbackPolicy policy = policy_with_query();
  const auto condition = checks_valid(ConditionStatus::False, "no");
  policy.status = status_of(policy, 0, {}, condition, now);
  CHECK(api::find_condition(policy.status.conditions, "ChecksValid")->message == "no");
  CHECK(api::find_condition(status_of(policy, 0, {}, {}, now).conditions, "ChecksValid"));
  policy.spec.checks.clear();
  CHECK_FALSE(api::find_condition(status_of(policy, 0, {}, {}, now).conditions, "ChecksValid"));
  CHECK_FALSE(
      api::find_condition(status_of(policy, 0, {}, condition, now).conditions, "ChecksValid"));
}

TEST_CASE("emits one Event for each change to an invalid check") {
  const auto status = [](ConditionStatus value, const std::string& message) {
    return api::PolicyStatus{.conditions = {checks_valid(value, message)}};
  };
  const auto bad = status(ConditionStatus::False, "one");
  REQUIRE(events_of({}, bad).size() == 1);
  CHECK(events_of({}, bad)[0].reason == api::Reason::InvalidCheck);
  CHECK(events_of({}, bad)[0].note == "one");
  CHECK(events_of(bad, bad).empty());
  CHECK_FALSE(events_of(bad, status(ConditionStatus::False, "two")).empty());
  CHECK(events_of(bad, status(ConditionStatus::Unknown, "down")).empty());
  CHECK(events_of({}, status(ConditionStatus::Unknown, "down")).empty());
  CHECK_FALSE(events_of(status(ConditionStatus::True, "fine"), bad).empty());
}

TEST_CASE("reports a policy that is not ready with an Event when the message is new") {
  const auto status = [](api::Reason reason, const std::string& message) {
    return api::PolicyStatus{.conditions = {{.type = "Ready",
                                             .status = ConditionStatus::False,
                                             .reason = api::to_string(reason),
                                             .message = message}}};
  };
  const auto invalid = status(api::Reason::Invalid, "spec.checks[0]: is wrong");
  REQUIRE(events_of({}, invalid).size() == 1);
  CHECK(events_of({}, invalid)[0].reason == api::Reason::PolicyInvalid);
  CHECK(events_of({}, invalid)[0].note == "spec.checks[0]: is wrong");
  CHECK(events_of(invalid, invalid).empty());
  const auto conflict = status(api::Reason::PolicyConflict, "selects too");
  REQUIRE(events_of(invalid, conflict).size() == 1);
  CHECK(events_of(invalid, conflict)[0].reason == api::Reason::PolicyConflict);
}
