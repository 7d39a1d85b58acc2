#include "api/meta.hpp"

#include <catch2/catch.hpp>

#include "api/workload.hpp"

using namespace lastgood;
using namespace lastgood::api;
using namespace std::chrono_literals;

namespace {

const Time noon{Duration{1795521600000}};
const Time just_after_noon = noon + 250ms;

}  // namespace

TEST_CASE("set_condition changes the transition time only when the status changes") {
  Conditions conditions;
  set_condition(conditions, {.type = "Ready", .status = ConditionStatus::False, .reason = "A"},
                just_after_noon);
  CHECK(conditions.at(0).last_transition == noon);  // rounded down to whole seconds

  set_condition(conditions,
                {.type = "Ready", .status = ConditionStatus::False, .reason = "B", .message = "m"},
                just_after_noon + 1h);
  CHECK(conditions.size() == 1);
  CHECK(conditions.at(0).reason == "B");
  CHECK(conditions.at(0).last_transition == noon);

  set_condition(conditions, {.type = "Ready", .status = ConditionStatus::True, .reason = "C"},
                just_after_noon + 2h);
  CHECK(conditions.at(0).last_transition == noon + 2h);
}

TEST_CASE("set_condition keeps the order of the conditions") {
  Conditions conditions;
  set_condition(conditions, {.type = "B"}, just_after_noon);
  set_condition(conditions, {.type = "A"}, just_after_noon);
  set_condition(conditions, {.type = "B", .status = ConditionStatus::True}, just_after_noon);
  REQUIRE(conditions.size() == 2);
  CHECK(conditions[0].type == "B");
  CHECK(find_condition(conditions, "A") == &conditions[1]);
  CHECK(find_condition(conditions, "C") == nullptr);
}

TEST_CASE("matches and to_query follow the label selectors of Kubernetes") {
  struct Row {
    const char* name;
    LabelSelector selector;
    bool matches;
    const char* query;
  };
  const StringMap labels = {{"app", "web"}, {"tier", "front"}};
  const std::vector<Row> table = {
      {"an empty selector matches everything", {}, true, ""},
      {"a label with the same value", {.match_labels = {{"app", "web"}}}, true, "app=web"},
      {"a label with another value", {.match_labels = {{"app", "db"}}}, false, "app=db"},
      {"a label that is absent", {.match_labels = {{"zone", ""}}}, false, "zone="},
      {"two labels, only one of which has the same value",
       {.match_labels = {{"app", "web"}, {"tier", "back"}}},
       false,
       "app=web,tier=back"},
      {"In", {.match_expressions = {{"app", "In", {"db", "web"}}}}, true, "app in (db,web)"},
      {"In of an absent label",
       {.match_expressions = {{"zone", "In", {"a"}}}},
       false,
       "zone in (a)"},
      {"NotIn", {.match_expressions = {{"app", "NotIn", {"web"}}}}, false, "app notin (web)"},
      {"NotIn of an absent label",
       {.match_expressions = {{"zone", "NotIn", {"a"}}}},
       true,
       "zone notin (a)"},
      {"Exists", {.match_expressions = {{"app", "Exists"}}}, true, "app"},
      {"Exists of an absent label", {.match_expressions = {{"zone", "Exists"}}}, false, "zone"},
      {"DoesNotExist", {.match_expressions = {{"app", "DoesNotExist"}}}, false, "!app"},
      {"DoesNotExist of an absent label",
       {.match_expressions = {{"zone", "DoesNotExist"}}},
       true,
       "!zone"},
      {"matchLabels and matchExpressions",
       {.match_labels = {{"app", "web"}}, .match_expressions = {{"zone", "DoesNotExist"}}},
       true,
       "app=web,!zone"},
      {"an unknown operator matches nothing, but its query is that of In",
       {.match_expressions = {{"app", "Is", {"web"}}}},
       false,
       "app in (web)"},
  };
  for (const Row& row : table) {
    INFO(row.name);
    CHECK(matches(row.selector, labels) == row.matches);
    CHECK(to_query(row.selector) == row.query);
  }
}

TEST_CASE("rollout_complete is true only when every replica is new and available") {
  const Deployment complete{.meta = {.generation = 4},
                            .replicas = 3,
                            .observed_generation = 4,
                            .status_replicas = 3,
                            .updated_replicas = 3,
                            .available_replicas = 3};
  CHECK(rollout_complete(complete));
  struct Row {
    const char* name;
    void (*change)(Deployment&);
  };
  const Row row = GENERATE(values<Row>({
      {"the current generation is not observed", [](Deployment& d) { d.observed_generation = 3; }},
      {"an old replica is left", [](Deployment& d) { d.status_replicas = 4; }},
      {"a new replica is missing", [](Deployment& d) { d.updated_replicas = 2; }},
      {"a replica is not available", [](Deployment& d) { d.available_replicas = 2; }},
      {"scaled to 0 replicas",
       [](Deployment& d) {
         d.replicas = d.status_replicas = d.updated_replicas = d.available_replicas = 0;
       }},
      {"scaled up, and the status has the old numbers", [](Deployment& d) { d.replicas = 5; }},
  }));
  INFO(row.name);
  Deployment changed = complete;
  row.change(changed);
  CHECK_FALSE(rollout_complete(changed));
}
