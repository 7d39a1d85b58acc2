#include "codec/check_status.hpp"

#include <catch2/catch.hpp>

namespace lastgood::codec::test {

using api::BaselineResult;
using api::CheckStatus;

namespace {

// The check of a guard with this JSON in its status.
CheckStatus read(const std::string& fields) {
  const Json status = Json::parse(R"({"checks": [{"name": "errors", )" + fields + "}]}");
  std::optional<Error> error;
  const auto checks = read_checks(Reader(status, "status", error), "checks");
  REQUIRE_FALSE(error);
  REQUIRE(checks.size() == 1);
  return checks.front();
}

}  // namespace

TEST_CASE("read_checks reads the numbers of a check, which the status stores as text") {
  const CheckStatus check =
      read(R"("value": "0.25", "traffic": "120", "baseline": {"value": "1e-05"})");
  CHECK(check.value == 0.25);
  CHECK(check.traffic == 120.0);
  CHECK(check.baseline.value().value == 1e-05);
}

TEST_CASE("read_checks has no number for a text that is none, and for NaN") {
  const std::string text = GENERATE(as<std::string>(), "", "no number", "0.25 ", "1,5", "NaN");
  INFO(text);
  const CheckStatus check = read(R"("value": ")" + text + R"(", "traffic": ")" + text + R"(")");
  CHECK_FALSE(check.value);
  CHECK_FALSE(check.traffic);
  CHECK(check == CheckStatus(check));  // a NaN in it would make this false
}

TEST_CASE("to_json writes the numbers of a check as text, and omits absent ones") {
  const CheckStatus check{
      .name = "errors", .value = 0.1 + 0.2, .traffic = 120, .baseline = BaselineResult{.value = 0}};
  const Json json = to_json(check);
  CHECK(json["value"] == "0.30000000000000004");
  CHECK(json["traffic"] == "120");
  CHECK(json["baseline"]["value"] == "0");
  const Json without = to_json(CheckStatus{.name = "errors", .baseline = BaselineResult{}});
  CHECK_FALSE(without.contains("value"));
  CHECK_FALSE(without.contains("traffic"));
  CHECK_FALSE(without["baseline"].contains("value"));
}

}  // namespace lastgood::codec::test
