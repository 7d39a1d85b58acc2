// Which news of a Deployment are reconciled first.
#include "guard/inbox.hpp"

#include <catch2/catch.hpp>

#include "unit/guard/fixtures.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

TEST_CASE("a failure is urgent, and no other news of a Deployment") {
  CHECK(is_urgent(MeasurementArrived{.measurement = fails("health")}));
  CHECK_FALSE(is_urgent(MeasurementArrived{.measurement = pass("health")}));
  CHECK_FALSE(is_urgent(MeasurementArrived{.measurement = unknown("health")}));
  CHECK_FALSE(is_urgent(CheckEnded{}));
  CHECK_FALSE(is_urgent(RolloutChanged{}));
  CHECK_FALSE(is_urgent(RollbackSeen{}));
}
