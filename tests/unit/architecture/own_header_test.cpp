#include "own_header.hpp"

#include <catch2/catch.hpp>

#include "check_none.hpp"

using namespace lastgood::architecture;

TEST_CASE("reports a .cpp file when it has no header of the same name") {
  CHECK(missing_own_headers({{"controller/guard/a.cpp", "#include \"guard/b.hpp\"\n"},
                             {"controller/guard/b.hpp", ""}}) ==
        Violations{"controller/guard/a.cpp:1: there is no header of the same name"});
}

TEST_CASE("reports a .cpp file when its header is not the first include") {
  CHECK(missing_own_headers(
            {{"controller/guard/a.cpp", "#include <string>\n#include \"guard/a.hpp\"\n"},
             {"controller/guard/a.hpp", ""}}) ==
        Violations{"controller/guard/a.cpp:1: include guard/a.hpp first"});
  CHECK(missing_own_headers({{"controller/guard/a.cpp", ""}, {"controller/guard/a.hpp", ""}}) ==
        Violations{"controller/guard/a.cpp:1: include guard/a.hpp first"});
}

TEST_CASE("reports a file in the list of exceptions when it has a header") {
  CHECK(missing_own_headers(
            {{"cmd/lastgood-controller/main.cpp", ""}, {"cmd/lastgood-controller/main.hpp", ""}}) ==
        Violations{"cmd/lastgood-controller/main.cpp:1: the file has a header: remove it from the "
                   "exceptions"});
}

TEST_CASE("reports no .cpp file when its header is the first include or it is an exception") {
  CHECK(missing_own_headers({{"controller/guard/states/a.cpp",
                              "// Text.\n\n#include \"guard/states/a.hpp\"\n\n#include <string>\n"},
                             {"controller/guard/states/a.hpp", ""},
                             {"cmd/lastgood-controller/wire.cpp", "#include \"wire.hpp\"\n"},
                             {"cmd/lastgood-controller/wire.hpp", ""},
                             {"cmd/lastgood-controller/main.cpp", "#include \"wire.hpp\"\n"}}) ==
        Violations{});
}

TEST_CASE("finds a header of the same name for each .cpp file of the controller") {
  check_none(missing_own_headers(read_sources({"controller", "cmd"})));
}
