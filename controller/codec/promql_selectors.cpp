#include "codec/promql_selectors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.hpp"

namespace lastgood::codec {
namespace {

using Kind = PromqlTokenKind;

template <std::size_t size>
bool is_one_of(std::string_view name, const std::array<std::string_view, size>& names) {
  return std::ranges::find(names, lowered(name)) != names.end();
}

constexpr std::array<std::string_view, 3> modifiers = {"offset", "smoothed", "anchored"};
constexpr std::array<std::string_view, 2> number_names = {"inf", "nan"};

// In an expression, operands and operators alternate, so the position of a name decides its
// meaning:
// - where an operator is expected: a keyword
// - where an operand is expected: a selector, a function, an aggregation, or a keyword that follows
//   an operator, such as `bool` and `on`
class SelectorParser {
 public:
  explicit SelectorParser(std::span<const PromqlToken> tokens) : tokens_(tokens) {}

  Result<std::vector<VectorSelector>> parse() {
    while (at_ < tokens_.size() && !error_) read_token();
    if (error_) return std::unexpected(*error_);
    return std::move(selectors_);
  }

 private:
  void read_token() {
    switch (tokens_[at_].kind) {
      case Kind::Identifier: return read_word();
      case Kind::OpenBrace: return read_selector("");
      case Kind::OpenBracket: return read_range();
      case Kind::String:
      case Kind::Number:
      case Kind::Duration:
      case Kind::CloseParenthesis: expects_operand_ = false; break;
      default: expects_operand_ = true;
    }
    ++at_;
  }

  void read_word() {
    const std::string_view name = tokens_[at_++].text;
    if (!expects_operand_) return read_keyword(name);
    if (lowered(name) == "bool") return;
    if (is_matching_keyword(name)) return skip_label_list();
    if (is_at(Kind::OpenParenthesis)) return;
    if (is_at(Kind::Identifier) && is_grouping_keyword(tokens_[at_].text))
      return read_aggregation();
    if (is_one_of(name, number_names)) {
      expects_operand_ = false;
    } else {
      read_selector(name);
    }
  }

  void read_keyword(std::string_view name) {
    if (is_one_of(name, modifiers)) return;
    if (is_grouping_keyword(name)) return skip_label_list();
    expects_operand_ = true;
  }

  // Skips `by (pod)` of `sum by (pod) (...)`.
  void read_aggregation() {
    ++at_;
    skip_label_list();
  }

  void skip_label_list() {
    if (!is_at(Kind::OpenParenthesis)) return;
    while (at_ < tokens_.size() && !is_at(Kind::CloseParenthesis)) ++at_;
    if (at_ < tokens_.size()) ++at_;
  }

  void read_selector(std::string_view name) {
    if (selectors_.size() == max_selectors)
      set_error(at_, fmt::format("has more than {} selectors", max_selectors));
    VectorSelector selector{.metric = std::string(name)};
    if (is_at(Kind::OpenBrace)) read_matchers(selector);
    selectors_.push_back(std::move(selector));
    expects_operand_ = false;
    can_have_range_ = is_at(Kind::OpenBracket);
  }

  void read_matchers(VectorSelector& selector) {
    const std::size_t begin = at_;
    ++at_;
    while (at_ < tokens_.size() && !error_) {
      if (is_at(Kind::CloseBrace)) {
        ++at_;
        return;
      }
      read_matcher(selector);
      if (is_at(Kind::Comma)) {
        ++at_;
      } else if (!is_at(Kind::CloseBrace)) {
        break;
      }
    }
    set_error(begin, "\"{\" without an end, or an invalid label matcher after it");
  }

  void read_matcher(VectorSelector& selector) {
    const std::size_t begin = at_;
    const bool has_name = is_at(Kind::Identifier) || is_at(Kind::String);
    const std::string label(has_name ? tokens_[at_++].text : "");
    const auto operation = at_ < tokens_.size() ? match_operator(tokens_[at_]) : std::nullopt;
    if (!operation && tokens_[begin].kind == Kind::String) {
      selector.metric = label;
      return;
    }
    if (operation) ++at_;
    if (!has_name || !operation || !is_at(Kind::String))
      return set_error(begin, "an invalid label matcher begins");
    if (selector.matchers.size() == max_matchers)
      return set_error(begin, fmt::format("more than {} label matchers", max_matchers));
    selector.matchers.push_back(
        {.label = label, .operation = *operation, .value = std::string(tokens_[at_++].text)});
  }

  // Reads the range `[5m]` of a selector, or skips the `[5m:1m]` of a subquery.
  void read_range() {
    const auto rest = tokens_.subspan(at_ + 1);
    const auto end = std::ranges::find(rest, Kind::CloseBracket, &PromqlToken::kind);
    if (end == rest.end()) return set_error(at_, "\"[\" without an end");
    const auto length = static_cast<std::size_t>(end - rest.begin());
    const Kind kind = rest.front().kind;
    if (can_have_range_ && length == 1 && (kind == Kind::Duration || kind == Kind::Number))
      selectors_.back().range = rest.front().text;
    can_have_range_ = false;
    expects_operand_ = false;
    at_ += length + 2;
  }

  [[nodiscard]] bool is_at(Kind kind) const {
    return at_ < tokens_.size() && tokens_[at_].kind == kind;
  }

  // Only the first error counts. `token`: the index of the token with the error.
  void set_error(std::size_t token, std::string_view text) {
    if (error_) return;
    const PromqlToken& last = tokens_.back();
    error_ = promql_error(token < tokens_.size() ? tokens_[token].begin : last.end(), text);
  }

  std::span<const PromqlToken> tokens_;
  std::size_t at_ = 0;
  bool expects_operand_ = true;
  bool can_have_range_ = false;  // the next token is the range of the last selector
  std::vector<VectorSelector> selectors_;
  std::optional<Error> error_;
};

// The matchers that name the metric: those of __name__ with = or =~.
std::vector<LabelMatcher> name_matchers(const VectorSelector& selector) {
  std::vector<LabelMatcher> names = selector.matchers;
  std::erase_if(names, [](const LabelMatcher& one) {
    return one.label != "__name__" || one.operation == MatchOperator::NotEqual ||
           one.operation == MatchOperator::NotMatches;
  });
  return names;
}

}  // namespace

Result<std::vector<VectorSelector>> vector_selectors(std::string_view query) {
  const auto tokens = promql_tokens(query);
  if (!tokens) return std::unexpected(tokens.error());
  return SelectorParser(*tokens).parse();
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
  // The name of a metric in quotes is inside of the braces.
  const bool is_quoted = !metric.metric.empty() && !is_metric_name_start(metric.metric.front());
  std::string inside = is_quoted ? metric.metric : "";
  const auto add = [&](const LabelMatcher& one) {
    inside += fmt::format("{}{}{}{}", inside.empty() ? "" : ",", one.label,
                          to_string(one.operation), one.value);
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
