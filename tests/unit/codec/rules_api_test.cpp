#include "codec/rules_api.hpp"

#include <catch2/catch.hpp>

namespace lastgood::codec::test {

TEST_CASE("parse_rule_health is Ok only for the word of the server") {
  CHECK(parse_rule_health("ok") == RuleHealth::Ok);
  CHECK(parse_rule_health("err") == RuleHealth::Error);
  for (const char* other : {"unknown", "", "OK", "ok ", "healthy"})
    CHECK(parse_rule_health(other) == RuleHealth::Unknown);
}

TEST_CASE("parse_alert_state is Firing only for the word of the server") {
  CHECK(parse_alert_state("firing") == AlertState::Firing);
  CHECK(parse_alert_state("pending") == AlertState::Pending);
  CHECK(parse_alert_state("inactive") == AlertState::Inactive);
  for (const char* other : {"", "Firing", "firing ", "resolved"})
    CHECK_FALSE(parse_alert_state(other));
}

TEST_CASE("parse_rule_type distinguishes alerting from recording rules") {
  CHECK(parse_rule_type("alerting") == RuleType::Alerting);
  CHECK(parse_rule_type("recording") == RuleType::Recording);
  for (const char* other : {"", "alert", "Alerting"}) CHECK_FALSE(parse_rule_type(other));
}

}  // namespace lastgood::codec::test
