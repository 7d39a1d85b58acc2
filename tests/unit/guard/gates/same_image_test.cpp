// The gate SameImage: a tag moved, so a rollback would run the image of the release again.
#include <catch2/catch.hpp>

#include "unit/guard/harness.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

api::Measurement with_images(api::StringMap images, api::StringMap baseline_images = {}) {
  api::Measurement out = pass("rollout");
  out.images = std::move(images);
  if (!baseline_images.empty()) out.baseline_revision = TemplateHash("v1");
  out.baseline_images = std::move(baseline_images);
  return out;
}

// v2 names the same images as v1 if `same_images`.
DeploymentHarness breached_v2(bool same_images, const api::Measurement& images) {
  DeploymentHarness harness = baking_v2();
  harness.preflight->same_images = same_images;
  harness.reconcile({images, pass("health")});
  return harness.fail_three_times();
}

}  // namespace

TEST_CASE("holds a rollback with both image ids when the tag gives another image now") {
  DeploymentHarness harness =
      breached_v2(true, with_images({{"app:latest", "sha256:b"}}, {{"app:latest", "sha256:a"}}));
  CHECK(harness.state() == held(Reason::SameImage));
  CHECK_THAT(harness.guard.message,
             Catch::Contains("app:latest was sha256:a in revision 1 and is sha256:b now"));
  CHECK(harness.restorations == 0);
}

TEST_CASE("rolls back when the image ids do not show that a tag moved") {
  const api::StringMap a{{"app:latest", "sha256:a"}};
  const api::StringMap b{{"app:latest", "sha256:b"}};
  CHECK(breached_v2(false, with_images(b, a)).restorations == 1);
  CHECK(breached_v2(true, with_images(a, a)).restorations == 1);
  CHECK(breached_v2(true, with_images(b)).restorations == 1);
  CHECK(breached_v2(true, with_images({}, a)).restorations == 1);
  CHECK(breached_v2(true, with_images({{"app:v2", "sha256:b"}}, a)).restorations == 1);
}

TEST_CASE("keeps the image ids that were seen first, also after a restart") {
  DeploymentHarness harness = baking_v2();
  harness.reconcile({with_images({{"app:latest", "sha256:b"}}, {{"app:latest", "sha256:a"}})});
  harness.reconcile({with_images({{"app:latest", "sha256:c"}}, {{"app:latest", "sha256:c"}})});
  harness.restart();
  REQUIRE(harness.stored_guard.revisions.size() == 2);
  CHECK(harness.stored_guard.revisions[0].images == api::StringMap{{"app:latest", "sha256:b"}});
  CHECK(harness.stored_guard.revisions[1].images == api::StringMap{{"app:latest", "sha256:a"}});
}
