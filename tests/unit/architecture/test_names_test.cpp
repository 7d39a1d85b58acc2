#include "test_names.hpp"

#include <catch2/catch.hpp>

#include "check_none.hpp"

using namespace lastgood::architecture;

namespace {

// The text of a file with one test. The name of the macro is split, so that the rule does not find
// a test case in this function.
std::string with_test(const std::string& literals) {
  return "\nTEST_"
         "CASE(" +
         literals + ") {}\n";
}

}  // namespace

TEST_CASE("reports a test name when it has more than 90 characters") {
  const std::string half(45, 'a');
  CHECK(bad_test_names({{"tests/unit/x_test.cpp", with_test("\"" + half + half + "\"")}}) ==
        Violations{});
  CHECK(
      bad_test_names({{"tests/unit/x_test.cpp",
                       with_test("\n    \"" + half + "\"\n    \"" + half + "b\"")}}) ==
      Violations{"tests/unit/x_test.cpp:2: the name of the test has 91 characters, at most 90 are "
                 "allowed"});
}

TEST_CASE("reports a test name when CTest cannot use it") {
  CHECK(bad_test_names({{"tests/unit/x_test.cpp", with_test("\"keeps a; drops b\"")},
                        {"tests/unit/y_test.cpp", with_test("\"reads items[0]\", \"[tag]\"")}}) ==
        Violations{"tests/unit/x_test.cpp:2: the name of the test has one of ; [ ] * \\",
                   "tests/unit/y_test.cpp:2: the name of the test has one of ; [ ] * \\"});
}

TEST_CASE("reports no test name when only the tags have brackets") {
  CHECK(bad_test_names({{"tests/unit/x_test.cpp", with_test("\"is fine\", \"[tag]\"")}}) ==
        Violations{});
}

TEST_CASE("finds no bad test name in the tests") {
  check_none(bad_test_names(read_sources({"tests"})));
}
