#include "links.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "source_path.hpp"
#include "unit/codec/schema.hpp"

using namespace lastgood;
namespace fs = std::filesystem;

namespace {

const fs::path root = lastgood::test::source_path("");

std::vector<fs::path> pages() {
  std::vector<fs::path> found;
  for (const char* folder : {".", "docs", "docs/adr", "controller", "tests", "tests/app",
                             "tests/e2e", "tests/e2e/scenarios"}) {
    for (const auto& entry : fs::directory_iterator(root / folder)) {
      if (entry.path().extension() == ".md") found.push_back(entry.path());
    }
  }
  return found;
}

std::string text_of(const fs::path& page) {
  return schema::text_file(fs::relative(page, root).generic_string());
}

void check_links(const fs::path& page) {
  for (const links::Link& link : links::links_of(text_of(page))) {
    INFO(page << " links to " << link.file << "#" << link.anchor);
    const fs::path file = link.file.empty() ? page : page.parent_path() / link.file;
    CHECK(fs::exists(file));
    if (fs::exists(file) && !link.anchor.empty())
      CHECK(links::anchors_of(text_of(file)).contains(link.anchor));
  }
}

}  // namespace

TEST_CASE("Each link between the Markdown pages leads to a file and a heading that exist") {
  const auto all = pages();
  CHECK(all.size() > 5);
  for (const fs::path& page : all) check_links(page);
}

TEST_CASE("links_of finds relative links with and without an anchor") {
  using links::Link;
  CHECK(links::links_of("[a](b.md) [c](d.md#e-f) [g](#h) [i](https://j.example/k#l)") ==
        std::vector<Link>{{.file = "b.md", .anchor = ""},
                          {.file = "d.md", .anchor = "e-f"},
                          {.file = "", .anchor = "h"}});
}

TEST_CASE("anchors_of makes the anchors of headings and skips code blocks") {
  CHECK(links::anchors_of("# A b\n```\n# not a heading\n```\n## `C`: d, e-f\ntext # no\n") ==
        std::set<std::string>{"a-b", "c-d-e-f"});
}
