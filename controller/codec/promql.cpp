#include "codec/promql.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "base/text.hpp"

namespace lastgood::codec {
namespace {

// In the order of QueryVariable.
constexpr std::array<std::string_view, 6> names = {"namespace",    "deployment", "pods",
                                                   "baselinePods", "revision",   "hash"};

std::string_view name_of(QueryVariable variable) {
  return names[static_cast<std::size_t>(variable)];
}

std::optional<QueryVariable> variable_named(std::string_view name) {
  const auto* const found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<QueryVariable>(found - names.begin());
}

bool is_list(QueryVariable variable) {
  return variable == QueryVariable::Pods || variable == QueryVariable::BaselinePods;
}

using Kind = PromqlTokenKind;

bool begins_name(char c) { return is_label_name_start(c) && c != '_'; }

struct StringLiteral {
  // The operator before the string, if the string is the value of a label matcher.
  std::optional<MatchOperator> matcher = {};
  char quote = '"';
  std::size_t begin = 0;  // position of the opening quote
  [[nodiscard]] bool is_regex() const { return matcher && codec::is_regex(*matcher); }
};

// A part of the query: a variable in a string, or the text between two variables.
struct Piece {
  std::string_view text = {};
  std::optional<QueryVariable> variable = {};
  StringLiteral literal = {};     // the string that has the variable
  bool is_whole_literal = false;  // the variable is the whole content of the string
};

// Follows a regular expression up to the position of a variable.
class RegexState {
 public:
  // `c`: the next character, after PromQL's own escape sequences are replaced.
  void read(char c) {
    if (after_backslash_) {
      after_backslash_ = false;
    } else if (c == '\\') {
      after_backslash_ = true;
    } else if (c == '[') {
      in_class_ = true;
    } else if (c == ']') {
      in_class_ = false;
    }
  }
  [[nodiscard]] bool after_backslash() const { return after_backslash_; }
  [[nodiscard]] bool in_class() const { return in_class_; }

 private:
  bool after_backslash_ = false;
  bool in_class_ = false;
};

class QueryParser {
 public:
  QueryParser(std::string_view query, std::span<const PromqlToken> tokens)
      : query_(query), tokens_(tokens) {}

  Result<std::vector<Piece>> parse() {
    for (std::size_t i = 0; i < tokens_.size() && !error_; ++i) read_token(i);
    if (error_) return std::unexpected(*error_);
    add_text(query_.size());
    return std::move(pieces_);
  }

 private:
  void read_token(std::size_t index) {
    const PromqlToken& token = tokens_[index];
    at_ = token.begin;
    if (token.kind == Kind::String && token.text.starts_with('`')) {
      read_raw_string(token.end());
    } else if (token.kind == Kind::String) {
      read_string({.matcher = matcher_before(index), .quote = token.text.front(), .begin = at_},
                  token.end() - 1);
    } else if (token.text == "$") {
      check_no_variable("is outside of a string");
    }
  }

  // The operator, if a label and an operator of a matcher are before the token: `label =~ "..."`.
  [[nodiscard]] std::optional<MatchOperator> matcher_before(std::size_t index) const {
    if (index < 2) return std::nullopt;
    const Kind label = tokens_[index - 2].kind;
    if (label != Kind::Identifier && label != Kind::String) return std::nullopt;
    return match_operator(tokens_[index - 1]);
  }

  void read_raw_string(std::size_t end) {
    for (; at_ < end; ++at_) {
      if (query_[at_] == '$') check_no_variable("is in a `...` string; use \"...\"");
    }
  }

  // `end`: the position of the closing quote.
  void read_string(const StringLiteral& literal, std::size_t end) {
    RegexState regex;
    ++at_;
    while (at_ < end && !error_) {
      const char c = query_[at_];
      if (c == '\\') {
        read_escape_sequence(regex);
      } else if (c == '$') {
        read_dollar(literal, regex);
      } else {
        regex.read(c);
        ++at_;
      }
    }
  }

  void read_escape_sequence(RegexState& regex) {
    const char next = query_[at_ + 1];
    if (next == '$')
      set_error(at_, "\"\\$\" is not an escape sequence of PromQL; write \\x24 for a \"$\"");
    regex.read(next);
    at_ += 2;
  }

  void read_dollar(const StringLiteral& literal, RegexState& regex) {
    const std::string_view name = name_after_dollar();
    if (name.empty()) {
      check_no_braces();
      regex.read('$');
      ++at_;
      return;
    }
    const auto variable = known_variable(name);
    if (!variable) return;
    if (!literal.matcher) {
      set_variable_error(name, "is not in the value of a label matcher, such as {pod=~\"$pods\"}");
    } else if (is_list(*variable) && !literal.is_regex()) {
      set_variable_error(name, "is a list of pods; use it with =~ or !~");
    } else if (literal.is_regex() && regex.after_backslash()) {
      set_variable_error(name, "follows a backslash, which would change its value");
    } else if (literal.is_regex() && regex.in_class()) {
      set_variable_error(name, "is in [...], which would match a single character of its value");
    }
    add_variable(*variable, literal);
  }

  void add_variable(QueryVariable variable, const StringLiteral& literal) {
    add_text(at_);
    const std::size_t end = at_ + 1 + name_of(variable).size();
    pieces_.push_back({.text = query_.substr(at_, end - at_),
                       .variable = variable,
                       .literal = literal,
                       .is_whole_literal = at_ == literal.begin + 1 &&
                                           query_.substr(end).starts_with(literal.quote)});
    at_ = end;
    text_begin_ = end;
  }

  void add_text(std::size_t end) {
    if (end > text_begin_)
      pieces_.push_back({.text = query_.substr(text_begin_, end - text_begin_)});
  }

  // Empty if no letter follows the "$".
  [[nodiscard]] std::string_view name_after_dollar() const {
    const std::string_view rest = query_.substr(at_ + 1);
    if (rest.empty() || !begins_name(rest.front())) return {};
    const auto* const end = std::ranges::find_if_not(rest, is_label_name_part);
    return rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
  }

  std::optional<QueryVariable> known_variable(std::string_view name) {
    const auto variable = variable_named(name);
    if (!variable) {
      set_variable_error(name, fmt::format("is not a variable; the nearest variable is ${}. Write "
                                           "\\x24 for a \"$\" before a letter",
                                           nearest(name, names)->name));
    }
    return variable;
  }

  void check_no_variable(std::string_view predicate) {
    const std::string_view name = name_after_dollar();
    if (!name.empty() && known_variable(name)) set_variable_error(name, predicate);
  }

  void check_no_braces() {
    const std::string_view rest = query_.substr(at_);
    if (!rest.starts_with("${")) return;
    const std::string_view name = rest.substr(2, rest.substr(2).find('}'));
    if (variable_named(name))
      set_error(at_, fmt::format("\"${{{0}}}\" is not a variable; write ${0}", name));
  }

  void set_variable_error(std::string_view name, std::string_view predicate) {
    set_error(at_, fmt::format("{} {}", in_quotes(fmt::format("${}", name)), predicate));
  }

  // Only the first error counts.
  void set_error(std::size_t position, std::string_view text) {
    if (!error_) error_ = promql_error(position, text);
  }

  std::string_view query_;
  std::span<const PromqlToken> tokens_;
  std::size_t at_ = 0;
  std::size_t text_begin_ = 0;  // the text since here is not in pieces_ yet
  std::vector<Piece> pieces_;
  std::optional<Error> error_;
};

Result<std::vector<Piece>> pieces_of(std::string_view query) {
  if (query.size() > max_query_size) {
    return fail(ErrorKind::BadInput,
                fmt::format("has {} bytes, at most {} are allowed", query.size(), max_query_size));
  }
  if (trimmed(query).empty()) return fail(ErrorKind::BadInput, "is empty");
  const auto tokens = promql_tokens(query);
  if (!tokens) return std::unexpected(tokens.error());
  return QueryParser(query, *tokens).parse();
}

std::string string_escaped(std::string_view text, char quote) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == quote) out += '\\';
    out += c == '\n' ? "\\n" : std::string(1, c);
  }
  return out;
}

std::span<const std::string> values_of(const QueryVariables& variables, QueryVariable variable) {
  switch (variable) {
    case QueryVariable::Namespace: return {&variables.namespace_, 1};
    case QueryVariable::Deployment: return {&variables.deployment, 1};
    case QueryVariable::Pods: return variables.pods;
    case QueryVariable::BaselinePods: return variables.baseline_pods;
    case QueryVariable::Revision: return {&variables.revision, 1};
    case QueryVariable::Hash: return {&variables.hash, 1};
  }
  return {};
}

std::unexpected<Error> too_large() {
  return fail(ErrorKind::TooLarge,
              fmt::format("the query with its values has more than {} bytes; select fewer pods, or "
                          "use $hash",
                          max_bound_query_size));
}

// The text that replaces the variable.
Result<std::string> bound_text(const Piece& piece, const QueryVariables& variables) {
  const bool is_of_replica_set = !variables.replica_set.empty() && is_list(*piece.variable);
  if (is_of_replica_set) {
    const std::string pattern = pod_name_pattern(variables.replica_set);
    return string_escaped(piece.is_whole_literal ? pattern : fmt::format("(?:{})", pattern),
                          piece.literal.quote);
  }
  const auto values = values_of(variables, *piece.variable);
  const auto is_empty = [](const std::string& value) { return value.empty(); };
  if (values.empty() || std::ranges::any_of(values, is_empty)) {
    return fail(ErrorKind::NotFound, fmt::format("{} has no value", piece.text));
  }
  if (!piece.literal.is_regex()) return string_escaped(values.front(), piece.literal.quote);
  std::string regex;
  for (const std::string& value : values) {
    if (!regex.empty()) regex += '|';
    regex += regex_escaped(value);
    if (regex.size() > max_bound_query_size) return too_large();
  }
  if (!piece.is_whole_literal) regex = fmt::format("(?:{})", regex);
  return string_escaped(regex, piece.literal.quote);
}

}  // namespace

std::string string_literal(std::string_view text) { return '"' + string_escaped(text, '"') + '"'; }

std::string regex_escaped(std::string_view text) {
  constexpr std::string_view special = R"(\.+*?()|[]{}^$)";
  std::string out;
  for (const char c : text) {
    if (special.contains(c)) out += '\\';
    out += c;
  }
  return out;
}

// Kubernetes makes the name of a pod from the name of the ReplicaSet and "-", which are cut to 58
// bytes together, and 5 letters or digits. So the "-" is missing after a long name.
std::string pod_name_pattern(const std::string& replica_set) {
  constexpr std::size_t max_base_size = 58;
  return regex_escaped((replica_set + "-").substr(0, max_base_size)) + "[a-z0-9]{5}";
}

bool distinguishes_revisions(const QueryUse& use) {
  return use.variables.contains(QueryVariable::Pods) ||
         use.variables.contains(QueryVariable::Revision) ||
         use.variables.contains(QueryVariable::Hash);
}

bool is_variable(std::string_view text) {
  if (!text.starts_with('$')) return false;
  const std::string_view rest = text.substr(1);
  const auto* const end = std::ranges::find_if_not(rest, is_label_name_part);
  return variable_named(rest.substr(0, static_cast<std::size_t>(end - rest.begin()))).has_value();
}

Result<QueryUse> validate_query(std::string_view query) {
  const auto pieces = pieces_of(query);
  if (!pieces) return std::unexpected(pieces.error());
  QueryUse use;
  for (const Piece& piece : *pieces)
    if (piece.variable) use.variables.insert(*piece.variable);
  return use;
}

Result<BoundQuery> bind_query(std::string_view query, const QueryVariables& variables) {
  const auto pieces = pieces_of(query);
  if (!pieces) return std::unexpected(pieces.error());
  BoundQuery out;
  for (const Piece& piece : *pieces) {
    if (!piece.variable) {
      out.value += piece.text;
    } else {
      const auto text = bound_text(piece, variables);
      if (!text) return std::unexpected(text.error());
      out.value += *text;
    }
    if (out.value.size() > max_bound_query_size) return too_large();
  }
  return out;
}

}  // namespace lastgood::codec
