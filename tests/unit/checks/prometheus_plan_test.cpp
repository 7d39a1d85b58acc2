#include "checks/prometheus_plan.hpp"

#include <catch2/catch.hpp>

namespace lastgood::checks::test {

TEST_CASE("parse_server_address splits the address of a metrics server") {
  struct Row {
    const char* text;
    ServerAddress address;
  };
  const Row row = GENERATE(values<Row>({
      {"http://prometheus.monitoring:9090",
       {.tls = false, .host = "prometheus.monitoring", .port = 9090, .path_prefix = ""}},
      {"https://mimir.example.com/prometheus/",
       {.tls = true, .host = "mimir.example.com", .port = 443, .path_prefix = "/prometheus"}},
      {"http://[fd00::1]:8428//",
       {.tls = false, .host = "fd00::1", .port = 8428, .path_prefix = ""}},
      {"http://vm/select/0/prometheus",
       {.tls = false, .host = "vm", .port = 80, .path_prefix = "/select/0/prometheus"}},
  }));
  INFO(row.text);
  const auto address = parse_server_address(row.text);
  REQUIRE(address);
  CHECK(*address == row.address);
}

TEST_CASE("parse_server_address reports why an address is not valid") {
  struct Row {
    const char* text;
    const char* message;
  };
  const Row row = GENERATE(values<Row>({
      {"prometheus:9090",
       R"("prometheus:9090" must begin with http:// or https://, such as "http://myapp:8080/heal)"
       R"(th")"},
      {"http://me:secret@prometheus",
       R"("http://me:secret@prometheus" must not contain a user or password)"},
      {"http://prometheus/?query=up",
       R"("http://prometheus/?query=up" must not contain a query ("?"))"},
      {"http://prometheus/a//b",
       R"("http://prometheus/a//b" must not contain an empty path segment)"},
      {"http://prometheus/api/v1/",
       R"("http://prometheus/api/v1/" must be the address of the server without "/api/v1", )"
       R"(such as "http://prometheus.monitoring:9090")"},
      {"http://prometheus/api/v1/query",
       R"("http://prometheus/api/v1/query" must be the address of the server without "/api/v1", )"
       R"(such as "http://prometheus.monitoring:9090")"},
  }));
  const auto address = parse_server_address(row.text);
  REQUIRE_FALSE(address);
  CHECK(address.error().kind == ErrorKind::BadInput);
  CHECK(address.error().message == row.message);
}

TEST_CASE("plan_query posts the query as a form to the address of the check or of the chart") {
  const codec::BoundQuery query(R"(sum(rate(x{a=~"b|c"}[1m])) + 100%)");
  const api::HttpCall plain{
      .method = "POST",
      .host = "prometheus",
      .port = 9090,
      .target = "/api/v1/query",
      .headers = {{.name = "Accept", .value = "application/json"}},
      .content_type = "application/x-www-form-urlencoded",
      .body =
          "query=sum%28rate%28x%7Ba%3D~%22b%7Cc%22%7D%5B1m%5D%29%29%20%2B%20100%25&timeout=5"
          "&partial_response=false&nocache=1",
      .max_body_bytes = std::size_t{1024} * 1024,
      .timeout = std::chrono::seconds(5)};
  CHECK(plan_query({}, query, "http://prometheus:9090", std::chrono::seconds(5)).value() == plain);

  const api::MetricsServer own{.address = "https://mimir/prometheus"};
  const auto call =
      plan_query(own, codec::BoundQuery("up"), "http://prometheus:9090", Duration(1500));
  REQUIRE(call);
  CHECK(call->tls == api::TlsSettings{});
  CHECK(call->host == "mimir");
  CHECK(call->port == 443);
  CHECK(call->target == "/prometheus/api/v1/query");
  CHECK(call->body == "query=up&timeout=1.5&partial_response=false&nocache=1");
  CHECK(call->timeout == Duration(1500));
}

TEST_CASE("plan_query returns an error without a valid address") {
  const codec::BoundQuery query("up");
  CHECK(plan_query({}, query, "", Duration(1)).error().message ==
        "neither the check nor the chart has the address of a metrics server; set address in the "
        "check, or prometheus.address of the chart");
  const auto invalid =
      plan_query({.address = "prometheus"}, query, "http://prometheus", Duration(1));
  REQUIRE_FALSE(invalid);
  CHECK(invalid.error().kind == ErrorKind::BadInput);
  CHECK(invalid.error().message.starts_with(R"("prometheus" must begin with http://)"));
}

TEST_CASE("plan_query never sends a timeout of zero, which the server would reject") {
  const auto body = [](Duration timeout) {
    return plan_query({}, codec::BoundQuery("up"), "http://prometheus", timeout).value().body;
  };
  CHECK(body(Duration(0)) == body(Duration(1)));
  CHECK(body(Duration(1)).contains("&timeout=0.001&"));
  CHECK(body(std::chrono::minutes(10)).contains("&timeout=600&"));
}

}  // namespace lastgood::checks::test
