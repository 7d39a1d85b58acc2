// A login to a registry that has expired, or a registry that is down, is not the fault of a
// release.
#include "checks/registry_access.hpp"

#include <catch2/catch.hpp>

#include "support/mentions.hpp"
#include "support/printers.hpp"
#include "unit/checks/pods.hpp"

namespace lastgood::checks::test {
namespace {

using api::Reason;
using enum api::MeasurementResult;

constexpr const char* unauthorized = "failed to authorize: unexpected status: 401 Unauthorized";
constexpr const char* maybe_missing =
    "pull access denied, repository does not exist or may require authorization";

api::Pod pulled(const std::string& image) {
  api::Pod out = running("old-0");
  out.containers[0].image = image;
  out.containers[0].image_id = "sha256:a";
  return out;
}

api::Pod cannot_pull(const std::string& image, const std::string& message = unauthorized) {
  api::Pod out = waiting("web-1", "ImagePullBackOff", message);
  out.containers[0].image = image;
  return out;
}

api::Measurement failure(Reason reason = Reason::ImagePull) {
  return {.check = "rollout",
          .result = Fail,
          .reason = reason,
          .message = "as before",
          .min_failing_time = std::chrono::seconds(20)};
}

// The failure after excuse_registry(): unchanged if the release is the likely cause.
api::Measurement excused(const std::vector<api::Pod>& pods, const std::vector<api::Pod>& baseline,
                         Reason reason = Reason::ImagePull) {
  return excuse_registry(failure(reason), pods, baseline);
}

}  // namespace

TEST_CASE("registry_of and repository_of read the parts of an image") {
  CHECK(registry_of("app") == "docker.io");
  CHECK(registry_of("team/app:v1") == "docker.io");
  CHECK(registry_of("localhost/app") == "localhost");
  CHECK(registry_of("reg.example:5000/team/app:v1") == "reg.example:5000");
  CHECK(repository_of("reg.example:5000/team/app:v1") == "reg.example:5000/team/app");
  CHECK(repository_of("reg.example:5000/app") == "reg.example:5000/app");
  CHECK(repository_of("app:v1@sha256:abc") == "app");
}

TEST_CASE("excuses denied access when the old pods pulled from the same registry") {
  const auto measurement =
      excused({cannot_pull("reg.example/app:v2")}, {pulled("reg.example/app:v1")});
  CHECK(measurement.result == Unknown);
  CHECK(measurement.reason == Reason::RegistryAccessDenied);
  CHECK_FALSE(measurement.immediate);
  CHECK(measurement.min_failing_time == Duration::zero());
  CHECK(measurement.message ==
        "pod web-1, container app: ImagePullBackOff: failed to authorize: unexpected status: 401 "
        "Unauthorized. The old pods pulled images from this registry, so the login has probably "
        "expired; the check waits for the progress deadline");
  const auto at_deadline =
      excused({cannot_pull("reg.example/app:v2")}, {pulled("reg.example/app:v1")},
              Reason::ProgressDeadlineExceeded);
  CHECK(at_deadline.result == Fail);
  CHECK(at_deadline.reason == Reason::RegistryAccessDenied);
}

TEST_CASE("excuses a host name that does not resolve when the old pods pulled from the registry") {
  const char* unresolved = "dial tcp: lookup reg.example on 10.0.0.10:53: no such host";
  const auto measurement =
      excused({cannot_pull("reg.example/app:v2", unresolved)}, {pulled("reg.example/app:v1")});
  CHECK(measurement.result == Unknown);
  CHECK(measurement.reason == Reason::RegistryUnavailable);
  CHECK_THAT(measurement.message, testing::mentions({"no such host", "host name is right"}));
  CHECK(excused({cannot_pull("other.example/app:v2", unresolved)},
                {pulled("reg.example/app:v1")}) == failure());
}

TEST_CASE("blames the release for denied access when the login is not the likely cause") {
  const api::Pod old_pod = pulled("reg.example/app:v1");
  api::Pod never_pulled = old_pod;
  never_pulled.containers[0].image_id.clear();
  CHECK(excused({cannot_pull("other.example/app:v2")}, {old_pod}) == failure());
  CHECK(excused({cannot_pull("reg.example/app:v2")}, {never_pulled}) == failure());
  CHECK(excused({cannot_pull("reg.example/app:v2")}, {}) == failure());
  CHECK(excused({cannot_pull("reg.example/app:v2", "not found")}, {old_pod}) == failure());
  CHECK(excused({cannot_pull("reg.example/typo:v2", maybe_missing)}, {old_pod}) == failure());
  CHECK(excused({cannot_pull("reg.example/app:v2"), unready("web-2")}, {old_pod}) == failure());
  CHECK(excused({}, {old_pod}) == failure());
  CHECK(excused({cannot_pull("reg.example/app:v2")}, {old_pod}, Reason::CrashLoop) ==
        failure(Reason::CrashLoop));
  CHECK(excused({cannot_pull("reg.example/app:v2", maybe_missing)}, {old_pod}).reason ==
        Reason::RegistryAccessDenied);
}

}  // namespace lastgood::checks::test
