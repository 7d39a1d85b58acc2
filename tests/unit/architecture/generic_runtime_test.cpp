#include "generic_runtime.hpp"

#include <catch2/catch.hpp>

#include "check_none.hpp"

using namespace lastgood::architecture;

TEST_CASE("reports each word of Lastgood in a file of runtime") {
  CHECK(specific_words_in_runtime(
            {{"controller/runtime/x.cpp",
              "// One at a time.\nlog::warn(\"failed\", {{\"deployment\", key}});\n"},
             {"controller/runtime/y.hpp", "#include \"api/guard.hpp\"\nvoid f(api::Rollback);\n"},
             {"controller/runtime/z.hpp", "// Lists the Pods of Lastgood.\nint on_policy;\n"}}) ==
        Violations{"controller/runtime/x.cpp:2: runtime must not name \"deployment\"",
                   "controller/runtime/y.hpp:1: runtime must not name \"guard\"",
                   "controller/runtime/y.hpp:2: runtime must not name \"Rollback\"",
                   "controller/runtime/z.hpp:1: runtime must not name \"Pods\"",
                   "controller/runtime/z.hpp:1: runtime must not name \"Lastgood\"",
                   "controller/runtime/z.hpp:2: runtime must not name \"policy\""});
}

TEST_CASE("reports no word when the file is generic or is in another folder") {
  CHECK(specific_words_in_runtime(
            {{"controller/runtime/x.cpp", "namespace lastgood::runtime {\nvoid add(Key key);\n"},
             {"controller/shell/x.cpp", "api::DeploymentGuard guard;\n"}}) == Violations{});
}

TEST_CASE("finds no word of Lastgood in runtime") {
  check_none(specific_words_in_runtime(read_sources({"controller"})));
}
