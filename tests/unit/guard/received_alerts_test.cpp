// Which alerts of Alertmanager are stored for a Deployment.
#include "guard/received_alerts.hpp"

#include <catch2/catch.hpp>

namespace lastgood::guard::test {
namespace {

const Key web{.namespace_ = "shop", .name = "web"};
const Time start = *parse_rfc3339("2026-11-28T23:18:00Z");

api::ReceivedAlert alert_of(const std::string& pod, const std::string& name = "HighErrorRate") {
  return {.fingerprint = pod,
          .name = name,
          .labels = {{"namespace", "shop"}, {"pod", pod}, {"app", "web"}},
          .starts_at = start,
          .received = start};
}

api::PolicySpec spec_with(const api::StringMap& match_labels) {
  return {.checks = {
              {.name = "health", .kind = api::HttpCheck{}},
              {.name = "alerts",
               .kind = api::AlertCheck{.alert = "HighErrorRate", .match_labels = match_labels}}}};
}

api::ReceivedAlert resolved(api::ReceivedAlert alert) {
  alert.ends_at = start + std::chrono::minutes(5);
  return alert;
}
api::ReceivedAlert restarted(api::ReceivedAlert alert, int minutes) {
  alert.starts_at = start + std::chrono::minutes(minutes);
  return alert;
}

using Alerts = std::vector<api::ReceivedAlert>;

}  // namespace

TEST_CASE("alerts_for finds the alerts of the Deployment by name, namespace and pod") {
  api::ReceivedAlert elsewhere = alert_of("web-1");
  elsewhere.labels["namespace"] = "cart";
  const Alerts all{alert_of("web-6d4b-x"), alert_of("cart-1"), alert_of("web-1", "Other"),
                   elsewhere, alert_of("website-1")};
  const auto found = alerts_for(web, spec_with({}), all);
  CHECK(found == Alerts{alert_of("web-6d4b-x")});
  CHECK(alerts_for(web, {}, all).empty());
  CHECK(alerts_for({.namespace_ = "other", .name = "web"}, spec_with({}), all).empty());
}

TEST_CASE("alerts_for finds the alerts that have all matchLabels of the check") {
  const Alerts all{alert_of("web-1")};
  CHECK(alerts_for(web, spec_with({{"app", "web"}}), all) == all);
  CHECK(alerts_for(web, spec_with({{"app", "cart"}}), all).empty());
}

TEST_CASE("alerts_for leaves out the alerts of others, also if they have all matchLabels") {
  api::ReceivedAlert elsewhere = alert_of("web-1");
  elsewhere.labels["namespace"] = "cart";
  const Alerts all{alert_of("cart-6d4b-x"), elsewhere};
  CHECK(alerts_for(web, spec_with({{"app", "web"}}), all).empty());
}

TEST_CASE("alerts_for leaves out the pods of a Deployment whose name begins with this one") {
  const Alerts all{alert_of("web-api-6d4b-x"), alert_of("web-6d4b-x")};
  CHECK(alerts_for(web, spec_with({}), all) == Alerts{alert_of("web-6d4b-x")});
}

TEST_CASE("with_alerts keeps a firing alert of a pod when many alerts without a pod are newer") {
  Alerts many{alert_of("web-6d4b-x")};
  for (int i = 0; i < 30; ++i) {
    many.push_back(restarted(alert_of("f" + std::to_string(i)), i + 1));
    many.back().labels.erase("pod");
  }
  CHECK(with_alerts({}, many).front() == alert_of("web-6d4b-x"));
}

TEST_CASE("alerts_for stores the labels that place an alert, and others up to a limit") {
  api::ReceivedAlert large = alert_of("web-1");
  for (int i = 0; i < 10; ++i) large.labels["a" + std::to_string(i)] = std::string(200, 'x');
  const auto found = alerts_for(web, spec_with({{"app", "web"}}), Alerts{large});
  REQUIRE(found.size() == 1);
  const api::StringMap& labels = found.front().labels;
  CHECK(labels.contains("app"));
  CHECK(labels.contains("pod"));
  CHECK(labels.contains("a3"));
  CHECK_FALSE(labels.contains("a9"));
}

TEST_CASE("with_alerts changes nothing when the same message arrives again") {
  const Alerts once = with_alerts({}, Alerts{alert_of("web-1"), resolved(alert_of("web-2"))});
  REQUIRE(once.size() == 2);
  Alerts again{alert_of("web-1"), resolved(alert_of("web-2"))};
  for (api::ReceivedAlert& alert : again) alert.received = start + std::chrono::seconds(29);
  CHECK(with_alerts(once, again) == once);
}

TEST_CASE("with_alerts renews the time of an alert that is sent again and still fires") {
  const Alerts once = with_alerts({}, Alerts{alert_of("web-1"), resolved(alert_of("web-2"))});
  Alerts again{alert_of("web-1"), resolved(alert_of("web-2"))};
  for (api::ReceivedAlert& alert : again) alert.received = start + std::chrono::minutes(1);
  const Alerts renewed = with_alerts(once, again);
  CHECK(renewed == Alerts{again[0], once[1]});
  CHECK(with_alerts(renewed, again) == renewed);
}

TEST_CASE("with_alerts ends an alert, and a late message does not start it again") {
  const Alerts fired = with_alerts({}, Alerts{alert_of("web-1")});
  const Alerts ended = with_alerts(fired, Alerts{resolved(alert_of("web-1"))});
  CHECK(ended == Alerts{resolved(alert_of("web-1"))});
  CHECK(with_alerts(ended, fired) == ended);
  const Alerts next{restarted(alert_of("web-1"), 10)};
  CHECK(with_alerts(ended, next) == next);
  CHECK(with_alerts(next, ended) == next);
}

TEST_CASE("with_alerts keeps the firing and the newest alerts when there are more than 20") {
  Alerts many;
  for (int i = 0; i < 30; ++i)
    many.push_back(resolved(restarted(alert_of("web-" + std::to_string(i)), i)));
  many.push_back(alert_of("web-firing"));
  const Alerts kept = with_alerts({}, many);
  REQUIRE(kept.size() == max_received_alerts);
  CHECK(kept.front() == alert_of("web-firing"));
  CHECK(kept[1].fingerprint == "web-29");
  CHECK(with_alerts(kept, many) == kept);
}

}  // namespace lastgood::guard::test
