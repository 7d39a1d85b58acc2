// The bodies are answers of real servers: Prometheus 2.42 and 3.16, Thanos 0.42, Mimir and
// VictoriaMetrics 1.151.
#include "checks/prometheus_answer.hpp"

#include <catch2/catch.hpp>

#include "support/printers.hpp"
#include "unit/checks/prometheus_answers.hpp"

namespace lastgood::checks::test {
namespace {

using api::ProbeOutcome;
using api::Reason;

struct Missing {
  const char* name;
  api::HttpResponse response;
  Reason reason;
  std::string message;
};

void check_missing(const Missing& row) {
  INFO(row.name);
  const auto found = parse_prometheus_answer(row.response, evaluated_at);
  REQUIRE_FALSE(found);
  CHECK(found.error().reason == row.reason);
  CHECK(found.error().message == row.message);
}

}  // namespace

TEST_CASE("parse_prometheus_answer reads the value of one series or of a scalar") {
  struct Row {
    const char* name;
    std::string body;
    double value;
    std::int64_t at;  // ms
  };
  const Row row = GENERATE(values<Row>({
      {"a series",
       R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"http)"
       R"(_requests_total","app":"shop","code":"500","instance":"127.0.0.1:18080","job":"app"},"v)"
       R"(alue":[1795907975.838,"1185"]}]}})",
       1185, 1795907975838},
      {"a scalar",
       R"({"status":"success","data":{"resultType":"scalar","result":[1795907976.053,"1.5"]}})",
       1.5, 1795907976053},
      {"a scalar whose time has two decimals",
       R"({"status":"success","data":{"resultType":"scalar","result":[1795907976.07,"1"]}})", 1,
       1795907976070},
      {"a small number", vector_of(R"([1795907976.090,"0.00001234"])"), 0.00001234, 1795907976090},
      {"a large number", vector_of(R"([1795907976.115,"12345678901234567000"])"),
       12345678901234567000.0, 1795907976115},
      {"302 digits", vector_of("[1795907976,\"1" + std::string(301, '0') + "\"]"), 1e301,
       1795907976000},
      {"zero", vector_of(R"([1795907976,"0"])"), 0, 1795907976000},
      {"an info of Prometheus",
       R"j({"status":"success","data":{"resultType":"vector","result":[{"metric":{"app":"shop",")j"
       R"j(instance":"127.0.0.1:18080","job":"app"},"value":[1795907976.312,"0.9842881355932204")j"
       R"j(]}]},"infos":["PromQL info: metric might not be a counter, name does not end in _tota)j"
       R"j(l/_sum/_count/_bucket: \"my_gauge\" (1:6)"]})j",
       0.9842881355932204, 1795907976312},
      {"an info of Thanos, which is in the warnings",
       R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{"app":"shop","cl)"
       R"(uster":"lab","instance":"127.0.0.1:18080","job":"app"},"value":[1795907976.657,"0.13473)"
       R"(075"]}],"analysis":{}},"warnings":["PromQL info: metric might not be a counter, name do)"
       R"(es not end in _total/_sum/_count/_bucket: \"my_gauge\""]})",
       0.13473075, 1795907976657},
      {"VictoriaMetrics, with the time in whole seconds and statistics",
       R"({"status":"success","isPartial":false,"data":{"resultType":"vector","result":[{"metric")"
       R"(:{},"value":[1795907946,"1.5"]}]},"stats":{"seriesFetched": "0","executionTimeMsec":0}})",
       1.5, 1795907946000},
      {"Mimir, with a line break at the end",
       R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[179590)"
       R"(7976.816,"1"]}]},"errorType":"","error":"","warnings":null})"
       "\n",
       1, 1795907976816},
  }));
  INFO(row.name);
  const auto found = answer(row.body);
  REQUIRE(found);
  CHECK(found->value == row.value);
  CHECK(found->at.time_since_epoch().count() == row.at);
}

TEST_CASE("parse_prometheus_answer says why a result has no value") {
  check_missing(GENERATE(values<Missing>({
      {"an empty vector",
       response(200, R"({"status":"success","data":{"resultType":"vector","result":[]}})"),
       Reason::NoData,
       "the query returned no series; check the name of the metric and the labels, and that the "
       "query itself compares nothing"},
      {"NaN, no traffic",
       response(
           200,
           R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[)"
           R"(1795907975.989,"NaN"]}]}})"),
       Reason::NotANumber,
       "the query returned NaN: usually it divides by the traffic, and there is none; "
       "set minimumTraffic, or wait for traffic"},
      {"+Inf",
       response(
           200,
           R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[)"
           R"(1795907976.011,"+Inf"]}]}})"),
       Reason::InfiniteValue,
       "the query returned +Inf: usually it divides by 0; correct the query"},
      {"-Inf",
       response(
           200,
           R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":)"
           R"("ninf_gauge","instance":"127.0.0.1:18080","job":"app"},"value":[1795907975.916,"-I)"
           R"(nf"]}]}})"),
       Reason::InfiniteValue,
       "the query returned -Inf: usually it divides by 0; correct the query"},
      {"two series",
       response(
           200,
           R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{"app":"cart)"
           R"("},"value":[1795907976.036,"80"]},{"metric":{"app":"shop"},"value":[1795907976.036)"
           R"(,"99.99322079858992"]}]}})"),
       Reason::MultipleSeries,
       "the query returned 2 series, expected 1; aggregate them, for example with sum() or max()"},
      {"a string",
       response(
           200,
           R"({"status":"success","data":{"resultType":"string","result":[1795907976.127,"hello )"
           R"(\"x\""]}})"),
       Reason::WrongResultType, "the query returned a string, not a number; correct the query"},
      {"a matrix",
       response(
           200,
           R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":)"
           R"("http_requests_total","app":"shop","code":"500","instance":"127.0.0.1:18080","job")"
           R"(:"app"},"values":[[1795907972.072,"1125"],[1795907973.072,"1145"]]}]}})"),
       Reason::WrongResultType,
       "the query returned a matrix, not a number; remove the range, or use it in a function"},
      {"a native histogram",
       response(
           200,
           R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogra)"
           R"(m":[1795907976,{"count":"3","sum":"1"}]}]}})"),
       Reason::WrongResultType,
       "the query returned a native histogram, not a number; use a function such as "
       "histogram_quantile()"},
      {"a warning",
       response(
           200,
           R"j({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value")j"
           R"j(:[1795907976.347,"+Inf"]}]},"warnings":["PromQL warning: quantile value should b)j"
           R"j(e between 0 and 1, got 1.5 (1:10)"]})j"),
       Reason::QueryWarning,
       "the metrics server warns that the value may be wrong: \"PromQL warning: quantile value "
       "should be between 0 and 1, got 1.5 (1:10)\"; correct the query, or repair the server"},
      {"an empty vector with a warning",
       response(
           200,
           R"j({"status":"success","data":{"resultType":"vector","result":[]},"warnings":["Prom)j"
           R"j(QL warning: bucket label \"le\" is missing or has a malformed value of \"\" (1:2)j"
           R"j(5)"]})j"),
       Reason::QueryWarning,
       R"(the metrics server warns that the value may be wrong: "PromQL warning: bucket label )"
       R"j(\"le\" is missing or has a malformed value of \"\" (1:25)"; correct the query, or repa)j"
       R"j(ir )j"
       R"(the server)"},
      {"a warning after an info",
       response(
           200,
           R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[)"
           R"(1795907976,"1"]}]},"warnings":["PromQL info: x","results truncated due to limit"]})"),
       Reason::QueryWarning,
       "the metrics server warns that the value may be wrong: \"results truncated due to limit\"; "
       "correct the query, or repair the server"},
      {"a partial result",
       response(
           200,
           R"({"status":"success","isPartial":true,"data":{"resultType":"vector","result":[{"met)"
           R"(ric":{},"value":[1795907976,"1"]}]}})"),
       Reason::QueryWarning,
       "the metrics server warns that the value may be wrong: \"isPartial: true\"; correct the "
       "query, or repair the server"},
  })));
}

TEST_CASE("parse_prometheus_answer quotes the server if it returns an error") {
  check_missing(GENERATE(values<Missing>({
      {"400, Prometheus",
       response(
           400,
           R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": 1:1)"
           R"(6: parse error: unclosed left parenthesis"})"),
       Reason::InvalidQuery,
       R"(the metrics server rejects the query: 400 "invalid parameter \"query\": 1:16: parse )"
       R"(error: unclosed left parenthesis"; correct the query)"},
      {"400, VictoriaMetrics",
       response(400, R"({"status":"error","errorType":"400","error":"missing `query` arg"})"),
       Reason::InvalidQuery,
       R"(the metrics server rejects the query: 400 "missing `query` arg"; correct the query)"},
      {"400, HTTP to a TLS port",
       response(400, "Client sent an HTTP request to an HTTPS server.\n", "text/plain"),
       Reason::RequestRejected,
       R"(the metrics server rejects the request: 400 "Client sent an HTTP request to an HTTPS )"
       R"(server."; check its address and path)"},
      {"401, Prometheus", response(401, "Unauthorized\n", "text/plain; charset=utf-8"),
       Reason::AccessDenied,
       R"(the metrics server denies access: 401 "Unauthorized"; check the credentials of the che)"
       R"(ck)"},
      {"401, Mimir", response(401, "no org id\n", "text/plain"), Reason::AccessDenied,
       R"(the metrics server denies access: 401 "no org id"; check the credentials of the check)"},
      {"403", response(403, "", "text/plain"), Reason::AccessDenied,
       R"(the metrics server denies access: 403 ""; check the credentials of the check)"},
      {"404", response(404, "404 page not found\n", "text/plain; charset=utf-8"),
       Reason::RequestRejected,
       R"(the metrics server rejects the request: 404 "404 page not found"; check its address an)"
       R"(d path)"},
      {"405", response(405, "Method Not Allowed\n", "text/plain; charset=utf-8"),
       Reason::RequestRejected,
       R"(the metrics server rejects the request: 405 "Method Not Allowed"; check its address an)"
       R"(d path)"},
      {"429", response(429, "too many requests", "text/plain"), Reason::RequestRejected,
       R"(the metrics server rejects the request: 429 "too many requests"; use fewer checks or a )"
       R"(longer interval)"},
      {"422, Prometheus",
       response(
           422,
           R"({"status":"error","errorType":"execution","error":"invalid regular expression in l)"
           R"(abel_replace(): ("})"),
       Reason::QueryFailed,
       R"(the metrics server cannot evaluate the query: 422 "invalid regular expression in )"
       R"(label_replace(): ("; correct the query, or see the log of the server)"},
      {"422, Thanos without its stores",
       response(
           422,
           R"({"status":"error","errorType":"execution","error":"expanding series: proxy Series()"
           R"(): No StoreAPIs available"})"),
       Reason::QueryFailed,
       R"(the metrics server cannot evaluate the query: 422 "expanding series: proxy Series(): No )"
       R"(StoreAPIs available"; correct the query, or see the log of the server)"},
      {"an error with the status 200",
       response(200, R"({"status":"error","errorType":"execution","error":"too many samples"})"),
       Reason::QueryFailed,
       R"(the metrics server cannot evaluate the query: 200 "too many samples"; correct the query,)"
       R"( )"
       R"(or see the log of the server)"},
      {"503, the query took too long",
       response(
           503,
           R"({"status":"error","errorType":"timeout","error":"query timed out in expression eva)"
           R"(luation"})"),
       Reason::TimedOut,
       R"(the metrics server stopped the query: 503 "query timed out in expression evaluation"; )"
       R"(simplify the query, or raise timeout)"},
      {"503, starting", response(503, "Service Unavailable", "text/plain; charset=utf-8"),
       Reason::ServerUnavailable,
       R"(the metrics server is not available: 503 "Service Unavailable"; it may be starting or )"
       R"(stopping)"},
      {"500", response(500, R"({"status":"error","errorType":"internal","error":"expanding"})"),
       Reason::ServerError, R"(the metrics server failed: 500 "expanding"; see its log)"},
      {"502", response(502, "<html>\r\n<b>Bad Gateway</b>", "text/html"), Reason::ServerError,
       R"(the metrics server failed: 502 "<html>\r\n<b>Bad Gateway</b>"; see its log)"},
      {"301, a slash at the end", response(301, "<a href=\"/query\">Moved Permanently</a>.\n\n"),
       Reason::Redirected,
       R"(the metrics server redirects the request: 301 "<a href=\"/query\">Moved )"
       R"(Permanently</a>."; use its final address, with its path)"},
      {"307, two slashes", response(307, ""), Reason::Redirected,
       R"(the metrics server redirects the request: 307 ""; use its final address, with its path)"},
      {"204", response(204, ""), Reason::InvalidResponse,
       R"(the metrics server returned 204 "", expected 200; check its address)"},
      {"999", response(999, ""), Reason::InvalidResponse,
       R"(the metrics server returned 999 "", expected 200; check its address)"},
  })));
}

TEST_CASE("parse_prometheus_answer has a reason for each way to get no response") {
  check_missing(GENERATE(values<Missing>({
      {"refused",
       {.outcome = ProbeOutcome::ConnectionRefused, .detail = "Connection refused"},
       Reason::ConnectionRefused,
       "the metrics server refused or reset the connection (Connection refused); check its "
       "address, "
       "and whether it is running"},
      {"timed out",
       {.outcome = ProbeOutcome::TimedOut, .took = std::chrono::seconds(5)},
       Reason::TimedOut,
       "the metrics server sent no complete response within 5s; simplify the query, or raise "
       "timeout"},
      {"closed",
       {.outcome = ProbeOutcome::ConnectionClosed, .detail = "end of stream"},
       Reason::ConnectionClosed,
       "the metrics server closed the connection before the response was complete (end of stream); "
       "see its log"},
      {"DNS",
       {.outcome = ProbeOutcome::DNSLookupFailed},
       Reason::DNSLookupFailed,
       "the metrics server has a host name that does not resolve; correct its address"},
      {"no route",
       {.outcome = ProbeOutcome::Unreachable, .detail = "No route to host"},
       Reason::Unreachable,
       "the metrics server cannot be reached (No route to host); check that a NetworkPolicy lets "
       "the controller connect"},
      {"not HTTP",
       {.outcome = ProbeOutcome::InvalidResponse, .detail = "bad version"},
       Reason::InvalidResponse,
       "the metrics server returned no valid HTTP response (bad version); check the scheme and the "
       "port of its address"},
      {"too large",
       {.outcome = ProbeOutcome::InvalidResponse, .is_too_large = true},
       Reason::ResponseTooLarge,
       "the response of the metrics server is larger than 1 MiB; aggregate the series, for example "
       "with sum()"},
      {"too large for this parser", response(200, std::string(1024 * 1024 + 1, ' ')),
       Reason::ResponseTooLarge,
       "the response of the metrics server is larger than 1 MiB; aggregate the series, for example "
       "with sum()"},
  })));
}

TEST_CASE("parse_prometheus_answer rejects a body that is not a result of the API") {
  struct Row {
    const char* body;
    const char* problem;
  };
  const Row row = GENERATE(values<Row>({
      {"", R"(application/json, "")"},
      {"<!DOCTYPE html>\n<title>Login</title>",
       R"(application/json, "<!DOCTYPE html>\n<title>Login</title>")"},
      {R"({"status":"success")", R"(application/json, "{\"status\":\"success\"")"},
      {"\xff\xfe", R"(application/json, "??")"},
      {"null", "it has no status"},
      {"[]", "it has no status"},
      {R"({"data":{"resultType":"vector","result":[]}})", "it has no status"},
      {R"({"status":"success"})", "it has no vector and no scalar"},
      {R"({"status":"success","data":[]})", "it has no vector and no scalar"},
      {R"({"status":"success","data":{"resultType":"vector"}})", "it has no vector and no scalar"},
      {R"({"status":"success","data":{"resultType":"vector","result":{}}})",
       "it has no vector and no scalar"},
      {R"({"status":"success","data":{"resultType":"streams","result":[]}})",
       "it has no vector and no scalar"},
      {R"({"status":"success","data":{"resultType":"vector","result":[7]}})",
       "a series has no value"},
      {R"({"status":"success","data":{"resultType":"scalar","result":[1795907976]}})",
       "a value is not a pair of a time and a text"},
      {R"({"status":"success","data":{"resultType":"scalar","result":[1795907976,1]}})",
       "a value is not a pair of a time and a text"},
      {R"({"status":"success","data":{"resultType":"scalar","result":["x","1"]}})",
       "the time of a value is not valid"},
      {R"({"status":"success","data":{"resultType":"scalar","result":[-1,"1"]}})",
       "the time of a value is not valid"},
      {R"({"status":"success","data":{"resultType":"scalar","result":[1e300,"1"]}})",
       "the time of a value is not valid"},
      {R"({"status":"success","data":{"resultType":"scalar","result":[1795907976,"1 "]}})",
       R"(the value "1 " is not a number)"},
  }));
  INFO(row.body);
  const auto found = answer(row.body);
  REQUIRE_FALSE(found);
  CHECK(found.error().reason == Reason::InvalidResponse);
  CHECK(found.error().message ==
        "the response is not a result of the HTTP API of Prometheus: " + std::string(row.problem) +
            "; check the address of the metrics server and its path");
}

}  // namespace lastgood::checks::test
