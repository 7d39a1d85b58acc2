// Why a query has no value: one more query finds it out. Private to checks/.
//
//   the metric has   series of the pods   their counter increased   reason
//   no series        -                    -                         MetricNotFound
//   series           none                 -                         NoSeries
//   series           some                 no, for every counter     NoTraffic
//   series           some                 yes, or no counter        NoData or NotANumber, as before
//
// The query returns one number for all metrics of the check. Each metric has one digit of it, in
// base 4. The digit is the number of these statements that are true: the metric has series; it has
// series of the pods; it is a counter, and these series did not increase.
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

// Nothing if `reason` is not NoData or NotANumber, or if the queries of the check name no metric.
// The series of the pods are those that match the label matchers with variables in the query.
[[nodiscard]] std::optional<MissingDataQuery> plan_missing_data(
    const api::PrometheusCheck& check, api::Reason reason, const codec::QueryVariables& variables);

// Nothing if the answer does not show the reason, so that the reason of the check stays.
[[nodiscard]] std::optional<MissingValue> explain_missing_data(const MissingDataQuery& query,
                                                               const PrometheusAnswer& answer);

}  // namespace lastgood::checks
