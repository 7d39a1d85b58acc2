// Properties of bind_query() for arbitrary values. The strings of the bound query are read as
// util/strutil/quote.go of Prometheus reads them.
#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <ostream>

#include "codec/promql.hpp"

namespace lastgood::codec::test {
namespace {

struct SplitQuery {
  std::string outside;               // the text outside of strings, with "" for each string
  std::vector<std::string> strings;  // the values of the strings
};

// Throws if a string has no end or an escape sequence that the test does not use.
SplitQuery split(std::string_view query) {
  SplitQuery out;
  for (std::size_t i = 0; i < query.size(); ++i) {
    const char quote = query[i];
    out.outside += quote;
    if (quote == '#') {
      out.outside += query.substr(i + 1);
      return out;
    }
    if (quote != '"' && quote != '\'') continue;
    std::string value;
    for (++i; query.at(i) != quote; ++i) {
      if (query[i] == '\n') throw std::runtime_error("a line break in a string");
      if (query[i] != '\\') {
        value += query[i];
        continue;
      }
      const char escaped = query.at(++i);
      if (escaped != '\\' && escaped != quote && escaped != 'n')
        throw std::runtime_error("an unknown escape sequence");
      value += escaped == 'n' ? '\n' : escaped;
    }
    out.outside += quote;
    out.strings.push_back(std::move(value));
  }
  return out;
}

// The alternatives of a regular expression that matches only a list of texts.
std::vector<std::string> alternatives(std::string_view regex) {
  std::vector<std::string> out(1);
  for (std::size_t i = 0; i < regex.size(); ++i) {
    if (regex[i] == '|') {
      out.emplace_back();
    } else if (std::string_view(".+*?()[]{}^$").contains(regex[i])) {
      throw std::runtime_error("an operator of a regular expression");
    } else {
      out.back() += regex[i] == '\\' ? regex.substr(++i, 1) : regex.substr(i, 1);
    }
  }
  return out;
}

// A mix of characters with a meaning in PromQL or in regular expressions, of any bytes, and of
// texts such as the names of variables.
std::string random_value() {
  static const std::string special = "\"'`\\\n\r{}$#|.*+?()[]^-=~!,;/%:<> ";
  static const std::vector<std::string> words{"$pods", "$hash", "\"} or vector(1) #", "\\E",
                                              "\\n",   "(?i)",  "${namespace}"};
  const auto piece = rc::gen::oneOf(
      rc::gen::map(rc::gen::elementOf(special), [](char c) { return std::string(1, c); }),
      rc::gen::map(rc::gen::arbitrary<char>(), [](char c) { return std::string(1, c); }),
      rc::gen::elementOf(words));
  std::string out = *piece;
  for (const std::string& more : *rc::gen::container<std::vector<std::string>>(piece)) out += more;
  return out;
}

std::vector<std::string> random_values() {
  std::vector<std::string> out{random_value()};
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) out.push_back(random_value());
  return out;
}

}  // namespace

TEST_CASE("bind_query writes strings from which PromQL reads the same values") {
  CHECK(rc::check([] {
    const QueryVariables values{.namespace_ = random_value(),
                                .deployment = random_value(),
                                .revision = random_value(),
                                .hash = random_value()};
    const auto bound = bind_query(
        R"(sum(up{a="$namespace",b!='$deployment',c="x$hash-$revision.",d=""}) > 1 # $hash ")",
        values);
    RC_ASSERT(bound);
    const SplitQuery found = split(bound->value);
    RC_ASSERT(found.outside == R"(sum(up{a="",b!='',c="",d=""}) > 1 # $hash ")");
    const std::string mixed = "x" + values.hash + "-" + values.revision + ".";
    RC_ASSERT(found.strings ==
              (std::vector<std::string>{values.namespace_, values.deployment, mixed, ""}));
  }));
}

TEST_CASE("bind_query writes regular expressions that match exactly the values") {
  CHECK(rc::check([] {
    const QueryVariables values{.deployment = random_value(),
                                .pods = random_values(),
                                .baseline_pods = random_values(),
                                .hash = random_value()};
    const auto bound = bind_query(
        R"(up{a=~"$pods",b!~'$baselinePods',c=~"$hash",d=~"$deployment-[a-z]+"})", values);
    RC_ASSERT(bound);
    const SplitQuery found = split(bound->value);
    RC_ASSERT(found.outside == R"(up{a=~"",b!~'',c=~"",d=~""})");
    RC_ASSERT(found.strings.size() == std::size_t{4});
    RC_ASSERT(alternatives(found.strings[0]) == values.pods);
    RC_ASSERT(alternatives(found.strings[1]) == values.baseline_pods);
    RC_ASSERT(alternatives(found.strings[2]) == std::vector{values.hash});
    std::string_view mixed = found.strings[3];
    RC_ASSERT(mixed.starts_with("(?:"));
    RC_ASSERT(mixed.ends_with(")-[a-z]+"));
    mixed = mixed.substr(3, mixed.size() - std::string_view("(?:)-[a-z]+").size());
    RC_ASSERT(alternatives(mixed) == std::vector{values.deployment});
  }));
}

TEST_CASE("bind_query never changes a query without variables") {
  CHECK(rc::check([] {
    std::string query = "up";
    for (const std::string& more :
         *rc::gen::container<std::vector<std::string>>(rc::gen::exec(random_value)))
      query += more;
    const auto use = validate_query(query);
    const auto bound = bind_query(query, {});
    RC_ASSERT(use.has_value() == bound.has_value() || !use->variables.empty());
    RC_ASSERT(!bound || bound->value == query);
  }));
}

}  // namespace lastgood::codec::test
