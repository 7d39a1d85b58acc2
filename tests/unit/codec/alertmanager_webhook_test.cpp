// The bodies are messages of Alertmanager 0.25 and 0.35.
#include "codec/alertmanager_webhook.hpp"

#include <catch2/catch.hpp>

namespace lastgood::codec::test {
namespace {

const Time now{std::chrono::sys_days{std::chrono::November / 28 / 2026} + std::chrono::hours(23)};

const std::string two_alerts =
    R"({"receiver":"hook","status":"firing","alerts":[{"status":"firing","labels":{"alertname":)"
    R"("HighErrorRate","namespace":"shop","pod":"web-1"},"annotations":{"summary":"errors"},)"
    R"("startsAt":"2026-11-28T23:18:46.832Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"",)"
    R"("fingerprint":"5cb925a3e4a5686e"},{"status":"resolved","labels":{"alertname":)"
    R"("HighErrorRate","namespace":"shop","pod":"web-2"},"annotations":{},"startsAt":)"
    R"("2026-11-28T23:18:46.832Z","endsAt":"2026-11-28T23:35:35.832Z","generatorURL":"",)"
    R"("fingerprint":"b33f42f56e5b7b7f"}],"notification_reason":"first notification",)"
    R"("groupLabels":{},"commonLabels":{},"commonAnnotations":{},"routeLabels":{},"externalURL":)"
    R"("http://vm:19093","version":"4","groupKey":"{}:{}","truncatedAlerts":1})";

std::string message_of(const std::string& alert) {
  return R"({"version":"4","alerts":[)" + alert + "]}";
}

std::string problem_of(const std::string& body) {
  const auto found = parse_alertmanager_message(body, now);
  REQUIRE_FALSE(found);
  CHECK(found.error().kind == ErrorKind::BadInput);
  return found.error().message;
}

}  // namespace

TEST_CASE("parse_alertmanager_message reads firing and resolved alerts of one group") {
  const auto found = parse_alertmanager_message(two_alerts, now);
  REQUIRE(found);
  REQUIRE(found->alerts.size() == 2);
  CHECK(found->alerts[0] ==
        api::ReceivedAlert{
            .fingerprint = "5cb925a3e4a5686e",
            .name = "HighErrorRate",
            .labels = {{"alertname", "HighErrorRate"}, {"namespace", "shop"}, {"pod", "web-1"}},
            .starts_at = parse_rfc3339("2026-11-28T23:18:46Z"),
            .received = now});
  CHECK(found->alerts[1].fingerprint == "b33f42f56e5b7b7f");
  CHECK(found->alerts[1].ends_at == parse_rfc3339("2026-11-28T23:35:35Z"));
  CHECK(found->truncated == 1);
}

TEST_CASE("parse_alertmanager_message ends a resolved alert without an end when it arrives") {
  const auto found = parse_alertmanager_message(
      message_of(R"({"status":"resolved","labels":{"alertname":"A"},"fingerprint":"f",)"
                 R"("startsAt":"2026-11-28T23:18:46Z","endsAt":"0001-01-01T00:00:00Z"})"),
      now);
  REQUIRE(found);
  CHECK(found->alerts.front().ends_at == now);
}

TEST_CASE("parse_alertmanager_message rejects every other message") {
  struct Row {
    const char* name;
    std::string body;
    const char* problem;
  };
  const Row row = GENERATE(values<Row>({
      {"no JSON", "x", "not JSON at byte 1 of 1"},
      {"a list", "[]", R"(the version is "")"},
      {"version 3", R"({"version":"3","alerts":[]})", R"(the version is "3")"},
      {"no alerts", R"({"version":"4"})", "it has no list of alerts"},
      {"no status", message_of(R"({"labels":{"alertname":"A"}})"),
       R"(the status of an alert is "")"},
      {"no fingerprint",
       message_of(R"({"status":"firing","labels":{"alertname":"A"},"startsAt":)"
                  R"("2026-11-28T23:18:46Z"})"),
       "the fingerprint of an alert is absent or too long"},
      {"no name",
       message_of(R"({"status":"firing","fingerprint":"f","startsAt":"2026-11-28T23:18:46Z"})"),
       "the label alertname of an alert is absent or too long"},
      {"no start",
       message_of(R"({"status":"firing","fingerprint":"f","labels":{"alertname":"A"}})"),
       "startsAt of an alert is not a time"},
      {"an alert that is a text", message_of("\"x\""), R"(the status of an alert is "")"},
  }));
  INFO(row.name);
  CHECK(problem_of(row.body) ==
        std::string("not a message of Alertmanager's webhook, version 4: ") + row.problem);
}

TEST_CASE("parse_alertmanager_message bounds the body, the alerts and the labels") {
  CHECK(parse_alertmanager_message(std::string(max_webhook_size + 1, ' '), now).error().kind ==
        ErrorKind::TooLarge);
  std::string alerts = "{}";
  for (std::size_t i = 0; i < max_webhook_alerts; ++i) alerts += ",{}";
  CHECK(parse_alertmanager_message(message_of(alerts), now).error().kind == ErrorKind::TooLarge);
  std::string labels = R"("alertname":"A","big":")" + std::string(1100, 'x') + "\"";
  for (int i = 0; i < 100; ++i) labels += ",\"l" + std::to_string(i) + R"(":"x")";
  const auto found = parse_alertmanager_message(
      message_of(R"({"status":"firing","fingerprint":"f","startsAt":"2026-11-28T23:18:46Z",)"
                 R"("labels":{)" +
                 labels + "}}"),
      now);
  REQUIRE(found);
  CHECK(found->alerts.front().labels.size() == 64);
  CHECK_FALSE(found->alerts.front().labels.contains("big"));
}

TEST_CASE("webhook_status makes Alertmanager repeat only a message that can be stored later") {
  CHECK(webhook_status(ErrorKind::BadInput) == 400);
  CHECK(webhook_status(ErrorKind::TooLarge) == 413);
  CHECK(webhook_status(ErrorKind::Cancelled) == 503);
  CHECK(webhook_status(ErrorKind::TimedOut) == 503);
}

}  // namespace lastgood::codec::test
