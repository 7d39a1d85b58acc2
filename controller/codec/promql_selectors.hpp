// The vector selectors of a PromQL query: which metrics and which of their series the query reads.
//
//   sum by (pod) (rate(requests_total{pod=~"web-.*", code="500"}[1m] offset 5m)) > 0.5
//                      '------------------ selector ----------------'
//
// Comments, strings, numbers, functions, keywords and label lists such as `by (pod)` are no
// selectors. Only the server validates a query. For a query that the server rejects, the selectors
// here have no meaning.
//
// Sources: promql/parser/lex.go and generated_parser.y of Prometheus 2.42 and 3.16.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "codec/promql_tokens.hpp"

namespace lastgood::codec {

inline constexpr std::size_t max_selectors = 64;  // of a query
inline constexpr std::size_t max_matchers = 64;   // of a selector

struct LabelMatcher {
  std::string label;  // as written; Prometheus 3 also has names in quotes
  MatchOperator operation = MatchOperator::Equal;
  std::string value;  // as written, with its quotes
  bool operator==(const LabelMatcher&) const = default;
};

struct VectorSelector {
  std::string metric = {};  // as written; Prometheus 3 also has names in quotes. Empty: the name is
                            // in the matchers, as __name__, or the selector has none
  std::vector<LabelMatcher> matchers = {};  // as written, in their order
  std::string range = {};                   // "5m" of `metric[5m]`; empty without a range
  bool operator==(const VectorSelector&) const = default;
};

// In the order of the query. Errors, all BadInput, with the position of the character:
//   - those of promql_tokens()
//   - {...} or [...] without an end
//   - a label matcher that is not `label operation "value"`
//   - more than max_selectors, or a selector with more than max_matchers
[[nodiscard]] Result<std::vector<VectorSelector>> vector_selectors(std::string_view query);

// The selectors that name a metric, each metric once, only with the matchers of __name__. The range
// of each is the first range that the query has for this metric.
[[nodiscard]] std::vector<VectorSelector> metrics_of(std::span<const VectorSelector> selectors);

// `metric{matchers}`: all series of the metric that have these labels. Matchers of __name__ stay.
// Precondition: the selector is one of metrics_of().
[[nodiscard]] std::string series_of(const VectorSelector& metric,
                                    std::span<const LabelMatcher> matchers);

// A query for the number of series of these metrics that have the labels of the pods, and any other
// labels. Its value is 0 if there are none, never empty:
//
//   (count(a{pods}) or vector(0)) + (count(b{pods}) or vector(0))
//
// `pods`: the matchers of the pods, for example namespace="shop" and pod=~"web-1|web-2", with
// escaped values. The result is empty if no selector names a metric.
[[nodiscard]] std::string presence_query(std::span<const VectorSelector> selectors,
                                         std::span<const LabelMatcher> pods);

}  // namespace lastgood::codec
