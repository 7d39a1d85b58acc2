#include "codec/promql_expression.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "base/text.hpp"
#include "codec/promql_tokens.hpp"

namespace lastgood::codec {
namespace {

using Kind = PromqlTokenKind;
using Tokens = std::vector<PromqlToken>;

constexpr std::array<std::string_view, 9> aggregations = {
    "sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "quantile"};
// Other words that are neither a metric nor a function.
constexpr std::array<std::string_view, 8> words = {"and",  "or",    "unless", "offset",
                                                   "bool", "atan2", "inf",    "nan"};

template <std::size_t size>
bool is_one_of(std::string_view name, const std::array<std::string_view, size>& names) {
  return std::ranges::find(names, name) != names.end();
}

class ExpressionReader {
 public:
  explicit ExpressionReader(const Tokens& tokens) : tokens_(tokens), ends_(tokens.size(), 0) {}

  Result<PromqlExpression> read() {
    if (!match_brackets()) return fail(ErrorKind::BadInput, "a bracket has no end, or a wrong one");
    find_groupings();
    find_matchings();
    for (std::size_t at = 0; at < tokens_.size();) at = read_part(at);
    if (out_.selectors.size() > PromqlExpression::max_selectors)
      return fail(ErrorKind::TooLarge, "it has too many vector selectors");
    return std::move(out_);
  }

 private:
  // The tokens to which a grouping applies: those after `begin` and before `end`.
  struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;
    PromqlGrouping grouping = {};
    bool is_inclusive = false;  // the token at `begin` is in the range too
  };

  [[nodiscard]] bool is(std::size_t at, Kind kind) const {
    return at < tokens_.size() && tokens_[at].kind == kind;
  }
  // The identifier at this position, in lower case. Empty if the token is no identifier.
  [[nodiscard]] std::string word(std::size_t at) const {
    return is(at, Kind::Identifier) ? lowered(tokens_[at].text) : std::string();
  }

  // The kind of the bracket that closes the bracket at this position, which may be of any kind.
  [[nodiscard]] std::optional<Kind> closing(std::size_t at) const {
    switch (tokens_[at].kind) {
      case Kind::OpenParenthesis: return Kind::CloseParenthesis;
      case Kind::OpenBrace: return Kind::CloseBrace;
      case Kind::OpenBracket: return Kind::CloseBracket;
      default: return std::nullopt;
    }
  }

  // Stores the position of the closing bracket for each opening one. False if a bracket has none,
  // or one of another kind.
  bool match_brackets() {
    std::vector<std::size_t> open;
    for (std::size_t at = 0; at < tokens_.size(); ++at) {
      if (closing(at)) open.push_back(at);
      if (!is(at, Kind::CloseParenthesis) && !is(at, Kind::CloseBrace) &&
          !is(at, Kind::CloseBracket))
        continue;
      if (open.empty() || closing(open.back()) != tokens_[at].kind) return false;
      ends_[open.back()] = at;
      open.pop_back();
    }
    return open.empty();
  }

  // Reads `by (a, b)` at this position. `by` and `without` are the two words that are accepted.
  [[nodiscard]] std::optional<PromqlGrouping> grouping_at(
      std::size_t at, std::string_view by = "by", std::string_view without = "without") const {
    const std::string name = word(at);
    if ((name != by && name != without) || !is(at + 1, Kind::OpenParenthesis)) return {};
    PromqlGrouping grouping{.is_by = name == by};
    for (std::size_t i = at + 2; i < ends_[at + 1]; ++i) {
      if (is(i, Kind::Identifier)) grouping.labels.emplace(tokens_[i].text);
      if (is(i, Kind::String)) grouping.labels.emplace(tokens_[i].content());
    }
    return grouping;
  }

  // The innermost parentheses around this position, or the whole expression.
  [[nodiscard]] Range around(std::size_t at) const {
    Range range{.begin = 0, .end = tokens_.size() + 1, .is_inclusive = true};
    for (std::size_t begin = 0; begin < at; ++begin) {
      if (is(begin, Kind::OpenParenthesis) && ends_[begin] > at)
        range = {.begin = begin, .end = ends_[begin]};
    }
    return range;
  }

  // The result of `a / on (app) b` has only the label `app`. That of `a / ignoring (code) b` has no
  // label `code`. With `and`, `or`, `unless`, group_left() or group_right(), the series of one side
  // keep all their labels, so these are left out.
  void find_matchings() {
    for (std::size_t at = 1; at < tokens_.size(); ++at) {
      const auto matching = grouping_at(at, "on", "ignoring");
      if (!matching) continue;
      const std::string before = word(at - 1);
      const std::string after = word(ends_[at + 1] + 1);
      const bool is_operator = is(at - 1, Kind::Operator) || before == "bool" || before == "atan2";
      if (!is_operator || after == "group_left" || after == "group_right") continue;
      Range range = around(at);
      range.grouping = *matching;
      ranges_.push_back(std::move(range));
    }
  }

  // The list may be before or after the body: `sum by (a) (x)` or `sum (x) by (a)`.
  void find_groupings() {
    for (std::size_t at = 0; at < tokens_.size(); ++at) {
      if (!is_one_of(word(at), aggregations)) continue;
      auto grouping = grouping_at(at + 1);
      const std::size_t body = grouping ? ends_[at + 2] + 1 : at + 1;
      if (!is(body, Kind::OpenParenthesis)) continue;
      if (!grouping) grouping = grouping_at(ends_[body] + 1);
      ranges_.push_back(
          {.begin = body, .end = ends_[body], .grouping = grouping.value_or(PromqlGrouping{})});
    }
  }

  void add_selector(std::size_t at) {
    std::vector<PromqlGrouping> groupings;
    for (const Range& range : ranges_) {
      const bool is_after = range.is_inclusive ? range.begin <= at : range.begin < at;
      if (is_after && at < range.end) groupings.push_back(range.grouping);
    }
    out_.selectors.push_back(std::move(groupings));
  }

  // Returns the position after the part that was read.
  std::size_t read_part(std::size_t at) {
    if (is(at, Kind::OpenBrace)) {
      add_selector(at);
      return ends_[at] + 1;
    }
    if (is(at, Kind::OpenBracket)) return ends_[at] + 1;
    if (!is(at, Kind::Identifier)) return at + 1;
    const std::string name = word(at);
    if (is_grouping_keyword(name) || is_matching_keyword(name))
      return is(at + 1, Kind::OpenParenthesis) ? ends_[at + 1] + 1 : at + 1;
    if (name == "label_replace" || name == "label_join") out_.sets_labels = true;
    const bool is_aggregation =
        is_one_of(name, aggregations) &&
        (is(at + 1, Kind::OpenParenthesis) || grouping_at(at + 1).has_value());
    const bool follows_at_sign = at > 0 && tokens_[at - 1].is_operator("@");
    if (is(at + 1, Kind::OpenParenthesis) || is_one_of(name, words) || is_aggregation ||
        follows_at_sign)
      return at + 1;
    // An aggregation that keeps all labels of its series, such as topk by (a) (2, x).
    if (grouping_at(at + 1)) return at + 1;
    add_selector(at);
    return is(at + 1, Kind::OpenBrace) ? ends_[at + 1] + 1 : at + 1;
  }

  const Tokens& tokens_;
  std::vector<std::size_t> ends_;  // for an opening bracket: the position of the closing one
  std::vector<Range> ranges_;
  PromqlExpression out_;
};

bool keeps(const std::vector<PromqlGrouping>& groupings, const std::string& label) {
  return std::ranges::all_of(groupings, [&](const PromqlGrouping& grouping) {
    return grouping.labels.contains(label) == grouping.is_by;
  });
}

}  // namespace

Result<PromqlExpression> read_expression(std::string_view text) {
  const auto tokens = promql_tokens(text);
  if (!tokens) return std::unexpected(tokens.error());
  return ExpressionReader(*tokens).read();
}

bool may_have_label(const PromqlExpression& expression, const std::string& label) {
  if (expression.sets_labels || expression.selectors.empty()) return true;
  return std::ranges::any_of(expression.selectors,
                             [&](const auto& groupings) { return keeps(groupings, label); });
}

}  // namespace lastgood::codec
