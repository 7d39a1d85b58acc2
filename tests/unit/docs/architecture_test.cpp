// docs/architecture.md, controller/README.md and tests/README.md name files and functions that
// exist.
#include <catch2/catch.hpp>
#include <filesystem>

#include "code_references.hpp"
#include "reference.hpp"
#include "source_path.hpp"
#include "unit/codec/schema.hpp"

using namespace lastgood;
using code_references::FunctionReference;

namespace {

constexpr const char* architecture = "docs/architecture.md";
constexpr const char* controller_map = "controller/README.md";
constexpr const char* tests_page = "tests/README.md";
constexpr const char* breach_heading = "## One breach, step by step";

bool exists(const std::string& file) {
  return std::filesystem::exists(test::source_path(code_references::path_of(file)));
}

void check_functions(const std::string& page) {
  for (const FunctionReference& reference : code_references::functions_in(page)) {
    INFO(reference.file << " does not define " << reference.function);
    CHECK(exists(reference.file));
    if (!exists(reference.file)) continue;
    const std::string text = schema::text_file(code_references::path_of(reference.file));
    const bool is_declared = code_references::declares(text, reference);
    CHECK(is_declared);
  }
}

void check_files(const std::string& page) {
  for (const std::string& file : code_references::files_in(page)) {
    INFO(file << " does not exist");
    CHECK(exists(file));
  }
}

}  // namespace

TEST_CASE("Each function that the architecture page or controller/README.md names exists") {
  check_functions(schema::text_file(architecture));
  check_functions(schema::text_file(controller_map));
}

TEST_CASE(
    "Each file that docs/architecture.md, controller/README.md or tests/README.md names exists") {
  // Many files are found, so the checks below are not empty.
  CHECK(code_references::files_in(schema::text_file(controller_map)).size() > 20);
  check_files(schema::text_file(architecture));
  check_files(schema::text_file(controller_map));
  check_files(schema::text_file(tests_page));
}

TEST_CASE("The architecture page follows a breach in 11 to 19 steps of one function each") {
  const auto steps = code_references::numbered_items(
      reference::section(schema::text_file(architecture), breach_heading));
  CHECK(steps.size() > 10);
  CHECK(steps.size() < 20);
  for (const std::string& step : steps) {
    INFO(step);
    CHECK(code_references::functions_in(step).size() == 1);
  }
}

TEST_CASE("The table of folders in controller/README.md has exactly the folders of controller/") {
  reference::Names folders;
  for (const auto& entry : std::filesystem::directory_iterator(test::source_path("controller"))) {
    if (entry.is_directory()) folders.insert(entry.path().filename().string() + "/");
  }
  CHECK(reference::rows_of(schema::text_file(controller_map), "## Folders") == folders);
}

TEST_CASE("functions_in finds each FILE:FUNCTION in backticks") {
  CHECK(code_references::functions_in("a `net/x.cpp:X::go`, `y.hpp:run` and `guard/z.cpp`; "
                                      "not a/b.cpp:f or `b.md:f` or `c.cpp:12`") ==
        std::vector<FunctionReference>{{.file = "net/x.cpp", .function = "X::go"},
                                       {.file = "y.hpp", .function = "run"}});
}

TEST_CASE("files_in finds each FILE in backticks that is in a folder") {
  CHECK(code_references::files_in("`guard/z.cpp`, `cmd/a-b/m.hpp`; not `z.cpp`, `a/b.md`, "
                                  "`net/x.cpp:f` or guard/y.cpp") ==
        std::vector<std::string>{"guard/z.cpp", "cmd/a-b/m.hpp"});
}

TEST_CASE("path_of puts controller/ before a path that does not begin at the root") {
  CHECK(code_references::path_of("guard/z.cpp") == "controller/guard/z.cpp");
  CHECK(code_references::path_of("controller/guard/z.cpp") == "controller/guard/z.cpp");
  CHECK(code_references::path_of("cmd/c/m.cpp") == "cmd/c/m.cpp");
  CHECK(code_references::path_of("tests/unit/x.cpp") == "tests/unit/x.cpp");
}

TEST_CASE("declares is true if the file defines or declares the function") {
  struct Row {
    const char* file;
    const char* function;
    const char* text;
    bool expected;
  };
  const Row row = GENERATE(values<Row>({
      {"a.cpp", "decide", "Plan decide(const Inputs& inputs) {\n", true},
      {"a.cpp", "decide", "  return decide(inputs);\n", false},
      {"a.cpp", "decide", "// decide() is pure\n", false},
      {"a.cpp", "decide", "Plan redecide(int x) {\n", false},
      {"a.cpp", "decide", "Plan Guard::decide(int x) {\n", false},
      {"a.cpp", "decide", "Plan decided(int x) {\n", false},
      {"a.cpp", "Guard::decide", "Plan Guard::decide(int x) {\n", true},
      {"a.cpp", "Guard::decide", "Plan decide(int x) {\n", false},
      {"a.hpp", "decide", "[[nodiscard]] Plan decide(int x);\n", true},
      {"a.hpp", "decide", "class Guard {\n  Plan decide(int x);\n};\n", false},
      {"a.hpp", "Guard::decide", "class Guard {\n  Plan decide(int x);\n};\n", true},
      {"a.hpp", "Guard::decide", "class Other {\n  Plan decide(int x);\n};\n", false},
      {"a.hpp", "Guard::decide", "class Guard {\n  // decide() is pure\n};\n", false},
  }));
  INFO(row.file << " " << row.function << "\n" << row.text);
  CHECK(code_references::declares(row.text, {.file = row.file, .function = row.function}) ==
        row.expected);
}

TEST_CASE("numbered_items finds the items of a list with their continuation lines") {
  CHECK(code_references::numbered_items("text\n1. one\n   more\n2. two\n\n### A heading\nno\n\n"
                                        "10. ten\n\n    still ten\nno\n") ==
        std::vector<std::string>{"1. one\n   more\n", "2. two\n\n", "10. ten\n\n    still ten\n"});
}
