#include "checks/alert_baseline.hpp"

#include <catch2/catch.hpp>

#include "support/printers.hpp"

namespace lastgood::checks::test {

TEST_CASE("alert_baseline is a failure when an alert was active before the release") {
  const Time released{std::chrono::minutes(10)};
  const Time now{std::chrono::minutes(11)};
  const Placement placement{.namespace_ = "shop", .pods = {"web-1", "web-2"}};
  const api::StringMap first{{"namespace", "shop"}, {"pod", "web-1"}};
  const api::StringMap second{{"namespace", "shop"}, {"pod", "web-2"}};
  const std::vector<FiringAlert> firing{
      {.labels = &first, .placement = &placement, .since = released},
      {.labels = &second, .placement = &placement, .since = released - Duration(1)}};

  const auto found = alert_baseline(firing, {.began = released}, now);
  REQUIRE(found);
  CHECK(found->result == api::MeasurementResult::Fail);
  CHECK(found->reason == api::Reason::AlertFiring);
  CHECK(found->before);
  CHECK(found->consecutive_failures == 2);
  CHECK(found->at == now);
  CHECK(found->message ==
        R"(the alert of {namespace="shop", pod="web-2"} was active before the release, since )"
        "1970-01-01T00:09:59Z");
}

TEST_CASE("alert_baseline is absent when the times do not show an older alert") {
  const Time released{std::chrono::minutes(10)};
  const ReleaseStart release{.began = released};
  const Placement placement;
  const api::StringMap labels;
  const std::vector<FiringAlert> newer{
      {.labels = &labels, .placement = &placement, .since = released}};
  const std::vector<FiringAlert> unknown{{.labels = &labels, .placement = &placement}};
  const std::vector<FiringAlert> older{
      {.labels = &labels, .placement = &placement, .since = released - Duration(1)}};
  CHECK_FALSE(alert_baseline(newer, release, released));
  CHECK_FALSE(alert_baseline(unknown, release, released));
  CHECK_FALSE(alert_baseline(older, {}, released));
  CHECK_FALSE(alert_baseline({}, release, released));
}

}  // namespace lastgood::checks::test
