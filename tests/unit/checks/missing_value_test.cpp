#include "checks/missing_value.hpp"

#include <catch2/catch.hpp>

#include "support/printers.hpp"

namespace lastgood::checks::test {

TEST_CASE("missing_value keeps the message on one line of at most 400 bytes") {
  CHECK(missing_value(api::Reason::NoData, "a\nb") ==
        MissingValue{.reason = api::Reason::NoData, .message = "a b"});
  CHECK(missing_value(api::Reason::NoData, std::string(401, 'a')).message ==
        std::string(397, 'a') + "...");
}

TEST_CASE("missing is the value of missing_value as the error of a result") {
  const std::expected<int, MissingValue> result = missing(api::Reason::NoData, "a\nb");
  REQUIRE_FALSE(result);
  CHECK(result.error() == missing_value(api::Reason::NoData, "a b"));
}

}  // namespace lastgood::checks::test
