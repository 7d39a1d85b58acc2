#include "checks/release_start.hpp"

#include <catch2/catch.hpp>

namespace lastgood::checks::test {
namespace {

const Time began = *parse_rfc3339("2026-11-28T23:18:00Z");

api::Pod pod_created(const std::string& name, std::optional<Time> created) {
  api::Pod pod;
  pod.meta.key.name = name;
  pod.meta.created = created;
  return pod;
}

ReleaseStart release_of(std::optional<Time> created, std::optional<Time> start = began) {
  const std::vector<api::Pod> pods{pod_created("web-a-1", created)};
  return release_start(ComparedWith::Baseline, start, pods);
}

using std::chrono::seconds;
const api::StringMap of_pod{{"namespace", "shop"}, {"pod", "web-a-1"}};

}  // namespace

TEST_CASE("names_new_pod is true only for a pod that is known to be created by the release") {
  struct Row {
    const char* name;  // when the pod was created
    std::optional<Time> created;
    std::optional<Time> began;
    bool expected;
  };
  const Row row = GENERATE(values<Row>({
      {"after the release", began + seconds(5), began, true},
      {"shortly before a late controller saw the release", began - seconds(30), began, true},
      {"before the release", began - seconds(31), began, false},
      {"at an unknown time", std::nullopt, began, false},
      {"after a release whose start is unknown", began + seconds(5), std::nullopt, false},
  }));
  INFO(row.name);
  CHECK(names_new_pod(of_pod, release_of(row.created, row.began)) == row.expected);
}

TEST_CASE("names_new_pod is false without a label pod, for another pod, and without a release") {
  const ReleaseStart release = release_of(began);
  CHECK_FALSE(names_new_pod({{"namespace", "shop"}}, release));
  CHECK_FALSE(names_new_pod({{"pod", "web-a-2"}}, release));
  const std::vector<api::Pod> pods{pod_created("web-a-1", began)};
  const ReleaseStart none = release_start(ComparedWith::Nothing, began, pods);
  CHECK_FALSE(none.pods);
  CHECK(none.began == began);
  CHECK_FALSE(names_new_pod(of_pod, none));
}

TEST_CASE("began_before is true for an older alert unless its pod is one of the release") {
  const Time before = began - seconds(1);
  CHECK(began_before(of_pod, before, release_of(began - seconds(31))));
  CHECK_FALSE(began_before(of_pod, before, release_of(began - seconds(2))));
  CHECK(began_before({{"app", "web"}}, before, release_of(began)));
  CHECK_FALSE(began_before({{"app", "web"}}, began, release_of(began)));
  CHECK_FALSE(began_before({{"app", "web"}}, std::nullopt, release_of(began)));
  CHECK_FALSE(began_before({{"app", "web"}}, before, {}));
}

}  // namespace lastgood::checks::test
