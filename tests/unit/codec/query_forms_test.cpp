#include "codec/query_forms.hpp"

#include <catch2/catch.hpp>

#include "codec/promql.hpp"

using namespace lastgood;
using namespace lastgood::codec;
using namespace std::chrono_literals;

TEST_CASE("an error ratio is 0 without errors, because the numerator has a fallback") {
  const std::string query = error_ratio_query("http_requests_total", R"(code=~"5..")", {}, 1min);
  CHECK(
      query ==
      R"((sum(rate(http_requests_total{namespace="$namespace",pod=~"$pods",code=~"5.."}[1m])) )"
      R"(or vector(0)) / sum(rate(http_requests_total{namespace="$namespace",pod=~"$pods"}[1m])))");
  CHECK(validate_query(query));
}

TEST_CASE("a latency is a quantile of the buckets of all pods of the revision") {
  const std::string query =
      latency_query("latency_seconds", 0.95, {.namespace_ = "ns", .pod = "pod_name"}, 90s);
  CHECK(query == R"(histogram_quantile(0.95, sum by (le) (rate(latency_seconds_bucket)"
                 R"({ns="$namespace",pod_name=~"$pods"}[1m30s]))))");
  CHECK(validate_query(query));
}

TEST_CASE("the traffic of a form is the number of requests in its window") {
  CHECK(requests_query("requests_total", {}, 1500ms) ==
        R"(sum(increase(requests_total{namespace="$namespace",pod=~"$pods"}[1500ms])))");
}

TEST_CASE("the name of a metric has letters, digits, underscores and colons") {
  for (const char* name : {"up", "http_requests_total", "job:errors:rate5m", "_x", "a1"})
    CHECK(is_metric_name(name));
  for (const char* name : {"", "1a", "a-b", "a{b=\"c\"}", "a b", "a.b"})
    CHECK_FALSE(is_metric_name(name));
  CHECK_FALSE(is_metric_name(std::string(201, 'a')));
}
