// See alert_measurement_test.cpp for complete answers of a server.
#include "checks/alerts_answer.hpp"

#include <catch2/catch.hpp>

#include "support/printers.hpp"

namespace lastgood::checks::test {
namespace {

RulesAnswer answer(const std::string& data) {
  return parse_rules({.outcome = api::ProbeOutcome::Answered,
                      .status = 200,
                      .content_type = "application/json",
                      .body = R"({"status":"success","data":)" + data + "}"},
                     "A");
}

std::string group_of(const std::string& alerts) {
  return R"({"groups":[{"name":"g","interval":1.5,"rules":[{"name":"A","type":"alerting",)"
         R"("query":"x","health":"ok","lastEvaluation":"2026-11-28T23:20:18.836Z","alerts":[)" +
         alerts + "]}]}]}";
}

}  // namespace

TEST_CASE("parse_rules reads the rules with the name of the alert") {
  const auto found = answer(group_of(
      R"({"labels":{"pod":"a"},"state":"firing","activeAt":"2026-11-28T23:18:41.8Z","value":"1"},)"
      R"({"labels":{"pod":"b"},"state":"pending","value":"2"})"));
  REQUIRE(found);
  REQUIRE(found->size() == 1);
  const ServerRule& rule = found->front();
  CHECK(rule.group == "g");
  CHECK(rule.expression == "x");
  CHECK(rule.interval == Duration(1500));
  CHECK(rule.last_evaluation == parse_rfc3339("2026-11-28T23:20:18.836Z"));
  CHECK(rule.alerts ==
        std::vector<ServerAlert>{{.labels = {{"pod", "a"}},
                                  .is_firing = true,
                                  .active_at = parse_rfc3339("2026-11-28T23:18:41.8Z"),
                                  .value = "1"},
                                 {.labels = {{"pod", "b"}}, .value = "2"}});
}

TEST_CASE("parse_rules accepts an answer without groups, and rejects another form") {
  CHECK(answer(R"({"groups":null})")->empty());
  CHECK(answer(R"({"groups":[]})")->empty());
  const char* const data = GENERATE(as<const char*>(), "[]", "{}", R"({"groups":"x"})");
  REQUIRE_FALSE(answer(data));
  CHECK(answer(data).error().reason == api::Reason::InvalidResponse);
}

TEST_CASE("parse_rules returns an error when the server warns") {
  const auto found = parse_rules(
      {.outcome = api::ProbeOutcome::Answered,
       .status = 200,
       .body = R"({"status":"success","data":{"groups":[]},"warnings":["a store is down"]})"},
      "A");
  REQUIRE_FALSE(found);
  CHECK(found.error().reason == api::Reason::QueryWarning);
}

TEST_CASE("parse_rules rejects an answer that is too large, or that has too many alerts") {
  const api::HttpResponse large{.outcome = api::ProbeOutcome::Answered,
                                .status = 200,
                                .body = std::string(max_rules_answer_size + 1, ' ')};
  CHECK(parse_rules(large, "A").error().reason == api::Reason::ResponseTooLarge);
  std::string alerts = "{}";
  for (std::size_t i = 0; i < max_alerts; ++i) alerts += ",{}";
  CHECK(answer(group_of(alerts)).error().reason == api::Reason::ResponseTooLarge);
}

}  // namespace lastgood::checks::test
