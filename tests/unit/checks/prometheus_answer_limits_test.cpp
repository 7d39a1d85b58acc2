// Answers that are too old, too large, cut or changed.
#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "support/printers.hpp"
#include "unit/checks/prometheus_answers.hpp"

namespace lastgood::checks::test {

using api::Reason;

TEST_CASE("parse_prometheus_answer rejects a value that is too old or in the future") {
  // evaluated_at is 1795907976.
  CHECK(answer(vector_of(R"([1795907676,"1"])")));
  const auto old = answer(vector_of(R"([1795907675.999,"1"])"));
  REQUIRE_FALSE(old);
  CHECK(old.error().reason == Reason::StaleValue);
  CHECK(old.error().message ==
        "the value is of 2026-11-28T23:14:35Z, 5m before the query, and older than 5m; check the "
        "clock of the metrics server, and the caches before it");
  CHECK(answer(vector_of(R"([1795908036,"1"])")));
  const auto future = answer(vector_of(R"([1795908046,"1"])"));
  REQUIRE_FALSE(future);
  CHECK(future.error().reason == Reason::ClockSkew);
  CHECK(future.error().message ==
        "the value is of 2026-11-28T23:20:46Z, 1m10s after the query, more than 1m; correct the "
        "clocks of the metrics server and of the nodes");
  CHECK(answer(vector_of(R"([1795908036.001,"1"])")).error().reason == Reason::ClockSkew);
  CHECK(answer(vector_of(R"([0,"1"])")).error().reason == Reason::StaleValue);
}

TEST_CASE("parse_prometheus_answer limits its message and the depth of the body") {
  const std::string deep(100'000, '[');
  CHECK(answer(deep).error().reason == Reason::InvalidResponse);
  CHECK(answer(R"({"status":"success","data":)" + deep).error().message.size() <= 400);
  const auto rejected = parse_prometheus_answer(
      response(400, R"({"status":"error","errorType":"bad_data","error":")" +
                        std::string(10'000, 'x') + "\"}"),
      evaluated_at);
  CHECK(rejected.error().reason == Reason::InvalidQuery);
  CHECK(rejected.error().message.size() < 300);
  CHECK(parse_prometheus_answer(response(502, std::string(100'000, '\x01')), evaluated_at)
            .error()
            .message.size() <= 400);
  std::string many = R"({"status":"success","data":{"resultType":"vector","result":[{})";
  for (int i = 1; i < 10'000; ++i) many += ",{}";
  CHECK(answer(many + "]}}").error().message.starts_with("the query returned 10000 series"));
}

TEST_CASE("parse_prometheus_answer never returns a value for a body that was cut or changed") {
  const std::string body = vector_of(R"([1795907976.347,"0.2"])");
  CHECK(rc::check([&] {
    const auto cut = *rc::gen::inRange<std::size_t>(0, body.size());
    RC_ASSERT(!answer(body.substr(0, cut)));
    std::string changed = body;
    const auto at = *rc::gen::inRange<std::size_t>(0, body.size());
    changed[at] = *rc::gen::arbitrary<char>();
    const auto found = parse_prometheus_answer(response(200, changed), evaluated_at);
    RC_ASSERT(!found || std::isfinite(found->value));
    RC_ASSERT(found || found.error().reason != Reason::None);
  }));
}

}  // namespace lastgood::checks::test
