// Why a query has no value: one more query finds it out. Private to checks/.
//
//   the metric has   series of the pods   their counter increased   reason
//   no series        -                    -                         MetricNotFound
//   series           none                 -                         NoSeries
//   series           some                 no, for every counter     NoTraffic
//   series           some                 yes, or no counter        NoData or NotANumber, as before
//
// The query returns one number for all metrics of the check. Each metric is a digit of base 4: how
// many of these are true: it has series; it has series of the pods; they did not increase.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/policy.hpp"
#include "checks/prometheus_answer.hpp"
#include "codec/promql.hpp"

namespace lastgood::checks {

struct MissingDataQuery {
  struct Metric {
    std::string name;         // `http_requests_total`
    bool has_range = false;   // a counter: the query reads it with a range
    bool has_labels = false;  // the query selects its series by variables such as $pods
    bool operator==(const Metric&) const = default;
  };
  std::vector<Metric> metrics;  // at most max_diagnosed_metrics
  codec::BoundQuery query;
};
inline constexpr std::size_t max_diagnosed_metrics = 6;

// Only for the reasons NoData and NotANumber. Nothing if the queries of the check name no metric.
// The labels of the pods are the label matchers with variables, as in the query.
[[nodiscard]] std::optional<MissingDataQuery> plan_missing_data(
    const api::PrometheusCheck& check, api::Reason reason, const codec::QueryVariables& variables);

// Nothing if the answer says no more than the first one.
[[nodiscard]] std::optional<MissingValue> explain_missing_data(const MissingDataQuery& query,
                                                               const PrometheusAnswer& answer);

}  // namespace lastgood::checks
