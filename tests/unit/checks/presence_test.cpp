#include "checks/presence.hpp"

#include <catch2/catch.hpp>

namespace lastgood::checks::test {
namespace {

const Placement pods{.namespace_ = "shop", .pods = {"web-1", "web.v2"}};

std::string query_for(const std::string& expression, const Placement& placement = pods) {
  const auto query = presence_query(expression, placement);
  REQUIRE(query);
  return query->value;
}

}  // namespace

TEST_CASE("presence_query selects the series of the pods, or of matchLabels") {
  CHECK(query_for("errors > 1") ==
        R"((count(errors{namespace="shop",pod=~"web-1|web\\.v2"}) or vector(0)))");
  CHECK(query_for("errors > 1", {.namespace_ = "shop", .replica_set = "web-7f9c"}) ==
        R"((count(errors{namespace="shop",pod=~"web-7f9c-[a-z0-9]{5}"}) or vector(0)))");
  CHECK(query_for("errors > 1", {.namespace_ = "shop", .match_labels = {{"app", "a\"b"}}}) ==
        R"((count(errors{app="a\"b",namespace=~"shop|"}) or vector(0)))");
  CHECK(query_for("errors > 1", {.namespace_ = "shop", .match_labels = {{"namespace", "x"}}}) ==
        R"((count(errors{namespace="x"}) or vector(0)))");
  CHECK(query_for("errors > 1", {.namespace_ = "shop",
                                 .pods = {"web-1"},
                                 .match_labels = {{"app", "web"}},
                                 .pod_label = PodLabel::Required}) ==
        R"((count(errors{app="web",namespace=~"shop|",pod=~"web-1"}) or vector(0)))");
}

TEST_CASE("presence_query leaves out metrics that exist without the application") {
  const auto has = [](const std::string& expression, const std::string& metric) {
    return query_for(expression).contains("count(" + metric + "{");
  };
  CHECK(has("errors / requests > 0.1", "errors"));
  CHECK(has("errors / requests > 0.1", "requests"));
  CHECK_FALSE(has("errors > 0 and on (pod) kube_pod_info", "kube_pod_info"));
  CHECK_FALSE(has("errors * on (pod) group_left (w) a:b:c", "a:b:c"));
  CHECK(has("kube_pod_status_ready == 0", "kube_pod_status_ready"));
}

TEST_CASE("presence_query fails without a metric, and when it is too large") {
  CHECK(presence_query("vector(1) > 0", pods).error().kind == ErrorKind::BadInput);
  CHECK(presence_query("errors{", pods).error().kind == ErrorKind::BadInput);
  const std::vector<std::string> many(10'000, "web-12345678");
  CHECK(presence_query("x", {.namespace_ = "shop", .pods = many}).error().kind ==
        ErrorKind::TooLarge);
}

}  // namespace lastgood::checks::test
