#include "generic_runtime.hpp"

#include <catch2/catch.hpp>

#include "check_none.hpp"

using namespace lastgood::architecture;

TEST_CASE("reports each kind or concept of Lastgood that a file of runtime/ names") {
  CHECK(lastgood_words_in_runtime(
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

TEST_CASE("reports nothing when a file of runtime/ is generic, or the file is in another folder") {
  CHECK(lastgood_words_in_runtime(
            {{"controller/runtime/x.cpp", "namespace lastgood::runtime {\nvoid add(Key key);\n"},
             {"controller/shell/x.cpp", "api::DeploymentGuard guard;\n"}}) == Violations{});
}

TEST_CASE("finds no kind or concept of Lastgood in runtime/") {
  check_none(lastgood_words_in_runtime(read_sources({"controller"})));
}
