// Reads the vector selectors of a PromQL expression, and the labels that its operations remove. It
// does not check the expression: only the server does.
//
//   sum by (app) (rate(http_requests_total{code=~"5.."}[5m])) > 0.1
//       '-list-'       '----------- selector ---------'
//
// In this example, the list keeps only the label `app`.
//
// Source: promql/parser/generated_parser.y of Prometheus 3.16.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace lastgood::codec {

// The label list of an operation: `by` or `without` of an aggregation, `on` or `ignoring` of a
// binary operator. An aggregation such as sum without a list removes all labels, like `by ()`. One
// that keeps the labels of its series, such as topk, has no grouping.
struct PromqlGrouping {
  bool is_by = true;  // `by`, `on`: only `labels` stay. False: all labels except `labels` stay
  std::set<std::string> labels = {};
  bool operator==(const PromqlGrouping&) const = default;
};

struct PromqlExpression {
  // For each vector selector, the label lists of the operations around it. At most max_selectors.
  std::vector<std::vector<PromqlGrouping>> selectors = {};
  bool sets_labels = false;  // it has label_replace() or label_join()
  bool operator==(const PromqlExpression&) const = default;

  static constexpr std::size_t max_selectors = 64;
};

// Errors:
// - BadInput, if a string has no end, if the brackets are not in pairs of the same kind, or if the
//   text is larger than max_promql_size
// - TooLarge, if there are more than max_selectors selectors
[[nodiscard]] Result<PromqlExpression> read_expression(std::string_view text);

// True if the series of the result can have this label, or if this is not known.
[[nodiscard]] bool may_have_label(const PromqlExpression& expression, const std::string& label);

}  // namespace lastgood::codec
