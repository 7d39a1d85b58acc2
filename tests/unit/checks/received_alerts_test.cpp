#include "checks/received_alerts.hpp"

#include <catch2/catch.hpp>

#include "support/printers.hpp"

namespace lastgood::checks::test {
namespace {

using api::MeasurementResult;
using api::Reason;

const Time now = *parse_rfc3339("2026-11-28T23:20:20Z");
const Time released = *parse_rfc3339("2026-11-28T23:18:00Z");
const Placement pods{.namespace_ = "shop", .pods = {"web-b-1"}};
const Placement critical{
    .namespace_ = "shop", .pods = {"web-b-1"}, .match_labels = {{"severity", "critical"}}};

api::ReceivedAlert alert_of(const std::string& pod, const char* start = "2026-11-28T23:19:00Z") {
  return {.fingerprint = pod,
          .name = "HighErrorRate",
          .labels = {{"namespace", "shop"}, {"pod", pod}, {"severity", "critical"}},
          .starts_at = parse_rfc3339(start),
          .received = now};
}

api::ReceivedAlert resolved(api::ReceivedAlert alert) {
  alert.ends_at = now;
  return alert;
}

api::ReceivedAlert sent_long_ago(api::ReceivedAlert alert) {
  alert.received = now - std::chrono::minutes(30);
  return alert;
}

api::Measurement measure(const std::vector<api::ReceivedAlert>& alerts,
                         const std::optional<MissingValue>& server = {},
                         const Placement& placement = pods,
                         const ReleaseStart& release = {.began = released}) {
  return measure_received({.check = "alerts",
                           .alert = "HighErrorRate",
                           .placement = placement,
                           .alerts = alerts,
                           .server = server,
                           .release = release},
                          now);
}

}  // namespace

TEST_CASE("measure_received fails when Alertmanager sent that an alert of a pod fires") {
  const auto found = measure({alert_of("web-a-1"), alert_of("web-b-1")});
  CHECK(found.result == MeasurementResult::Fail);
  CHECK(found.reason == Reason::AlertFiring);
  CHECK_FALSE(found.baseline);
  CHECK(found.message ==
        R"(Alertmanager has sent that alert HighErrorRate fires for {namespace="shop", )"
        R"(pod="web-b-1", severity="critical"} since 2026-11-28T23:19:00Z)");
}

TEST_CASE("measure_received is AlertNotConfirmed, never a Pass, when no alert of a pod fires") {
  CHECK(measure({}).reason == Reason::AlertNotConfirmed);
  CHECK(measure({resolved(alert_of("web-b-1"))}).reason == Reason::AlertNotConfirmed);
  CHECK(measure({alert_of("web-a-1")}).reason == Reason::AlertNotConfirmed);
  CHECK(measure({}).result == MeasurementResult::Unknown);
}

TEST_CASE("measure_received has the reason of the server only when no alert was received") {
  const MissingValue refused{.reason = Reason::ConnectionRefused, .message = "refused"};
  CHECK(measure({}, refused).reason == Reason::ConnectionRefused);
  CHECK(measure({resolved(alert_of("web-b-1"))}, refused).reason == Reason::AlertNotConfirmed);
  CHECK(measure({alert_of("web-b-1")}, refused).result == MeasurementResult::Fail);
}

TEST_CASE("measure_received has a failing baseline when an alert began before the release") {
  const auto found = measure({alert_of("web-b-1", "2026-11-28T23:17:59Z")});
  REQUIRE(found.baseline);
  CHECK(found.baseline->before);
  CHECK(found.baseline->result == MeasurementResult::Fail);
}

TEST_CASE("measure_received counts alerts only when all are of pods that the release created") {
  // A new pod is one that the release created.
  struct Row {
    const char* name;  // the pods whose alerts were received
    std::vector<std::string> pods_of_release;
    std::vector<api::ReceivedAlert> alerts;
    Reason expected;
  };
  const Placement two{.namespace_ = "shop", .pods = {"web-b-1", "web-b-2"}};
  const Row row = GENERATE(values<Row>({
      {"a new pod", {"web-b-1"}, {alert_of("web-b-1")}, Reason::AlertFiring},
      {"an old pod", {"web-b-1"}, {alert_of("web-b-2")}, Reason::AlertNotConfirmed},
      {"a new and an old pod",
       {"web-b-1"},
       {alert_of("web-b-1"), alert_of("web-b-2")},
       Reason::AlertNotConfirmed},
      {"a new pod, and an old pod whose alert is resolved",
       {"web-b-1"},
       {alert_of("web-b-1"), resolved(alert_of("web-b-2"))},
       Reason::AlertFiring},
      {"a new pod, and an old pod whose alert was sent too long ago",
       {"web-b-1"},
       {alert_of("web-b-1"), sent_long_ago(alert_of("web-b-2"))},
       Reason::AlertNotConfirmed},
      {"a pod, while no new pod is known", {}, {alert_of("web-b-1")}, Reason::AlertNotConfirmed},
  }));
  INFO(row.name);
  const auto found = measure(row.alerts, {}, two, {.began = released, .pods = row.pods_of_release});
  CHECK(found.reason == row.expected);
  CHECK(found.baseline.has_value() == (row.expected == Reason::AlertNotConfirmed));
  if (row.expected == Reason::AlertFiring) return;
  CHECK(found.result == MeasurementResult::Unknown);
  CHECK_THAT(found.message, Catch::Contains("it is not known that the release created this pod"));
}

TEST_CASE("measure_received has a failing baseline while an older pod of the revision fails") {
  const char* const start = GENERATE("2026-11-28T23:17:59Z", "2026-11-28T23:19:00Z");
  const auto found = measure({alert_of("web-b-1", start)}, {}, pods,
                             {.began = released, .pods = std::vector<std::string>()});
  REQUIRE(found.baseline);
  CHECK(found.baseline->result == MeasurementResult::Fail);
  CHECK(found.baseline->consecutive_failures == 2);
  CHECK(found.baseline->before == (parse_rfc3339(start) < released));
}

TEST_CASE("measure_received has no failing baseline for a new pod when the release is seen late") {
  const std::vector<api::ReceivedAlert> early{alert_of("web-b-1", "2026-11-28T23:17:59Z")};
  const auto found = measure(early, {}, pods, {.began = released, .pods = {{"web-b-1"}}});
  CHECK(found.result == MeasurementResult::Fail);
  CHECK_FALSE(found.baseline);
}

TEST_CASE("measure_received leaves out pods of another Deployment that has the labels") {
  CHECK(measure({alert_of("cart-1")}, {}, critical).reason == Reason::AlertNotConfirmed);
  CHECK(measure({alert_of("web-a-1")}, {}, critical).reason == Reason::AlertNotConfirmed);
  CHECK(measure({alert_of("web-b-1")}, {}, critical).result == MeasurementResult::Fail);
}

TEST_CASE("measure_received is Unknown when the labels name no pod of the revision") {
  const MissingValue denied{.reason = Reason::AccessDenied, .message = "the server answered 401"};
  const api::StringMap labels = GENERATE(values<api::StringMap>({
      {{"severity", "critical"}, {"instance", "legacy-vm:8080"}},
      {{"severity", "critical"}, {"namespace", "shop"}, {"deployment", "cart"}},
      {{"severity", "critical"}, {"pod", "web-b-1"}},
  }));
  api::ReceivedAlert alert = alert_of("web-b-1");
  alert.labels = labels;
  const auto found = measure({alert}, denied, critical);
  CHECK(found.result == MeasurementResult::Unknown);
  CHECK(found.reason == Reason::AlertNotConfirmed);
  CHECK_THAT(found.message, Catch::Contains("the labels namespace and pod") &&
                                Catch::EndsWith("; the server answered 401"));
}

TEST_CASE("measure_received leaves out an alert of another namespace without a pod") {
  api::ReceivedAlert alert = alert_of("web-b-1");
  alert.labels = {{"severity", "critical"}, {"namespace", "cart"}};
  CHECK(measure({alert}, {}, critical).reason == Reason::AlertNotConfirmed);
}

TEST_CASE(
    "measure_received does not count an alert that was sent over 4 min ago or in the future") {
  // `now` is 23:20:20.
  struct Row {
    const char* received;
    MeasurementResult expected;
  };
  const Row row = GENERATE(values<Row>({
      {"2026-11-28T23:16:20Z", MeasurementResult::Fail},
      {"2026-11-28T23:16:19Z", MeasurementResult::Unknown},
      {"2026-11-28T23:21:20Z", MeasurementResult::Fail},
      {"2026-11-28T23:21:21Z", MeasurementResult::Unknown},
      {"", MeasurementResult::Unknown},
  }));
  api::ReceivedAlert alert = alert_of("web-b-1");
  alert.received = parse_rfc3339(row.received);
  const auto found = measure({alert});
  CHECK(found.result == row.expected);
  if (row.expected == MeasurementResult::Fail) return;
  CHECK(found.reason == Reason::AlertNotConfirmed);
  CHECK_THAT(found.message, Catch::Contains("more than 4m ago, so it may have ended since"));
}

TEST_CASE("counts_received is false when the server says that the rule is broken or stale") {
  CHECK(counts_received(Reason::ConnectionRefused));
  CHECK(counts_received(Reason::RuleNotLoaded));
  CHECK_FALSE(counts_received(Reason::RuleStale));
  CHECK_FALSE(counts_received(Reason::RuleUnhealthy));
  CHECK_FALSE(counts_received(Reason::AlertNotConfirmed));
}

}  // namespace lastgood::checks::test
