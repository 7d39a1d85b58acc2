#include "cycles.hpp"

#include <catch2/catch.hpp>

#include "check_none.hpp"

using namespace lastgood::architecture;

TEST_CASE("reports a cycle when two headers include each other") {
  CHECK(include_cycles({{"controller/api/a.hpp", "#include \"api/b.hpp\"\n"},
                        {"controller/api/b.hpp", "#include \"api/a.hpp\"\n"}}) ==
        Violations{"api/a -> api/b -> api/a"});
}

TEST_CASE("reports a cycle when one of its includes is in a .cpp file") {
  CHECK(include_cycles({{"controller/net/tls.hpp", ""},
                        {"controller/net/tls.cpp", "#include \"net/transport.hpp\"\n"},
                        {"controller/net/transport.hpp", "#include \"net/tls.hpp\"\n"}}) ==
        Violations{"net/tls -> net/transport -> net/tls"});
}

TEST_CASE("reports a cycle when it has three modules") {
  CHECK(include_cycles({{"controller/guard/a.hpp", "#include \"guard/b.hpp\"\n"},
                        {"controller/guard/b.cpp", "#include \"guard/states/c.hpp\"\n"},
                        {"controller/guard/states/c.hpp", "#include \"guard/a.hpp\"\n"},
                        {"controller/guard/d.hpp", "#include \"guard/a.hpp\"\n"}}) ==
        Violations{"guard/a -> guard/b -> guard/states/c -> guard/a"});
}

TEST_CASE("reports no cycle when the includes go in one direction") {
  CHECK(
      include_cycles({{"controller/api/a.hpp", "#include \"api/b.hpp\"\n"},
                      {"controller/api/a.cpp", "#include \"api/a.hpp\"\n#include \"api/c.hpp\"\n"},
                      {"controller/api/b.hpp", "#include \"api/c.hpp\"\n#include <api/a.hpp>\n"},
                      {"controller/api/c.hpp", ""}}) == Violations{});
}

TEST_CASE("finds no cycle in the controller") {
  check_none(include_cycles(read_sources({"controller", "cmd"})));
}
