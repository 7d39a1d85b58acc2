#include "public_headers.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "check_none.hpp"

using namespace lastgood::architecture;

TEST_CASE("reports a file when it includes a private header of another folder") {
  CHECK(private_includes(
            {{"controller/shell/x.cpp",
              "#include \"checks/http_plan.hpp\"\n#include \"checks/message.hpp\"\n"}}) ==
        Violations{"controller/shell/x.cpp:2: checks/message.hpp is private to the folder checks"});
  CHECK(private_includes({{"cmd/lastgood-controller/x.cpp", "#include \"net/tls.hpp\"\n"}}) ==
        Violations{"cmd/lastgood-controller/x.cpp:1: net/tls.hpp is private to the folder net"});
}

TEST_CASE("reports no include of a public header, or of a header in the same folder") {
  CHECK(private_includes({{"controller/checks/http.cpp", "#include \"checks/message.hpp\"\n"},
                          {"controller/shell/x.cpp",
                           "#include \"checks/http_plan.hpp\"\n#include \"base/text.hpp\"\n"}}) ==
        Violations{});
}

TEST_CASE("reports a public header when it does not exist or no other folder includes it") {
  const std::vector<SourceFile> files = {
      {"controller/shell/manager.hpp", ""},
      {"controller/shell/manager.cpp", "#include \"shell/manager.hpp\"\n"},
      {"controller/checks/http_plan.hpp", ""},
      {"controller/shell/x.cpp", "#include \"checks/http_plan.hpp\"\n"}};
  const Violations found = unused_public_headers(files);
  const auto reported = [&](const char* text) { return std::ranges::count(found, text) == 1; };
  CHECK(reported("shell/manager.hpp is listed as public, but no other folder includes it"));
  CHECK(reported("checks/rollout.hpp is listed as public, but does not exist"));
  CHECK(std::ranges::none_of(
      found, [](const std::string& text) { return text.starts_with("checks/http_plan.hpp"); }));
}

TEST_CASE("finds no include of a private header of another folder in the controller") {
  const auto files = read_sources({"controller", "cmd"});
  check_none(private_includes(files));
  check_none(unused_public_headers(files));
}
