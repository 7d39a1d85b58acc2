#include "checks/number_text.hpp"

#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "codec/values.hpp"

namespace lastgood::checks::test {

TEST_CASE("number_text has six digits when they are on the same side of the limit") {
  struct Row {
    double value;
    double limit;
    const char* text;
  };
  const Row row = GENERATE(values<Row>({
      {0.05, 0.05, "0.05"},
      {0.1234567, 0.05, "0.123457"},
      {1234567, 1, "1.23457e+06"},
      {0, 0, "0"},
      {-0.5, 0, "-0.5"},
      // The short text would be equal to the limit, or on its other side.
      {0.0500000001, 0.05, "0.0500000001"},
      {0.0499999999, 0.05, "0.0499999999"},
      {0.99999999, 1, "0.99999999"},
      {0.1 + 0.2, 0.3, "0.30000000000000004"},
      // The short text "1" is on the same side of 1.0000005 as the value, but not of 1.0000003.
      {1.0000004, 1.0000005, "1"},
      {1.0000004, 1.0000003, "1.0000004"},
  }));
  INFO(row.text);
  CHECK(number_text(row.value, row.limit) == row.text);
}

TEST_CASE("number_text never shows a value on the other side of the limit") {
  CHECK(rc::check([] {
    const auto limit = *rc::gen::arbitrary<double>();
    const bool is_near = *rc::gen::arbitrary<bool>();
    const double value = is_near ? std::nextafter(limit, *rc::gen::arbitrary<double>())
                                 : *rc::gen::arbitrary<double>();
    const auto shown = codec::parse_number(number_text(value, limit));
    RC_ASSERT(shown.has_value());
    RC_ASSERT((*shown <=> limit) == (value <=> limit));
  }));
}

}  // namespace lastgood::checks::test
