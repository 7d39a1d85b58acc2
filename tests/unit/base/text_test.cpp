// Text from outside is bounded, made valid UTF-8, and kept on one line. Similar names are found.
#include "base/text.hpp"

#include <array>
#include <catch2/catch.hpp>

using namespace lastgood;
using namespace std::string_literals;

TEST_CASE("cuts a long text at a character boundary and appends three dots if they fit") {
  CHECK(clip("short", 8) == "short");
  CHECK(clip("exactly8", 8) == "exactly8");
  CHECK(clip("more than 8", 8) == "more ...");
  CHECK(clip("\u00e4\u00e4\u00e4\u00e4", 7) == "\u00e4\u00e4...");
  CHECK(clip("abc", 2) == "");
  CHECK(clip("", 0) == "");
}

TEST_CASE("replaces bytes that are not valid UTF-8") {
  CHECK(clip("a\xff"s + "b", 10) == "a?b");
  CHECK(clip("\xc0\x80", 10) == "??");            // overlong encoding of U+0000
  CHECK(clip("\xed\xa0\x80", 10) == "???");       // half of a surrogate pair
  CHECK(clip("\xf5\x80\x80\x80", 10) == "????");  // beyond U+10FFFF
  CHECK(clip("\xe2\x82", 10) == "??");            // incomplete
  CHECK(clip("\xe2\x82\xac \xf0\x9f\x8d\x8f", 10) == "\xe2\x82\xac \xf0\x9f\x8d\x8f");
}

TEST_CASE("quotes and escapes a text so that it stays on one line") {
  CHECK(in_quotes("abc") == R"("abc")");
  CHECK(in_quotes("a\"b\\c\nd\te\x01") == R"("a\"b\\c\nd\te\x01")");
  CHECK(in_quotes(std::string(100, 'x'), 8) == R"("xxxxx...")");
}

TEST_CASE("escapes every byte that JSON requires to be escaped") {
  CHECK(json_escaped("a\"b\\c\nd\re\tf") == R"(a\"b\\c\nd\re\tf)");
  CHECK(json_escaped("\x01\x1f\x7f") == "\\u0001\\u001f\\u007f");
  CHECK(json_escaped("a\xff"s + "b") == "a\\ufffdb");
  CHECK(json_escaped("\xe2\x82\xac"s) == "\xe2\x82\xac");
  CHECK(json_escaped("a\0b"s) == "a\\u0000b");
}

TEST_CASE("removes the blanks around a text") {
  CHECK(trimmed("  a b\n") == "a b");
  CHECK(trimmed(" \t\n") == "");
  CHECK(trimmed("") == "");
}

TEST_CASE("changes only ASCII capitals to lower case") {
  CHECK(lowered("HTTP://Web-1") == "http://web-1");
  CHECK(lowered("\u00c4@[`{") == "\u00c4@[`{");
}

TEST_CASE("replaces control characters so that a text stays on one line") {
  CHECK(on_one_line("a\r\nb\tc\x7F\x1f"s, ' ') == "a  b c  ");
  CHECK(on_one_line("a\0b"s, '?') == "a?b");
  CHECK(on_one_line("\u00e4 ~", '?') == "\u00e4 ~");
}

TEST_CASE("counts insertions, deletions, replacements and swaps as edit distance") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("policy", "policy") == 0);
  CHECK(edit_distance("polciy", "policy") == 1);
  CHECK(edit_distance("plicy", "policy") == 1);
  CHECK(edit_distance("polity", "policy") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
  // Only the first 128 bytes are compared.
  CHECK(edit_distance(std::string(1000, 'a'), std::string(1000, 'b')) == 128);
}

TEST_CASE("finds the nearest name, or the first of several that are equally near") {
  constexpr std::array<std::string_view, 3> names = {"web", "wob", "shop"};
  CHECK(nearest("wub", names)->name == "web");
  CHECK(nearest("shops", names)->name == "shop");
  CHECK(nearest("shops", names)->distance == 1);
  CHECK_FALSE(nearest("web", {}));
}
