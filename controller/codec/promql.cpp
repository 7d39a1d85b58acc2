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

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_name_character(char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// How the value of a label matcher is compared. None: the string is not such a value.
enum class Matcher : std::uint8_t { None, Equality, Regex };

struct StringLiteral {
  Matcher matcher = Matcher::None;
  char quote = '"';
  std::size_t begin = 0;  // of its opening quote
};

// Text of the query, or a variable in a string.
struct Piece {
  std::string_view text = {};
  std::optional<QueryVariable> variable = {};
  StringLiteral literal = {};
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
  explicit QueryParser(std::string_view query) : query_(query) {}

  Result<std::vector<Piece>> parse() {
    while (at_ < query_.size() && !error_) read_token();
    if (error_) return std::unexpected(*error_);
    add_text(query_.size());
    return std::move(pieces_);
  }

 private:
  void read_token() {
    const char c = query_[at_];
    if (c == '#') {
      at_ = std::min(query_.find_first_of("\r\n", at_), query_.size());
    } else if (c == '"' || c == '\'') {
      read_string(c);
    } else if (c == '`') {
      read_raw_string();
    } else if (c == '$') {
      check_no_variable("is outside of a string");
      matcher_ = Matcher::None;
      ++at_;
    } else if (is_blank(c)) {
      ++at_;
    } else {
      read_operator();
    }
  }

  void read_operator() {
    const std::string_view two = query_.substr(at_, 2);
    const bool is_regex = two == "=~" || two == "!~";
    const bool is_equality = two == "!=" || (two.starts_with('=') && two != "==");
    matcher_ = is_regex ? Matcher::Regex : is_equality ? Matcher::Equality : Matcher::None;
    const bool has_two = is_regex || two == "!=" || two == "==" || two == ">=" || two == "<=";
    at_ += has_two ? 2 : 1;
  }

  void read_raw_string() {
    const std::size_t begin = at_;
    matcher_ = Matcher::None;
    for (++at_; at_ < query_.size() && query_[at_] != '`'; ++at_) {
      if (query_[at_] == '$') check_no_variable("is in a `...` string; use \"...\"");
    }
    if (at_ == query_.size()) set_error(begin, "a string without an end begins");
    ++at_;
  }

  void read_string(char quote) {
    const StringLiteral literal{.matcher = matcher_, .quote = quote, .begin = at_};
    RegexState regex;
    matcher_ = Matcher::None;
    ++at_;
    while (at_ < query_.size() && !error_) {
      const char c = query_[at_];
      if (c == quote) {
        ++at_;
        return;
      }
      if (c == '\n') break;
      if (c == '\\') {
        read_escape_sequence(regex);
      } else if (c == '$') {
        read_dollar(literal, regex);
      } else {
        regex.read(c);
        ++at_;
      }
    }
    set_error(literal.begin, "a string without an end begins");
  }

  void read_escape_sequence(RegexState& regex) {
    const char next = at_ + 1 < query_.size() ? query_[at_ + 1] : '\0';
    if (next == '$')
      set_error(at_, "\"\\$\" is not an escape sequence of PromQL; write \\x24 for a \"$\"");
    regex.read(next);
    at_ = std::min(at_ + 2, query_.size());
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
    if (literal.matcher == Matcher::None) {
      set_variable_error(name, "is not in the value of a label matcher, such as {pod=~\"$pods\"}");
    } else if (is_list(*variable) && literal.matcher != Matcher::Regex) {
      set_variable_error(name, "is a list of pods; use it with =~ or !~");
    } else if (literal.matcher == Matcher::Regex && regex.after_backslash()) {
      set_variable_error(name, "follows a backslash, which would change its value");
    } else if (literal.matcher == Matcher::Regex && regex.in_class()) {
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
    if (rest.empty() || !is_letter(rest.front())) return {};
    const auto* const end = std::ranges::find_if_not(rest, is_name_character);
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
    if (error_) return;
    error_ = Error{.kind = ErrorKind::BadInput,
                   .message = fmt::format("at character {}: {}", position + 1, text)};
  }

  std::string_view query_;
  std::size_t at_ = 0;
  std::size_t text_begin_ = 0;  // the text since here is not in pieces_ yet
  Matcher matcher_ = Matcher::None;
  std::vector<Piece> pieces_;
  std::optional<Error> error_;
};

Result<std::vector<Piece>> pieces_of(std::string_view query) {
  if (query.size() > max_query_size) {
    return fail(ErrorKind::BadInput,
                fmt::format("has {} bytes, at most {} are allowed", query.size(), max_query_size));
  }
  if (trimmed(query).empty()) return fail(ErrorKind::BadInput, "is empty");
  return QueryParser(query).parse();
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
  if (piece.literal.matcher == Matcher::Equality)
    return string_escaped(values.front(), piece.literal.quote);
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

// Matches the names of the pods of a ReplicaSet: its name, cut to 57 bytes, "-", and 5 letters or
// digits. The name is cut after "-" is added.
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
  const auto* const end = std::ranges::find_if_not(rest, is_name_character);
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
