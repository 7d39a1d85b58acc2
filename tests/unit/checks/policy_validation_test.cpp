#include "checks/policy_validation.hpp"

#include <catch2/catch.hpp>

#include "base/text.hpp"

namespace lastgood::checks::test {
namespace {

using api::ConditionStatus;
using api::Reason;
using std::chrono::minutes;

constexpr Time now{std::chrono::hours(1)};
const std::string address = "http://prometheus:9090";

api::PolicySpec spec_with(api::PrometheusCheck check) {
  api::PolicySpec spec;
  spec.checks.push_back({.name = "errors", .kind = std::move(check)});
  return spec;
}

std::vector<QueryValidation> plan_for(const api::PrometheusCheck& check,
                                      const std::string& default_address = address) {
  return plan_policy_validation(spec_with(check), "shop", default_address);
}

api::HttpResponse response(int status, const std::string& body) {
  return {.outcome = api::ProbeOutcome::Answered, .status = status, .body = body};
}

api::HttpResponse values(const std::string& result) {
  return response(200,
                  R"({"status":"success","data":{"resultType":"vector","result":)" + result + "}}");
}

const std::string one_value = R"([{"metric":{},"value":[3600,"3"]}])";

QueryFinding evaluated(const api::HttpResponse& answer,
                       QueryValidation::Kind kind = QueryValidation::Kind::Value) {
  return evaluate_query({.check = "errors", .kind = kind, .window = minutes(1)}, answer, now);
}

}  // namespace

TEST_CASE("plan_policy_validation binds each query with the name of a pod that does not exist") {
  const auto planned = plan_for(
      {.query = R"(a{pod=~"$pods",namespace="$namespace",hash="$hash"} / b{pod=~"$baselinePods"})",
       .minimum_traffic = api::MinimumTraffic{.query = R"(c{rev="$revision"})", .at_least = 1}});
  REQUIRE(planned.size() == 2);
  CHECK(planned[0].kind == QueryValidation::Kind::Value);
  CHECK_THAT(planned[0].call->body,
             Catch::Contains(percent_encoded(R"(a{pod=~"lastgood-validation",namespace="shop")")));
  CHECK(planned[1].kind == QueryValidation::Kind::Traffic);
}

TEST_CASE("plan_policy_validation counts the values in the window when a check has one") {
  const auto planned = plan_for(
      {.query = R"(sum(rate(a{namespace="$namespace",pod=~"$pods"}[1m])))", .window = minutes(1)});
  REQUIRE(planned.size() == 2);
  CHECK(planned[1].kind == QueryValidation::Kind::Window);
  CHECK_THAT(planned[1].call->body,
             Catch::Contains(percent_encoded(R"(max(count_over_time(a{namespace="shop"}[1m])))")));
}

TEST_CASE("plan_policy_validation has a finding for a check without an address, and no call") {
  const auto planned = plan_for({.query = "up"}, "");
  REQUIRE(planned.size() == 1);
  CHECK_FALSE(planned[0].call);
  CHECK(planned[0].finding->validity == QueryValidity::Invalid);
  CHECK(planned[0].finding->reason == Reason::InvalidCheck);
  CHECK(planned[0].finding->message.starts_with("checks[errors].prometheus: "));
}

TEST_CASE("plan_policy_validation is empty without a prometheus check") {
  api::PolicySpec spec;
  spec.checks.push_back({.name = "health"});
  CHECK(plan_policy_validation(spec, "shop", address).empty());
}

TEST_CASE(
    "evaluate_query tells an invalid query from missing data and from an unavailable server") {
  struct Row {
    const char* name;
    api::HttpResponse answer;
    QueryValidity validity;
    Reason reason;
  };
  const std::string bad_data =
      R"({"status":"error","errorType":"bad_data","error":"1:5: parse error: unexpected end"})";
  const Row rows[] = {
      {"a value", values(one_value), QueryValidity::Valid, Reason::None},
      {"no data", values("[]"), QueryValidity::Valid, Reason::None},
      {"NaN", values(R"([{"metric":{},"value":[3600,"NaN"]}])"), QueryValidity::Valid,
       Reason::None},
      {"bad data", response(400, bad_data), QueryValidity::Invalid, Reason::InvalidQuery},
      {"a range",
       response(200, R"({"status":"success","data":{"resultType":"matrix","result":[]}})"),
       QueryValidity::Invalid, Reason::WrongResultType},
      {"two series",
       values(R"([{"metric":{},"value":[3600,"1"]},{"metric":{},"value":[3600,"1"]}])"),
       QueryValidity::Invalid, Reason::MultipleSeries},
      {"no access", response(401, "no"), QueryValidity::Invalid, Reason::AccessDenied},
      {"forbidden", response(403, "no"), QueryValidity::Invalid, Reason::AccessDenied},
      {"wrong path", response(404, "no"), QueryValidity::Invalid, Reason::RequestRejected},
      {"the server is starting", response(503, "no"), QueryValidity::Unavailable,
       Reason::ServerUnavailable},
      {"the connection is refused",
       {.outcome = api::ProbeOutcome::ConnectionRefused},
       QueryValidity::Unavailable,
       Reason::ConnectionRefused},
      {"the host name does not resolve",
       {.outcome = api::ProbeOutcome::DNSLookupFailed},
       QueryValidity::Unavailable,
       Reason::DNSLookupFailed},
      {"TLS fails",
       {.outcome = api::ProbeOutcome::InvalidResponse, .is_tls_failure = true},
       QueryValidity::Invalid,
       Reason::TLSFailed},
      {"an old value", values(R"([{"metric":{},"value":[60,"1"]}])"), QueryValidity::Valid,
       Reason::None},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const QueryFinding found = evaluated(row.answer);
    CHECK(found.validity == row.validity);
    CHECK(found.reason == row.reason);
  }
  CHECK_THAT(evaluated(rows[3].answer).message,
             Catch::Contains("checks[errors].prometheus: the metrics server rejects the query: 400 "
                             "\"1:5: parse error: unexpected end\""));
}

TEST_CASE("evaluate_query names minimumTraffic only for an error of its query") {
  const auto traffic = [](const api::HttpResponse& answer) {
    return evaluated(answer, QueryValidation::Kind::Traffic).message;
  };
  const auto rejected = response(400, R"({"status":"error","error":"parse error"})");
  CHECK(traffic(rejected).starts_with("checks[errors].prometheus.minimumTraffic: "));
  const auto denied = response(401, "no");
  CHECK(traffic(denied) == evaluated(denied).message);
}

TEST_CASE(
    "evaluate_query of the kind Window warns of fewer than 4 values, and reports nothing else") {
  using enum QueryValidation::Kind;
  CHECK(evaluated(values(one_value), Window).validity == QueryValidity::Warned);
  CHECK_THAT(evaluated(values(one_value), Window).message,
             Catch::Contains("the window of 1m has 3 values of a series, fewer than the "
                             "recommended 4, so gaps in the scrapes"));
  CHECK(evaluated(values(R"([{"metric":{},"value":[3600,"4"]}])"), Window) == QueryFinding{});
  CHECK(evaluated(values("[]"), Window) == QueryFinding{});
  CHECK(evaluated(response(400, "no"), Window) == QueryFinding{});
}

TEST_CASE("checks_valid has the reason of the worst finding, and the messages of all findings") {
  const QueryFinding warned{.validity = QueryValidity::Warned, .message = "short"};
  const QueryFinding down{
      .validity = QueryValidity::Unavailable, .reason = Reason::TimedOut, .message = "slow"};
  const QueryFinding wrong{
      .validity = QueryValidity::Invalid, .reason = Reason::InvalidQuery, .message = "wrong"};
  const auto condition = [](const std::vector<QueryFinding>& findings) {
    return checks_valid(findings, 3);
  };
  CHECK(condition({{}}).status == ConditionStatus::True);
  CHECK(condition({{}}).reason == "Accepted");
  CHECK(condition({warned, {}}).status == ConditionStatus::True);
  CHECK(condition({warned, {}}).message == "short");
  CHECK(condition({down, warned}).status == ConditionStatus::Unknown);
  CHECK(condition({down, warned}).reason == "TimedOut");
  CHECK(condition({down, wrong, wrong}).status == ConditionStatus::False);
  CHECK(condition({down, wrong, wrong}).reason == "InvalidQuery");
  CHECK(condition({down, wrong, wrong}).message == "slow. wrong");
  CHECK(condition({}).observed_generation == 3);
}

TEST_CASE("next_validation_after doubles from 1 to 10 minutes, and is an hour after a success") {
  CHECK(next_validation_after(ConditionStatus::True, 0) == minutes(60));
  CHECK(next_validation_after(ConditionStatus::False, 1) == minutes(1));
  CHECK(next_validation_after(ConditionStatus::Unknown, 2) == minutes(2));
  CHECK(next_validation_after(ConditionStatus::False, 4) == minutes(8));
  CHECK(next_validation_after(ConditionStatus::False, 1000) == minutes(10));
}

}  // namespace lastgood::checks::test
