// Selects series of the metrics of a pod, in the syntax of an instant vector selector of PromQL:
//
//   http_requests_total
//   http_requests_total{code=~"5..",method!="GET"}
//
// https://prometheus.io/docs/prometheus/latest/querying/basics/#instant-vector-selectors
//
// - The name comes before the braces, and there is no offset and no range.
// - Values are in "double" or 'single' quotes, with the escape sequences \\ \" \' \n \r \t, or in
//   `backticks` without escape sequences.
// - Comments are skipped.
// - A label that a series does not have is equal to the empty text.
// - A regular expression (=~ and !~) has the syntax of RE2, matches the whole value, and its "."
//   matches a newline, as in Prometheus 3. https://github.com/google/re2/wiki/Syntax
//   RE2 matches in linear time. The memory of an expression is limited.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "codec/promql_tokens.hpp"

namespace lastgood::codec {

struct LabelView {
  std::string_view name;
  std::string_view value;
};

class SeriesSelector {
 public:
  static constexpr std::size_t max_size = 1024;            // bytes
  static constexpr std::size_t max_matchers = 16;          // of a selector
  static constexpr std::size_t max_expression_size = 256;  // bytes of a regular expression
  static constexpr std::size_t max_expression_memory = std::size_t{256} * 1024;  // bytes

  // Every error is BadInput. The message quotes the text and says what is wrong.
  [[nodiscard]] static Result<SeriesSelector> parse(std::string_view text);

  // The name of the metric, for example "http_requests_total".
  [[nodiscard]] const std::string& name() const { return name_; }
  // As it was written.
  [[nodiscard]] const std::string& text() const { return text_; }

  // Whether the matchers accept these labels of a series. The caller compares the metric's name.
  [[nodiscard]] bool matches(std::span<const LabelView> labels) const;
  // Whether a series has each label that the matchers name. If this is false for all series of the
  // metric, a label of the selector is probably misspelt.
  [[nodiscard]] bool has_each_label(std::span<const LabelView> labels) const;

  // The same matchers for another metric.
  [[nodiscard]] SeriesSelector with_name(std::string name) const;

 private:
  class Expression;
  struct Matcher {
    std::string label;
    MatchOperator operation = MatchOperator::Equal;
    std::string value;
    std::shared_ptr<const Expression> expression = {};  // of Matches and NotMatches
  };
  class Parser;

  [[nodiscard]] static bool accepts(const Matcher& matcher, std::string_view value);

  std::string name_;
  std::string text_;
  std::vector<Matcher> matchers_;
};

}  // namespace lastgood::codec
