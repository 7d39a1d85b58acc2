// The bodies are answers of Prometheus 3.16.
#include "checks/rule_answer.hpp"

#include <catch2/catch.hpp>

#include "support/printers.hpp"

namespace lastgood::checks::test {
namespace {

using api::Reason;

constexpr Time evaluated_at{std::chrono::seconds(1795907976)};

SeriesAnswer answer(const std::string& body, int status = 200) {
  return parse_series({.outcome = api::ProbeOutcome::Answered,
                       .status = status,
                       .content_type = "application/json",
                       .body = body},
                      evaluated_at);
}

std::string vector_of(const std::string& series) {
  return R"({"status":"success","data":{"resultType":"vector","result":[)" + series + "]}}";
}

}  // namespace

TEST_CASE("parse_series reads all series with their labels") {
  const auto found = answer(vector_of(
      R"({"metric":{"namespace":"shop","pod":"web-1","status":"500"},"value":[1795907976,"0.2"]},)"
      R"({"metric":{"namespace":"cart","pod":"cart-1"},"value":[1795907976,"12"]})"));
  REQUIRE(found);
  REQUIRE(found->size() == 2);
  CHECK(found->front().labels ==
        api::StringMap{{"namespace", "shop"}, {"pod", "web-1"}, {"status", "500"}});
  CHECK(found->front().value->value == 0.2);
  CHECK(found->back().labels.at("pod") == "cart-1");
}

TEST_CASE("parse_series reads an empty vector, and a scalar as a series without labels") {
  CHECK(answer(vector_of(""))->empty());
  const auto scalar = answer(
      R"({"status":"success","data":{"resultType":"scalar","result":[1795907976.053,"1.5"]}})");
  REQUIRE(scalar);
  CHECK(scalar->front().labels.empty());
}

TEST_CASE("parse_series keeps a series whose value is no number") {
  const auto found = answer(vector_of(
      R"({"metric":{},"value":[1795907976,"NaN"]},{"metric":{},"histogram":[1795907976,{}]})"));
  REQUIRE(found);
  CHECK(found->front().value.error().reason == Reason::NotANumber);
  CHECK(found->front().at == evaluated_at);
  CHECK_FALSE(found->back().at);
  CHECK(found->back().value.error().reason == Reason::WrongResultType);
}

TEST_CASE("parse_series has a reason for each answer without valid series") {
  struct Row {
    const char* name;
    std::string body;
    Reason reason;
  };
  const Row row = GENERATE(values<Row>({
      {"a range", R"({"status":"success","data":{"resultType":"matrix","result":[]}})",
       Reason::WrongResultType},
      {"no vector", R"({"status":"success","data":{}})", Reason::InvalidResponse},
      {"a series without a value", vector_of(R"({"metric":{}})"), Reason::InvalidResponse},
      {"a stale series", vector_of(R"({"metric":{},"value":[1795900000,"1"]})"),
       Reason::StaleValue},
      {"a warning",
       R"({"status":"success","data":{"resultType":"vector","result":[]},"warnings":["x"]})",
       Reason::QueryWarning},
      {"an error in the expression",
       R"({"status":"error","errorType":"execution","error":"many-to-many"})", Reason::QueryFailed},
  }));
  INFO(row.name);
  const auto found = answer(row.body);
  REQUIRE_FALSE(found);
  CHECK(found.error().reason == row.reason);
}

TEST_CASE("parse_series rejects an answer with too many series") {
  std::string series = "{}";
  for (std::size_t i = 0; i < max_series; ++i) series += ",{}";
  CHECK(answer(vector_of(series)).error().reason == Reason::ResponseTooLarge);
}

}  // namespace lastgood::checks::test
