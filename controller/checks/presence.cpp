#include "checks/presence.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "codec/promql_selectors.hpp"

namespace lastgood::checks {
namespace {

using codec::LabelMatcher;
using codec::MatchOperator;
using codec::VectorSelector;

// A string literal of PromQL: a regular expression that matches exactly these values.
std::string regex_of(const std::vector<std::string>& values) {
  std::string regex;
  bool is_first = true;
  for (const std::string& value : values) {
    if (!is_first) regex += '|';
    regex += codec::regex_escaped(value);
    is_first = false;
  }
  return codec::string_literal(regex);
}

LabelMatcher pod_matcher(const Placement& placement) {
  return {.label = "pod",
          .operation = MatchOperator::Matches,
          .value = placement.replica_set.empty()
                       ? regex_of(placement.pods)
                       : codec::string_literal(codec::pod_name_pattern(placement.replica_set))};
}

std::vector<LabelMatcher> matchers_of(const Placement& placement) {
  const std::string namespace_ = codec::string_literal(placement.namespace_);
  if (placement.match_labels.empty()) {
    return {{.label = "namespace", .operation = MatchOperator::Equal, .value = namespace_},
            pod_matcher(placement)};
  }
  std::vector<LabelMatcher> matchers;
  for (const auto& [name, value] : placement.match_labels)
    matchers.push_back(
        {.label = name, .operation = MatchOperator::Equal, .value = codec::string_literal(value)});
  // The empty value also selects the series without a namespace.
  if (!placement.match_labels.contains("namespace")) {
    matchers.push_back({.label = "namespace",
                        .operation = MatchOperator::Matches,
                        .value = regex_of({placement.namespace_, ""})});
  }
  if (distinguishes_revisions(placement)) matchers.push_back(pod_matcher(placement));
  return matchers;
}

bool exists_without_application(const VectorSelector& selector) {
  return selector.metric.starts_with("kube_") || selector.metric.contains(':');
}

std::vector<VectorSelector> selectors_of_application(std::vector<VectorSelector> selectors) {
  if (!std::ranges::all_of(selectors, exists_without_application))
    std::erase_if(selectors, exists_without_application);
  return selectors;
}

}  // namespace

Result<codec::BoundQuery> presence_query(std::string_view expression, const Placement& placement) {
  const auto selectors = codec::vector_selectors(expression);
  if (!selectors) return std::unexpected(selectors.error());
  codec::BoundQuery query(codec::presence_query(
      selectors_of_application(codec::metrics_of(*selectors)), matchers_of(placement)));
  if (query.value.empty()) return fail(ErrorKind::BadInput, "the expression names no metric");
  if (query.value.size() > codec::max_bound_query_size)
    return fail(ErrorKind::TooLarge, "the query for its series is larger than 64 KiB");
  return query;
}

}  // namespace lastgood::checks
