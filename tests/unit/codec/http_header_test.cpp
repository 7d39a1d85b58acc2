#include "codec/http_header.hpp"

#include <catch2/catch.hpp>

namespace lastgood::codec {

TEST_CASE("valid_header_value rejects control characters except tabs") {
  CHECK(valid_header_value("application/json"));
  CHECK(valid_header_value("a\tb"));
  CHECK_FALSE(valid_header_value("a\nb"));
  CHECK_FALSE(valid_header_value("a\rb"));
  CHECK_FALSE(valid_header_value(std::string_view("a\0b", 3)));
}

TEST_CASE("valid_header_name accepts only the tokens of RFC 9110") {
  CHECK(valid_header_name("X-Scope-OrgID"));
  for (const std::string_view name : {"", "a b", "a:", "a\r\nb", "a\t", "\xc3\xa4", "(a)"})
    CHECK_FALSE(valid_header_name(name));
}

TEST_CASE("host_header has no port if it is the default of the protocol") {
  CHECK(host_header("prometheus", 9090, false) == "prometheus:9090");
  CHECK(host_header("prometheus", 80, false) == "prometheus");
  CHECK(host_header("prometheus", 80, true) == "prometheus:80");
  CHECK(host_header("fd00::1", 443, true) == "[fd00::1]");
  CHECK(authority("fd00::1", 443) == "[fd00::1]:443");
}

}  // namespace lastgood::codec
