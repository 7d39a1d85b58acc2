#include "codec/promql_selectors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.hpp"
#include "codec/promql.hpp"

namespace lastgood::codec {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_name_start(char c) { return is_letter(c) || c == '_' || c == ':'; }
bool is_name_character(char c) { return is_name_start(c) || is_digit(c); }
bool is_quote(char c) { return c == '"' || c == '\'' || c == '`'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

template <std::size_t size>
bool is_one_of(std::string_view name, const std::array<std::string_view, size>& names) {
  return std::ranges::find(names, lowered(name)) != names.end();
}

constexpr std::array<std::string_view, 2> groupings = {"by", "without"};
constexpr std::array<std::string_view, 4> matchings = {"on", "ignoring", "group_left",
                                                       "group_right"};
constexpr std::array<std::string_view, 3> modifiers = {"offset", "smoothed", "anchored"};
constexpr std::array<std::string_view, 2> number_names = {"inf", "nan"};

// In an expression, operands and operators alternate. So a name where an operator is expected is a
// keyword. A name where an operand is expected is a selector, a function or an aggregation, or one
// of the keywords that follow an operator.
class SelectorParser {
 public:
  explicit SelectorParser(std::string_view query) : query_(query) {}

  Result<std::vector<VectorSelector>> parse() {
    for (skip_blanks(); at_ < query_.size() && !error_; skip_blanks()) read_token();
    if (error_) return std::unexpected(*error_);
    return std::move(selectors_);
  }

 private:
  void read_token() {
    const char c = query_[at_];
    if (is_name_start(c)) {
      read_word();
    } else if (c == '{') {
      read_selector("");
    } else if (c == '[') {
      read_range();
    } else if (is_quote(c)) {
      read_string();
      expects_operand_ = false;
    } else if (is_digit(c) || c == '.') {
      skip_number();
      expects_operand_ = false;
    } else {
      expects_operand_ = c != ')';
      ++at_;
    }
  }

  void read_word() {
    const std::string_view name = read_name();
    skip_blanks();
    if (!expects_operand_) return read_keyword(name);
    if (lowered(name) == "bool") return;
    if (is_one_of(name, matchings)) return skip_label_list();
    if (next() == '(') return;
    if (is_one_of(next_name(), groupings)) return read_aggregation();
    if (is_one_of(name, number_names)) {
      expects_operand_ = false;
    } else {
      read_selector(name);
    }
  }

  void read_keyword(std::string_view name) {
    if (is_one_of(name, modifiers)) return;
    if (is_one_of(name, groupings)) return skip_label_list();
    expects_operand_ = true;
  }

  // `by (pod)` of `sum by (pod) (...)`.
  void read_aggregation() {
    read_name();
    skip_label_list();
  }

  void skip_label_list() {
    skip_blanks();
    if (next() != '(') return;
    while (at_ < query_.size() && query_[at_] != ')' && !error_) {
      if (is_quote(query_[at_])) {
        read_string();
      } else {
        ++at_;
        skip_blanks();
      }
    }
    if (at_ < query_.size()) ++at_;
  }

  void read_selector(std::string_view name) {
    if (selectors_.size() == max_selectors)
      set_error(at_, fmt::format("has more than {} selectors", max_selectors));
    VectorSelector selector{.metric = std::string(name)};
    if (next() == '{') read_matchers(selector);
    selectors_.push_back(std::move(selector));
    expects_operand_ = false;
    skip_blanks();
    can_have_range_ = next() == '[';
  }

  void read_matchers(VectorSelector& selector) {
    const std::size_t begin = at_;
    ++at_;
    for (skip_blanks(); at_ < query_.size() && !error_; skip_blanks()) {
      if (query_[at_] == '}') {
        ++at_;
        return;
      }
      read_matcher(selector);
      skip_blanks();
      if (next() == ',') {
        ++at_;
      } else if (next() != '}') {
        break;
      }
    }
    set_error(begin, "\"{\" without an end, or an invalid label matcher after it");
  }

  void read_matcher(VectorSelector& selector) {
    const std::size_t begin = at_;
    LabelMatcher matcher{.label = std::string(is_quote(query_[at_]) ? read_string() : read_name())};
    skip_blanks();
    const std::string_view two = query_.substr(at_, 2);
    if (two == "=~" || two == "!~" || two == "!=") {
      matcher.operation = two;
    } else if (two.starts_with('=')) {
      matcher.operation = "=";
    } else if (!matcher.label.empty() && is_quote(matcher.label.front())) {
      selector.metric = matcher.label;
      return;
    }
    at_ += matcher.operation.size();
    skip_blanks();
    if (at_ < query_.size() && is_quote(query_[at_])) matcher.value = read_string();
    if (matcher.label.empty() || matcher.operation.empty() || matcher.value.empty())
      return set_error(begin, "an invalid label matcher begins");
    if (selector.matchers.size() == max_matchers)
      return set_error(begin, fmt::format("more than {} label matchers", max_matchers));
    selector.matchers.push_back(std::move(matcher));
  }

  // `[5m]`, or the `[5m:1m]` of a subquery.
  void read_range() {
    const std::size_t begin = at_ + 1;
    const std::size_t end = query_.find(']', begin);
    if (end == std::string_view::npos) return set_error(at_, "\"[\" without an end");
    const std::string_view range = query_.substr(begin, end - begin);
    const auto is_of_duration = [](char c) { return is_letter(c) || is_digit(c) || is_blank(c); };
    if (can_have_range_ && std::ranges::all_of(range, is_of_duration)) {
      std::string& text = selectors_.back().range;
      std::ranges::remove_copy_if(range, std::back_inserter(text), is_blank);
    }
    can_have_range_ = false;
    expects_operand_ = false;
    at_ = end + 1;
  }

  // With its quotes.
  std::string_view read_string() {
    const std::size_t begin = at_;
    const char quote = query_[at_];
    for (++at_; at_ < query_.size() && query_[at_] != quote; ++at_)
      if (query_[at_] == '\\' && quote != '`') ++at_;
    if (at_ >= query_.size()) {
      at_ = query_.size();
      set_error(begin, "a string without an end begins");
    } else {
      ++at_;
    }
    return query_.substr(begin, at_ - begin);
  }

  std::string_view read_name() {
    const std::string_view name = next_name();
    at_ += name.size();
    return name;
  }

  [[nodiscard]] std::string_view next_name() const {
    const std::string_view rest = query_.substr(at_);
    if (rest.empty() || !is_name_start(rest.front())) return {};
    const auto* const end = std::ranges::find_if_not(rest, is_name_character);
    return rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
  }

  // A number or a duration: 0x1F, 1e3, .5, 1h30m.
  void skip_number() {
    while (at_ < query_.size() && (is_name_character(query_[at_]) || query_[at_] == '.')) ++at_;
  }

  // Blanks and comments.
  void skip_blanks() {
    while (at_ < query_.size() && (is_blank(query_[at_]) || query_[at_] == '#')) {
      at_ =
          query_[at_] == '#' ? std::min(query_.find_first_of("\r\n", at_), query_.size()) : at_ + 1;
    }
  }

  [[nodiscard]] char next() const { return at_ < query_.size() ? query_[at_] : '\0'; }

  // Only the first error counts.
  void set_error(std::size_t position, std::string_view text) {
    if (error_) return;
    error_ = Error{.kind = ErrorKind::BadInput,
                   .message = fmt::format("at character {}: {}", position + 1, text)};
  }

  std::string_view query_;
  std::size_t at_ = 0;
  bool expects_operand_ = true;
  bool can_have_range_ = false;  // the next token is the range of the last selector
  std::vector<VectorSelector> selectors_;
  std::optional<Error> error_;
};

// The part of a selector that names the metric.
std::vector<LabelMatcher> name_matchers(const VectorSelector& selector) {
  std::vector<LabelMatcher> names = selector.matchers;
  std::erase_if(names, [](const LabelMatcher& one) {
    return one.label != "__name__" || one.operation.starts_with('!');
  });
  return names;
}

}  // namespace

Result<std::vector<VectorSelector>> vector_selectors(std::string_view query) {
  if (query.size() > max_bound_query_size) {
    return fail(ErrorKind::BadInput, fmt::format("has {} bytes, at most {} are allowed",
                                                 query.size(), max_bound_query_size));
  }
  return SelectorParser(query).parse();
}

std::vector<VectorSelector> metrics_of(std::span<const VectorSelector> selectors) {
  std::vector<VectorSelector> metrics;
  for (const VectorSelector& selector : selectors) {
    VectorSelector one{
        .metric = selector.metric, .matchers = name_matchers(selector), .range = selector.range};
    if (one.metric.empty() && one.matchers.empty()) continue;
    const auto known = std::ranges::find_if(metrics, [&](const VectorSelector& other) {
      return other.metric == one.metric && other.matchers == one.matchers;
    });
    if (known == metrics.end()) {
      metrics.push_back(std::move(one));
    } else if (known->range.empty()) {
      known->range = one.range;
    }
  }
  return metrics;
}

std::string series_of(const VectorSelector& metric, std::span<const LabelMatcher> matchers) {
  const bool is_quoted = !metric.metric.empty() && is_quote(metric.metric.front());
  std::string inside = is_quoted ? metric.metric : "";
  const auto add = [&](const LabelMatcher& one) {
    inside +=
        fmt::format("{}{}{}{}", inside.empty() ? "" : ",", one.label, one.operation, one.value);
  };
  std::ranges::for_each(metric.matchers, add);
  std::ranges::for_each(matchers, add);
  const std::string name = is_quoted ? "" : metric.metric;
  return inside.empty() ? name : fmt::format("{}{{{}}}", name, inside);
}

std::string presence_query(std::span<const VectorSelector> selectors,
                           std::span<const LabelMatcher> pods) {
  std::string query;
  for (const VectorSelector& metric : metrics_of(selectors)) {
    query += fmt::format("{}(count({}) or vector(0))", query.empty() ? "" : " + ",
                         series_of(metric, pods));
  }
  return query;
}

}  // namespace lastgood::codec
