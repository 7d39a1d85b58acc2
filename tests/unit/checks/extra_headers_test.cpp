#include "checks/extra_headers.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>

namespace lastgood::checks::test {
namespace {

std::string problem_of(std::string_view text, OwnAuthorization own = OwnAuthorization::No) {
  const auto headers = parse_extra_headers(text, own);
  return headers ? "" : headers.error().message;
}

}  // namespace

TEST_CASE("parse_extra_headers rejects headers that the client sets itself") {
  for (const char* name : {"Host", "CONTENT-LENGTH", "Transfer-Encoding", "Connection", "Accept",
                           "X-Amz-Date", "accept-encoding"}) {
    CHECK(problem_of(fmt::format("{}: a", name)) ==
          fmt::format("the header \"{}\" cannot be set, because the controller sets it", name));
  }
  CHECK(problem_of("authorization: a") == "");
  CHECK(problem_of("authorization: a", OwnAuthorization::Yes) ==
        "the header \"Authorization\" is set by another key of the credentials");
}

TEST_CASE("parse_extra_headers names the invalid line or header, but not its value") {
  CHECK(problem_of("A: 1\n\nsecret") == "line 3 has no \":\"; write \"Name: value\"");
  CHECK(problem_of("a b: secret") ==
        "the name of the header in line 1 is not valid; a name has only letters, digits and some "
        "punctuation");
  CHECK(problem_of(" A: 1") ==
        "the name of the header in line 1 is not valid; a name has only letters, digits and some "
        "punctuation");
  CHECK(problem_of("A:  ") == "the header \"A\" has no value");
  CHECK(problem_of("A: b\rc") == "the value of the header \"A\" contains a control character");
  CHECK(problem_of("A: 1\na: 2") == "the header \"a\" is set twice");
}

TEST_CASE("parse_extra_headers accepts at most 16 headers") {
  std::string text;
  for (int i = 0; i < 16; ++i) text += fmt::format("X-{}: a\n", i);
  CHECK(problem_of(text) == "");
  CHECK(problem_of(text + "X-16: a") == "there are more than 16 headers");
}

}  // namespace lastgood::checks::test
