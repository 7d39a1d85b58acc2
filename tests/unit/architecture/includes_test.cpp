// The arrows between the folders of the house: the rule on made-up files, then on every file there is.
#include "includes.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

using lastgood::architecture::folder_of;
using lastgood::architecture::wrong_arrows;

namespace {

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

bool is_source(const std::filesystem::path& file) { return file.extension() == ".cpp" || file.extension() == ".hpp"; }

}  // namespace

TEST_CASE("An arrow that the house does not allow is found") {
  struct Row {
    const char* path;
    const char* text;
    const char* complaint;
  };
  const Row row = GENERATE(values<Row>({
      {"controller/base/x.cpp", "#include \"api/meta.hpp\"\n",
       "controller/base/x.cpp:1: base must not include api (api/meta.hpp)"},
      {"controller/api/x.hpp", "\n#include \"policy/a.hpp\"",
       "controller/api/x.hpp:2: api must not include policy (policy/a.hpp)"},
      {"controller/policy/x.cpp", "#include \"guard/a.hpp\"",
       "controller/policy/x.cpp:1: policy must not include guard (guard/a.hpp)"},
      {"controller/guard/x.cpp", "#include \"ports/clock.hpp\"",
       "controller/guard/x.cpp:1: guard must not include ports (ports/clock.hpp)"},
      {"controller/guard/x.cpp", "#include \"shell/a.hpp\"", "controller/guard/x.cpp:1: guard must not include shell (shell/a.hpp)"},
      {"controller/shell/x.cpp", "#include \"net/a.hpp\"", "controller/shell/x.cpp:1: shell must not include net (net/a.hpp)"},
      {"controller/net/x.cpp", "  #  include  \"shell/a.hpp\"", "controller/net/x.cpp:1: net must not include shell (shell/a.hpp)"},
      {"controller/net/x.cpp", "#include \"kube/a.hpp\"", "controller/net/x.cpp:1: net must not include kube (kube/a.hpp)"},
      {"cmd/lastgood-controller/main.cpp", "#include \"guard/a.hpp\"",
       "cmd/lastgood-controller/main.cpp:1: cmd must not include guard (guard/a.hpp)"},
      {"controller/kube/x.cpp", "#include \"../net/a.hpp\"",
       "controller/kube/x.cpp:1: kube must name a file by its folder (../net/a.hpp)"},
      {"controller/kube/x.cpp", "#include <boost/asio.hpp>",
       "controller/kube/x.cpp:1: kube must not include the outside (boost/asio.hpp)"},
      {"controller/checks/x.cpp", "#include <thread>", "controller/checks/x.cpp:1: checks must not include the outside (thread)"},
      {"controller/checks/x.cpp", "int x;\n  co_await y();",
       "controller/checks/x.cpp:2: checks is pure and must not be a coroutine"},
      {"controller/base/x.cpp", "co_return 1;", "controller/base/x.cpp:1: base is pure and must not be a coroutine"},
      {"controller/misc/x.cpp", "", "controller/misc/x.cpp: is in no folder of the house"},
  }));
  CHECK(wrong_arrows(row.path, row.text) == std::vector<std::string>{row.complaint});
}

TEST_CASE("An arrow that the house allows is left alone") {
  struct Row {
    const char* path;
    const char* text;
  };
  const Row row = GENERATE(values<Row>({
      {"controller/api/x.cpp", "#include \"base/time.hpp\"\n#include \"api/meta.hpp\"\n#include <vector>"},
      {"controller/shell/x.cpp",
       "#include \"guard/a.hpp\"\n#include \"ports/clock.hpp\"\n#include <boost/asio.hpp>\nco_await x();"},
      {"controller/net/x.cpp", "#include \"ports/clock.hpp\"\n#include <openssl/ssl.h>"},
      {"cmd/lastgood-controller/main.cpp", "#include \"net/a.hpp\"\n#include \"shell/a.hpp\"\n#include \"options.hpp\""},
      {"controller/guard/x.cpp", "// shell/ may co_await this\n#include <string>"},
      {"controller/policy/x.cpp", "#define A \\\n  \"net/a.hpp\""},
  }));
  INFO(row.path);
  CHECK(wrong_arrows(row.path, row.text).empty());
}

TEST_CASE("A file belongs to the folder that it lies in") {
  CHECK(folder_of("controller/api/meta.hpp") == "api");
  CHECK(folder_of("cmd/lastgood-controller/main.cpp") == "cmd");
  CHECK(folder_of("controller/elsewhere/a.cpp").empty());
  CHECK(folder_of("tests/unit/a.cpp").empty());
}

TEST_CASE("Every file of the controller keeps to the arrows of the house") {
  const std::filesystem::path root = LASTGOOD_SOURCE_DIR;
  std::size_t read = 0;
  for (const char* top : {"controller", "cmd"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / top)) {
      if (!entry.is_regular_file() || !is_source(entry.path())) continue;
      ++read;
      const std::string path = std::filesystem::relative(entry.path(), root).generic_string();
      for (const std::string& complaint : wrong_arrows(path, text_of(entry.path()))) FAIL_CHECK(complaint);
    }
  }
  CHECK(read > 20);
}
