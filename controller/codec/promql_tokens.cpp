#include "codec/promql_tokens.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace lastgood::codec {
namespace {

using Kind = PromqlTokenKind;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_quote(char c) { return c == '"' || c == '\'' || c == '`'; }
// True for a character of a number or a duration.
bool is_number_part(char c) { return is_digit(c) || is_letter(c) || c == '_' || c == '.'; }

template <std::size_t size>
bool is_one_of(std::string_view word, const std::array<std::string_view, size>& words) {
  return std::ranges::find(words, lowered(word)) != words.end();
}

// How many characters at the beginning of the text satisfy the condition.
std::size_t length_while(std::string_view text, bool (*condition)(char)) {
  return static_cast<std::size_t>(std::ranges::find_if_not(text, condition) - text.begin());
}

// Numbers with units, such as 1h30m.
bool is_duration(std::string_view word) {
  constexpr std::array<std::string_view, 7> units = {"ms", "s", "m", "h", "d", "w", "y"};
  while (!word.empty()) {
    const std::size_t digits = length_while(word, is_digit);
    word.remove_prefix(digits);
    const std::size_t letters = length_while(word, is_letter);
    if (digits == 0 || std::ranges::find(units, word.substr(0, letters)) == units.end())
      return false;
    word.remove_prefix(letters);
  }
  return true;
}

// The length of the number or duration at the beginning of the text, with the sign of its exponent.
std::size_t number_length(std::string_view text) {
  const std::size_t size = length_while(text, is_number_part);
  const std::string word = lowered(text.substr(0, size));
  const char exponent = word.starts_with("0x") ? 'p' : 'e';
  const std::string_view rest = text.substr(size);
  const bool has_sign = rest.size() > 1 && (rest[0] == '+' || rest[0] == '-') && is_digit(rest[1]);
  if (!word.ends_with(exponent) || !has_sign) return size;
  return size + 1 + length_while(rest.substr(1), is_digit);
}

// The length of the string at the beginning of the text. Nothing if it has no end.
std::optional<std::size_t> string_length(std::string_view text) {
  const char quote = text.front();
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == quote) return i + 1;
    if (quote == '`') continue;
    if (text[i] == '\n') return std::nullopt;
    if (text[i] == '\\') ++i;
  }
  return std::nullopt;
}

Kind kind_of(char c) {
  switch (c) {
    case '(': return Kind::OpenParenthesis;
    case ')': return Kind::CloseParenthesis;
    case '{': return Kind::OpenBrace;
    case '}': return Kind::CloseBrace;
    case '[': return Kind::OpenBracket;
    case ']': return Kind::CloseBracket;
    case ',': return Kind::Comma;
    case ':': return Kind::Colon;
    default: return std::string_view("+-*/%^@=<>").contains(c) ? Kind::Operator : Kind::Other;
  }
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<PromqlToken>> run() {
    for (skip_blanks(); at_ < text_.size(); skip_blanks()) {
      if (is_quote(text_[at_])) {
        const auto length = string_length(text_.substr(at_));
        if (!length) return std::unexpected(promql_error(at_, "a string without an end begins"));
        add(Kind::String, *length);
      } else {
        read_token();
      }
    }
    return std::move(tokens_);
  }

 private:
  enum class Context : std::uint8_t { Expression, Braces, Brackets };

  void read_token() {
    const std::string_view rest = text_.substr(at_);
    const bool has_colons = context_ == Context::Expression;
    if (has_colons ? is_metric_name_start(rest[0]) : is_label_name_start(rest[0])) {
      add(Kind::Identifier,
          length_while(rest, has_colons ? is_metric_name_part : is_label_name_part));
    } else if (is_digit(rest[0]) || (rest[0] == '.' && rest.size() > 1 && is_digit(rest[1]))) {
      const std::size_t length = number_length(rest);
      add(is_duration(rest.substr(0, length)) ? Kind::Duration : Kind::Number, length);
    } else if (is_long_operator(rest.substr(0, 2))) {
      add(Kind::Operator, 2);
    } else {
      read_character(kind_of(rest[0]));
    }
  }

  [[nodiscard]] bool is_long_operator(std::string_view two) const {
    constexpr std::array<std::string_view, 5> operators = {"!=", "=~", "!~", "<=", ">="};
    if (two == "==") return context_ != Context::Braces;
    return std::ranges::find(operators, two) != operators.end();
  }

  void read_character(Kind kind) {
    if (kind == Kind::OpenBrace) {
      context_ = Context::Braces;
    } else if (kind == Kind::OpenBracket) {
      context_ = Context::Brackets;
    } else if (kind == Kind::CloseBrace || kind == Kind::CloseBracket) {
      context_ = Context::Expression;
    }
    add(kind, 1);
  }

  void add(Kind kind, std::size_t length) {
    tokens_.push_back({.kind = kind, .text = text_.substr(at_, length), .begin = at_});
    at_ += length;
  }

  // Blanks and comments.
  void skip_blanks() {
    while (at_ < text_.size() && (is_blank(text_[at_]) || text_[at_] == '#')) {
      at_ = text_[at_] == '#' ? std::min(text_.find_first_of("\r\n", at_), text_.size()) : at_ + 1;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Context context_ = Context::Expression;
  std::vector<PromqlToken> tokens_;
};

// In the order of MatchOperator.
constexpr std::array<std::string_view, 4> match_operators = {"=", "!=", "=~", "!~"};

}  // namespace

Result<std::vector<PromqlToken>> promql_tokens(std::string_view text) {
  if (text.size() > max_promql_size) {
    return fail(ErrorKind::BadInput,
                fmt::format("has {} bytes, at most {} are allowed", text.size(), max_promql_size));
  }
  return Lexer(text).run();
}

Error promql_error(std::size_t position, std::string_view problem) {
  return {.kind = ErrorKind::BadInput,
          .message = fmt::format("at character {}: {}", position + 1, problem)};
}

bool is_grouping_keyword(std::string_view word) {
  return is_one_of(word, std::array<std::string_view, 2>{"by", "without"});
}

bool is_matching_keyword(std::string_view word) {
  return is_one_of(word,
                   std::array<std::string_view, 4>{"on", "ignoring", "group_left", "group_right"});
}

std::string_view to_string(MatchOperator operation) {
  return match_operators[static_cast<std::size_t>(operation)];
}

std::optional<MatchOperator> match_operator(const PromqlToken& token) {
  const auto* const found = std::ranges::find(match_operators, token.text);
  if (token.kind != Kind::Operator || found == match_operators.end()) return std::nullopt;
  return static_cast<MatchOperator>(found - match_operators.begin());
}

bool is_regex(MatchOperator operation) {
  return operation == MatchOperator::Matches || operation == MatchOperator::NotMatches;
}

bool is_label_name_start(char c) { return is_letter(c) || c == '_'; }
bool is_label_name_part(char c) { return is_label_name_start(c) || is_digit(c); }
bool is_metric_name_start(char c) { return is_label_name_start(c) || c == ':'; }
bool is_metric_name_part(char c) { return is_label_name_part(c) || c == ':'; }

}  // namespace lastgood::codec
