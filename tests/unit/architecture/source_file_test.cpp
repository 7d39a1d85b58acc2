#include "source_file.hpp"

#include <catch2/catch.hpp>

using namespace lastgood::architecture;

TEST_CASE("reads the includes of a file with their lines") {
  const auto includes = includes_of(
      {"controller/api/x.cpp",
       "#include <vector>\n// #include \"no.hpp\"\n  #  include \"api/meta.hpp\"  // why\n"});
  REQUIRE(includes.size() == 2);
  CHECK(includes[0].line == 1);
  CHECK(includes[0].file == "vector");
  CHECK_FALSE(includes[0].quoted);
  CHECK(includes[1].line == 3);
  CHECK(includes[1].file == "api/meta.hpp");
  CHECK(includes[1].quoted);
}

TEST_CASE("returns the folder of controller/ to which a file belongs, or cmd") {
  CHECK(folder_of("controller/api/meta.hpp") == "api");
  CHECK(folder_of("controller/guard/states/idle.cpp") == "guard");
  CHECK(folder_of("cmd/lastgood-controller/main.cpp") == "cmd");
  CHECK(folder_of("controller/a.cpp").empty());
  CHECK(folder_of("tests/unit/a.cpp").empty());
}

TEST_CASE("returns the path by which a header is included") {
  CHECK(include_path_of("controller/guard/states/idle.hpp") == "guard/states/idle.hpp");
  CHECK(include_path_of("cmd/lastgood-controller/options.hpp") == "options.hpp");
}

TEST_CASE("returns the path unchanged when a header is not in controller/ or cmd/") {
  CHECK(include_path_of("elsewhere/a.hpp") == "elsewhere/a.hpp");
}
