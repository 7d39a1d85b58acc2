// The first candidate with an active pod is the baseline.
#include "checks/baseline_choice.hpp"

#include <catch2/catch.hpp>

#include "support/printers.hpp"

using namespace lastgood;
using namespace lastgood::checks;
using api::MeasurementResult;

namespace {

api::Pod pod(bool deleting = false, const std::string& phase = "Running") {
  api::Pod out;
  out.meta.deleting = deleting;
  out.phase = phase;
  return out;
}

}  // namespace

TEST_CASE("chooses the first candidate with an active pod") {
  using PodLists = std::vector<std::vector<api::Pod>>;
  CHECK(choose_baseline(PodLists{{pod()}, {pod()}}) == 0);
  CHECK(choose_baseline(PodLists{{}, {pod()}}) == 1);
  CHECK(choose_baseline(PodLists{{pod(true)}, {pod(false, "Failed")}, {pod()}}) == 2);
  CHECK_FALSE(choose_baseline(PodLists{{}, {pod(true)}}).has_value());
  CHECK_FALSE(choose_baseline(PodLists{}).has_value());
}

TEST_CASE("lacks_images is true when the images of one candidate are not known") {
  const BaselineCandidate known{.revision = {.images = {{"app:v1", "sha256:a"}}}};
  CHECK_FALSE(lacks_images(std::vector{known, known}));
  CHECK(lacks_images(std::vector{known, BaselineCandidate{}}));
}

TEST_CASE("ignores the failure of a baseline that never worked") {
  const api::BaselineResult fails{.result = MeasurementResult::Fail};
  const api::BaselineResult passes{.result = MeasurementResult::Pass};
  CHECK(trusted_result(fails, BaselineTrust::Trusted) == fails);
  CHECK_FALSE(trusted_result(fails, BaselineTrust::PassOnly).has_value());
  CHECK(trusted_result(passes, BaselineTrust::PassOnly) == passes);
  CHECK_FALSE(trusted_result({}, BaselineTrust::Trusted).has_value());
}
