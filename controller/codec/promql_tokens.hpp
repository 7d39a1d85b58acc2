// The tokens of PromQL, for every reader of a query, an expression or a selector. The readers
// decide what a sequence of tokens means, and the server decides whether a query is valid.
//
//   sum by (pod) (rate(x{pod=~"$pods"}[5m])) > 0.1  # errors
//   sum | by | ( | pod | ) | ( | rate | ( | x | { | pod | =~ | "$pods" | } | [ | 5m | ] | ...
//
// Blanks and comments are between the tokens. A colon is a part of a name, but not in {...} and
// [...]: `job:errors:rate5m` is one token, and `[5m:1m]` has a Colon. In {...}, where an operator
// compares a label, `==` is two tokens, as for the server.
//
// Source: promql/parser/lex.go of Prometheus 2.42 and 3.16.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace lastgood::codec {

inline constexpr std::size_t max_promql_size = std::size_t{64} * 1024;  // bytes

enum class PromqlTokenKind : std::uint8_t {
  Identifier,        // of a metric, a label, a function or a keyword
  String,            // "a", 'a' or `a`, with its quotes
  Number,            // 0.1, 1e-3, 0x1F, and every other word that begins with a digit
  Duration,          // 5m, 1h30m
  OpenParenthesis,   // (
  CloseParenthesis,  // )
  OpenBrace,         // {
  CloseBrace,        // }
  OpenBracket,       // [
  CloseBracket,      // ]
  Comma,
  Colon,     // in [...], and in {...}, where it is an error
  Operator,  // + - * / % ^ @ = == != =~ !~ < <= > >=
  Other,     // one byte that has no meaning in PromQL, such as a "$"
};

struct PromqlToken {
  PromqlTokenKind kind = PromqlTokenKind::Other;
  std::string_view text = {};  // as written
  std::size_t begin = 0;       // of the text: the number of bytes before the token

  [[nodiscard]] std::size_t end() const { return begin + text.size(); }
  [[nodiscard]] bool is_operator(std::string_view spelling) const {
    return kind == PromqlTokenKind::Operator && text == spelling;
  }
  // Of a String: the text between the quotes, with its escape sequences as written.
  [[nodiscard]] std::string_view content() const { return text.substr(1, text.size() - 2); }

  bool operator==(const PromqlToken&) const = default;
};

// The tokens in the order of the text. They are views of the text. Errors, both BadInput:
//   - a text of more than max_promql_size bytes
//   - a string without an end, with the position of its quote. A string in "..." or '...' also has
//     no end if it has a line feed
[[nodiscard]] Result<std::vector<PromqlToken>> promql_tokens(std::string_view text);

// "at character 3: ...". `position`: the number of bytes before it.
[[nodiscard]] Error promql_error(std::size_t position, std::string_view problem);

// True for these words in upper or lower case. The caller must know that the position allows a
// keyword: a metric may be called `by` too.
[[nodiscard]] bool is_grouping_keyword(std::string_view word);  // by, without
[[nodiscard]] bool is_matching_keyword(std::string_view word);  // on, ignoring, group_left, ...

// The operator of a label matcher.
enum class MatchOperator : std::uint8_t { Equal, NotEqual, Matches, NotMatches };
// "=", "!=", "=~", "!~"
[[nodiscard]] std::string_view to_string(MatchOperator operation);
// Nothing if the token is another operator, or no operator.
[[nodiscard]] std::optional<MatchOperator> match_operator(const PromqlToken& token);
[[nodiscard]] bool is_regex(MatchOperator operation);

// Names of metrics may have letters, digits, "_" and ":", names of labels no ":". Neither begins
// with a digit. https://prometheus.io/docs/concepts/data_model/
[[nodiscard]] bool is_metric_name_start(char c);
[[nodiscard]] bool is_metric_name_part(char c);
[[nodiscard]] bool is_label_name_start(char c);
[[nodiscard]] bool is_label_name_part(char c);

}  // namespace lastgood::codec
