#include "codec/quantity.hpp"

#include <catch2/catch.hpp>

namespace lastgood::codec {

TEST_CASE("parse_quantity reads numbers with suffixes and exponents") {
  struct Row {
    const char* text;
    double value;
  };
  const Row row = GENERATE(values<Row>({{"0", 0},
                                        {"5", 5},
                                        {"+5", 5},
                                        {"-5", -5},
                                        {"-1500m", -1.5},
                                        {"1500m", 1.5},
                                        {"100m", 0.1},
                                        {"7u", 7e-6},
                                        {"7n", 7e-9},
                                        {"2k", 2000},
                                        {"3M", 3e6},
                                        {"3G", 3e9},
                                        {"3T", 3e12},
                                        {"3P", 3e15},
                                        {"3E", 3e18},
                                        {"1Ki", 1024},
                                        {"1.5Mi", 1572864},
                                        {"1Gi", 1073741824},
                                        {"1Ti", 1099511627776},
                                        {"1Pi", 1125899906842624},
                                        {"1Ei", 1152921504606846976},
                                        {"1e3", 1000},
                                        {"1E3", 1000},
                                        {"12E-3", 0.012},
                                        {"1e+3", 1000},
                                        {".5", 0.5},
                                        {"5.", 5}}));
  INFO(row.text);
  const auto value = parse_quantity(row.text);
  REQUIRE(value);
  CHECK(*value == row.value);
}

TEST_CASE("parse_quantity rejects a text that is no quantity") {
  for (const char* text : {"",    " 5",    "5 ",  "m",    "k",     "K",    "5K",    "5ki", "5kk",
                           "5mi", "NaN",   "Inf", "0x10", "1e",    "1e3m", "1e3e3", "e3",  "--5",
                           "5-",  "1.2.3", ".",   "-",    "1e999", "1,5",  "5µ",    "12E+"})
    CHECK_FALSE(parse_quantity(text));
  CHECK_FALSE(parse_quantity(std::string(65, '1')));
}

}  // namespace lastgood::codec
