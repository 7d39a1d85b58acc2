#include "codec/promql_tokens.hpp"

#include <fmt/format.h>
#include <rapidcheck.h>

#include <catch2/catch.hpp>

namespace lastgood::codec::test {
namespace {

using Kind = PromqlTokenKind;

// One letter for each kind.
char letter_of(Kind kind) {
  switch (kind) {
    case Kind::Identifier: return 'i';
    case Kind::String: return 's';
    case Kind::Number: return 'n';
    case Kind::Duration: return 'd';
    case Kind::Operator: return 'o';
    case Kind::Comma: return ',';
    case Kind::Colon: return ':';
    case Kind::OpenParenthesis: return '(';
    case Kind::CloseParenthesis: return ')';
    case Kind::OpenBrace: return '{';
    case Kind::CloseBrace: return '}';
    case Kind::OpenBracket: return '[';
    case Kind::CloseBracket: return ']';
    case Kind::Other: return '?';
  }
  return ' ';
}

// "i.x o.> n.1": the kind and the text of each token, or the message of the error. A bracket, comma
// or colon is shown alone.
std::string shown(std::string_view text) {
  const auto tokens = promql_tokens(text);
  if (!tokens) return "error: " + tokens.error().message;
  std::string out;
  for (const PromqlToken& token : *tokens) {
    const char letter = letter_of(token.kind);
    out += out.empty() ? "" : " ";
    out += token.text == std::string(1, letter) && letter != 'i'
               ? std::string(token.text)
               : fmt::format("{}.{}", letter, token.text);
  }
  return out;
}

// Blanks and comments: the text that may be between two tokens.
bool is_skipped(std::string_view text) {
  bool in_comment = false;
  for (const char c : text) {
    if (c == '\n' || c == '\r') {
      in_comment = false;
    } else if (c == '#') {
      in_comment = true;
    } else if (!in_comment && c != ' ' && c != '\t') {
      return false;
    }
  }
  return true;
}

// Parts of PromQL in any order, valid or not, and any byte.
std::string random_text() {
  static const std::vector<std::string> parts{
      "up",   "a:b:c", "by",   "{",    "}",   "(",  ")",  "[",   "]",  "5m",   "1h30m", "1e-3",
      "0x1F", ".5",    ".",    "=",    "==",  "=~", "!~", "!=",  "!",  "<=",   ">",     "\"x\"",
      "'y'",  "`z\\`", "\"\\", "# c ", "#\r", "\n", " ",  "\t ", "$a", "\xff", ",",     ":"};
  const auto part = rc::gen::oneOf(
      rc::gen::elementOf(parts),
      rc::gen::map(rc::gen::arbitrary<char>(), [](char c) { return std::string(1, c); }));
  std::string out;
  for (const std::string& one : *rc::gen::container<std::vector<std::string>>(part)) out += one;
  return out;
}

}  // namespace

TEST_CASE("promql_tokens splits a text into tokens of each kind") {
  struct Row {
    const char* text;
    const char* tokens;
  };
  const Row row = GENERATE(values<Row>({
      {"", ""},
      {" \t\r\n", ""},
      {"# only a comment", ""},
      {"up", "i.up"},
      {"_a1 job:errors:rate5m :x", "i._a1 i.job:errors:rate5m i.:x"},
      {"up # up down\rand # x\n y", "i.up i.and i.y"},
      // Strings. A "#" in a string is no comment, and a quote in a comment is no string.
      {R"("a" 'b' `c`)", R"(s."a" s.'b' s.`c`)"},
      {R"("a\"b" 'c\'d' "\\")", R"(s."a\"b" s.'c\'d' s."\\")"},
      {R"(`a\` "'" '"' "`")", R"(s.`a\` s."'" s.'"' s."`")"},
      {"`a\nb` \"# c\" # \"", "s.`a\nb` s.\"# c\""},
      {R"("" '' ``)", R"(s."" s.'' s.``)"},
      // Numbers and durations.
      {"0 0.5 .5 5. 1e3 1E3", "n.0 n.0.5 n..5 n.5. n.1e3 n.1E3"},
      {"1e-3 1e+3 1e -3 1e-x", "n.1e-3 n.1e+3 n.1e o.- n.3 n.1e o.- i.x"},
      {"0x1F 0x1e-3 0x1p-3 1_000", "n.0x1F n.0x1e o.- n.3 n.0x1p-3 n.1_000"},
      {"5m 1h30m 1y2w3d 500ms", "d.5m d.1h30m d.1y2w3d d.500ms"},
      {"5x 5m5 1.5h", "n.5x n.5m5 n.1.5h"},
      {"-5m -1", "o.- d.5m o.- n.1"},
      // Operators.
      {"a+b-c*d/e%f^g@h", "i.a o.+ i.b o.- i.c o.* i.d o./ i.e o.% i.f o.^ i.g o.@ i.h"},
      {"a==b!=c>=d<=e>f<g", "i.a o.== i.b o.!= i.c o.>= i.d o.<= i.e o.> i.f o.< i.g"},
      {"a> =b", "i.a o.> o.= i.b"},
      {"! !", "?.! ?.!"},
      // Braces and brackets.
      {R"({a="b",c!="d",e=~"f",g!~"h"})",
       R"({ i.a o.= s."b" , i.c o.!= s."d" , i.e o.=~ s."f" , i.g o.!~ s."h" })"},
      {R"({a=="b"} == c)", R"({ i.a o.= o.= s."b" } o.== i.c)"},
      {"{a:b} a:b", "{ i.a : i.b } i.a:b"},
      {"a[5m:1m] b[1h:] c:d", "i.a [ d.5m : d.1m ] i.b [ d.1h : ] i.c:d"},
      {"sum by (x) (y)", "i.sum i.by ( i.x ) ( i.y )"},
      // Bytes without a meaning.
      {"$a . & \xff", "?.$ i.a ?.. ?.& ?.\xff"},
  }));
  INFO(row.text);
  CHECK(shown(row.text) == row.tokens);
}

TEST_CASE("promql_tokens says where a string without an end begins") {
  const char* const text = GENERATE(as<const char*>(), "a{\"", "a{\"b}", "a{'b\\'}", "a{`b",
                                    "a{\"b\\", "a{\"b\n\"}", "a{'\n'");
  INFO(text);
  const auto tokens = promql_tokens(text);
  REQUIRE_FALSE(tokens);
  CHECK(tokens.error().kind == ErrorKind::BadInput);
  CHECK(tokens.error().message == "at character 3: a string without an end begins");
}

TEST_CASE("promql_tokens limits the size of the text") {
  CHECK(promql_tokens(std::string(max_promql_size, '(')).value().size() == max_promql_size);
  const auto tokens = promql_tokens(std::string(max_promql_size + 1, '('));
  REQUIRE_FALSE(tokens);
  CHECK(tokens.error().kind == ErrorKind::BadInput);
  CHECK(tokens.error().message == "has 65537 bytes, at most 65536 are allowed");
}

TEST_CASE("promql_tokens leaves out only blanks and comments") {
  CHECK(rc::check([] {
    const std::string text = random_text();
    const auto tokens = promql_tokens(text);
    RC_PRE(tokens.has_value());
    std::string joined;
    for (const PromqlToken& token : *tokens) {
      RC_ASSERT(!token.text.empty());
      RC_ASSERT(token.begin >= joined.size());
      const std::string skipped = text.substr(joined.size(), token.begin - joined.size());
      RC_ASSERT(is_skipped(skipped));
      joined += skipped;
      joined += token.text;
    }
    RC_ASSERT(is_skipped(text.substr(joined.size())));
    RC_ASSERT(joined + text.substr(joined.size()) == text);
  }));
}

TEST_CASE("promql_tokens has an error only for a string without an end") {
  CHECK(rc::check([] {
    const std::string text = random_text();
    const auto tokens = promql_tokens(text);
    if (tokens) return;
    RC_ASSERT(tokens.error().message.ends_with("a string without an end begins"));
    RC_ASSERT(text.find_first_of("\"'`") != std::string::npos);
  }));
}

TEST_CASE("content is the text of a string without its quotes") {
  CHECK(promql_tokens(R"("a\"b")").value().at(0).content() == R"(a\"b)");
  CHECK(promql_tokens("``").value().at(0).content().empty());
}

TEST_CASE("match_operator reads the four operators of label matchers, and to_string writes them") {
  using enum MatchOperator;
  const auto read = [](std::string_view text) {
    return match_operator(promql_tokens(text).value().at(0));
  };
  for (const MatchOperator one : {Equal, NotEqual, Matches, NotMatches}) {
    CHECK(read(to_string(one)) == one);
    CHECK(is_regex(one) == to_string(one).contains('~'));
  }
  CHECK(to_string(Equal) == "=");
  CHECK(to_string(NotMatches) == "!~");
  for (const char* other : {"==", "<", "\"=\"", "a"}) CHECK_FALSE(read(other));
}

TEST_CASE("is_grouping_keyword and is_matching_keyword ignore the case") {
  for (const char* word : {"by", "BY", "without"}) CHECK(is_grouping_keyword(word));
  for (const char* word : {"on", "Ignoring", "group_left", "group_right"})
    CHECK(is_matching_keyword(word));
  for (const char* word : {"", "byte", "offset"}) {
    CHECK_FALSE(is_grouping_keyword(word));
    CHECK_FALSE(is_matching_keyword(word));
  }
}

}  // namespace lastgood::codec::test
