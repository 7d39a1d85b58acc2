#include "allowed_includes.hpp"

#include <catch2/catch.hpp>

#include "check_none.hpp"

using namespace lastgood::architecture;

TEST_CASE("reports an include, or a coroutine, when the folder of the file must not have it") {
  struct Row {
    const char* path;
    const char* text;
    const char* expected;
  };
  const Row row = GENERATE(values<Row>({
      {"controller/base/x.cpp", "#include \"api/meta.hpp\"\n",
       "controller/base/x.cpp:1: base must not include api/meta.hpp"},
      {"controller/api/x.hpp", "\n#include \"policy/a.hpp\"",
       "controller/api/x.hpp:2: api must not include policy/a.hpp"},
      {"controller/policy/x.cpp", "#include \"guard/a.hpp\"",
       "controller/policy/x.cpp:1: policy must not include guard/a.hpp"},
      {"controller/guard/x.cpp", "#include \"ports/clock.hpp\"",
       "controller/guard/x.cpp:1: guard must not include ports/clock.hpp"},
      {"controller/guard/states/x.cpp", "#include \"shell/a.hpp\"",
       "controller/guard/states/x.cpp:1: guard must not include shell/a.hpp"},
      {"controller/runtime/x.cpp", "#include \"guard/a.hpp\"",
       "controller/runtime/x.cpp:1: runtime must not include guard/a.hpp"},
      {"controller/shell/x.cpp", "#include \"net/a.hpp\"",
       "controller/shell/x.cpp:1: shell must not include net/a.hpp"},
      {"controller/net/x.cpp", "  #  include  \"shell/a.hpp\"",
       "controller/net/x.cpp:1: net must not include shell/a.hpp"},
      {"controller/net/x.cpp", "#include \"kube/a.hpp\"",
       "controller/net/x.cpp:1: net must not include kube/a.hpp"},
      {"cmd/lastgood-controller/main.cpp", "#include \"guard/a.hpp\"",
       "cmd/lastgood-controller/main.cpp:1: cmd must not include guard/a.hpp"},
      {"controller/kube/x.cpp", "#include \"../net/a.hpp\"",
       "controller/kube/x.cpp:1: include ../net/a.hpp by the name of its folder"},
      {"controller/kube/x.cpp", "#include <boost/asio.hpp>",
       "controller/kube/x.cpp:1: kube is pure and must not include <boost/asio.hpp>"},
      {"controller/checks/x.cpp", "#include <thread>",
       "controller/checks/x.cpp:1: checks is pure and must not include <thread>"},
      {"controller/checks/x.cpp", "int x;\n  co_await y();",
       "controller/checks/x.cpp:2: checks is pure and must not use coroutines"},
      {"controller/base/x.cpp", "co_return 1;",
       "controller/base/x.cpp:1: base is pure and must not use coroutines"},
      {"controller/misc/x.cpp", "",
       "controller/misc/x.cpp:1: the folder is not in the table of allowed_includes.cpp"},
  }));
  CHECK(forbidden_includes({{row.path, row.text}}) == Violations{row.expected});
}

TEST_CASE("reports no include when the table allows it") {
  struct Row {
    const char* path;
    const char* text;
  };
  const Row row = GENERATE(values<Row>({
      {"controller/api/x.cpp",
       "#include \"base/time.hpp\"\n#include \"api/meta.hpp\"\n#include <vector>"},
      {"controller/shell/x.cpp",
       "#include \"guard/a.hpp\"\n#include \"ports/clock.hpp\"\n#include "
       "<boost/asio.hpp>\nco_await x();"},
      {"controller/net/x.cpp", "#include \"ports/clock.hpp\"\n#include <openssl/ssl.h>"},
      {"cmd/lastgood-controller/main.cpp",
       "#include \"net/a.hpp\"\n#include \"shell/a.hpp\"\n#include \"options.hpp\""},
      {"controller/guard/x.cpp", "// shell/ may co_await this\n#include <string>"},
      {"controller/policy/x.cpp", "#define A \\\n  \"net/a.hpp\""},
  }));
  CHECK(forbidden_includes({{row.path, row.text}}) == Violations{});
}

TEST_CASE("finds no forbidden include in the controller") {
  const auto files = read_sources({"controller", "cmd"});
  REQUIRE(files.size() > 100);
  check_none(forbidden_includes(files));
}
