// A query or expression of PromQL: its tokens, selectors and label lists, and its variables.
#include <algorithm>
#include <string>
#include <vector>

#include "checks/presence.hpp"
#include "codec/promql.hpp"
#include "codec/promql_expression.hpp"
#include "codec/promql_selectors.hpp"
#include "codec/series_selector.hpp"
#include "fuzz.hpp"

using namespace lastgood;
using namespace lastgood::fuzz;
using namespace lastgood::codec;

namespace {

constexpr std::size_t max_error = 1024;

// Only blanks and comments are between the tokens.
void require_complete(std::string_view text, const std::vector<PromqlToken>& tokens) {
  std::size_t at = 0;
  for (std::size_t i = 0; i <= tokens.size(); ++i) {
    const std::size_t begin = i < tokens.size() ? tokens[i].begin : text.size();
    require(at <= begin && begin <= text.size(), "the tokens are in the order of the text");
    const std::string_view between = text.substr(at, begin - at);
    bool is_comment = false;
    for (const char c : between) {
      is_comment = c == '#' || (is_comment && c != '\n' && c != '\r');
      require(is_comment || std::string_view(" \t\r\n").contains(c),
              "only blanks and comments are between tokens");
    }
    if (i == tokens.size()) return;
    require(tokens[i].text == text.substr(begin, tokens[i].text.size()), "a token is as written");
    require(!tokens[i].text.empty(), "a token is not empty");
    at = tokens[i].end();
  }
}

// Values that would change the query if they were not escaped.
const QueryVariables& hostile_variables() {
  static const QueryVariables variables{
      .namespace_ = "a\"} or vector(1) #",
      .deployment = "'\\",
      .pods = {"web|.*", "x\n(y", "`$hash`"},
      .baseline_pods = {"[z", "{\"'"},
      .revision = "7\r",
      .hash = "\\E",
  };
  return variables;
}

// The value of a variable changes only the content of strings.
void bind(std::string_view query) {
  const auto use = validate_query(query);
  const auto bound = bind_query(query, hostile_variables());
  require(use.has_value() == bound.has_value(), "each valid query can be bound");
  if (!use) {
    require(use.error().kind == ErrorKind::BadInput, "an invalid query is BadInput");
    return require_message(use.error().message, max_error);
  }
  const auto before = promql_tokens(query);
  const auto after = promql_tokens(bound->value);
  require(before && after, "a bound query has tokens");
  const auto is_same = [](const PromqlToken& a, const PromqlToken& b) {
    const bool both_strings = a.kind == PromqlTokenKind::String && b.kind == a.kind;
    return both_strings ? a.text.front() == b.text.front() : a.kind == b.kind && a.text == b.text;
  };
  require(std::ranges::equal(*before, *after, is_same), "a value does not change the query");
  if (use->variables.empty()) require(bound->value == query, "a query without variables stays");
}

void read_selectors(std::string_view text) {
  const auto selectors = vector_selectors(text);
  if (!selectors) return require_message(selectors.error().message, max_error);
  require(selectors->size() <= max_selectors, "the selectors have a limit");
  const auto metrics = metrics_of(*selectors);
  require(metrics.size() <= selectors->size(), "each metric is one of the selectors");
  const LabelMatcher pod{
      .label = "pod", .operation = MatchOperator::Matches, .value = string_literal("web-.*")};
  const std::string presence = presence_query(*selectors, std::vector{pod});
  require(presence.empty() == metrics.empty(), "each metric has a presence");
  if (presence.empty()) return;
  const auto again = vector_selectors(presence);
  require(again && again->size() == metrics.size(), "a presence query has one selector a metric");
}

void read_as_expression(const std::string& text) {
  const auto expression = read_expression(text);
  if (!expression) return require_message(expression.error().message, max_error);
  require(expression->selectors.size() <= PromqlExpression::max_selectors,
          "the selectors have a limit");
  static_cast<void>(may_have_label(*expression, "pod"));
  static_cast<void>(
      checks::presence_query(text, {.namespace_ = "shop", .pods = {"web-1"}, .replica_set = {}}));
  // As a rule is sent: a comment at its end must not remove the parenthesis.
  const auto enclosed = read_expression("(" + text + "\n)");
  require(enclosed && *enclosed == *expression, "parentheses change nothing");
}

void read_series_selector(std::string_view text) {
  const auto selector = SeriesSelector::parse(text);
  if (!selector) return require_message(selector.error().message, max_error);
  const auto again = SeriesSelector::parse(selector->text());
  require(again && again->name() == selector->name(), "a selector is read again from its text");
  const std::vector<LabelView> labels = {{"code", "500"}, {"pod", text}};
  require(again->matches(labels) == selector->matches(labels),
          "a selector always selects the same");
  require(!selector->with_name("other").name().empty(), "a selector has another name");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  if (const auto tokens = promql_tokens(text)) {
    require_complete(text, *tokens);
  } else {
    require_message(tokens.error().message, max_error);
  }
  bind(text);
  read_selectors(text);
  read_as_expression(std::string(text));
  read_series_selector(text);
  return 0;
}
