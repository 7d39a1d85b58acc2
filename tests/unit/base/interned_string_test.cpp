#include "base/interned_string.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace lastgood::test {

TEST_CASE("equal InternedStrings share one object") {
  const InternedString first(std::string("a name that does not fit into a short string"));
  const InternedString second("a name that does not fit into a short string");
  CHECK(&first.str() == &second.str());
  CHECK(first == second);
  CHECK(first != InternedString("another name"));
}

TEST_CASE("forgets an interned text when its last owner is gone") {
  const std::size_t before = InternedString::count();
  {
    const InternedString text("only here");
    const InternedString copy = text;
    CHECK(InternedString::count() == before + 1);
    InternedString changed = copy;
    changed = "only here, and changed";
    CHECK(InternedString::count() == before + 2);
    const InternedString moved = std::move(changed);
    CHECK(moved == "only here, and changed");
    CHECK(InternedString::count() == before + 2);
  }
  CHECK(InternedString::count() == before);
}

TEST_CASE("keeps the text when it is assigned to itself") {
  InternedString text("itself");
  const InternedString& same = text;
  text = same;
  CHECK(text == "itself");
  text += " twice";
  CHECK(text == "itself twice");
}

TEST_CASE("an empty InternedString needs no object") {
  const std::size_t before = InternedString::count();
  const InternedString empty;
  const InternedString from_text("");
  CHECK(empty == from_text);
  CHECK(empty.empty());
  CHECK(empty.str().empty());
  CHECK(InternedString::count() == before);
}

TEST_CASE("sorts InternedStrings by their text") {
  std::vector<InternedString> names{"web", "api", "", "web-2"};
  std::ranges::sort(names);
  CHECK(names == std::vector<InternedString>{"", "api", "web", "web-2"});
  CHECK(InternedString("api") < std::string("web"));
  const std::map<InternedString, int, std::less<>> numbers{{"one", 1}, {"two", 2}};
  CHECK(numbers.contains(std::string_view("two")));
  CHECK_FALSE(numbers.contains("three"));
}

TEST_CASE("keeps thousands of texts apart, also when the table grows") {
  std::vector<InternedString> texts;
  for (int i = 0; i < 10'000; ++i) texts.emplace_back(fmt::format("text {}", i));
  for (int i = 0; i < 10'000; ++i)
    REQUIRE(texts[static_cast<std::size_t>(i)] == fmt::format("text {}", i));
  CHECK(&texts[7'000].str() == &InternedString("text 7000").str());
}

TEST_CASE("joins and formats InternedStrings like strings") {
  const InternedString name("web");
  CHECK("shop/" + name == "shop/web");
  CHECK(name + "-1" == "web-1");
  CHECK(fmt::format("{:>5}", name) == "  web");
}

}  // namespace lastgood::test
