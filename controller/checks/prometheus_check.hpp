// The check `prometheus`: from the policy to the requests, and from the responses to a measurement.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/call.hpp"
#include "api/measurement.hpp"
#include "api/policy.hpp"
#include "api/workload.hpp"
#include "codec/promql.hpp"

namespace lastgood::checks {

// The check measures the pods of one revision. Either its query selects them (codec/promql.hpp), or
// its series and alerts are placed by their pods (placement.hpp).
[[nodiscard]] bool distinguishes_revisions(const api::Check& check);

// The result is about the pods of all revisions together.
[[nodiscard]] bool is_about_all_pods(const api::Check& check);

// A query of the check has the variable $baselinePods.
[[nodiscard]] bool uses_baseline_pods(const api::Check& check);

// The names of the active pods, for $pods and $baselinePods.
[[nodiscard]] std::vector<std::string> active_pod_names(std::span<const api::Pod> pods);

// The values of the variables for a revision, without $baselinePods. `pods`: of this revision; only
// the active ones count.
[[nodiscard]] codec::QueryVariables variables_of(const api::Deployment& deployment,
                                                 const api::Revision& revision,
                                                 std::span<const api::Pod> pods);

// Either requests or a measurement, never both. The measurement is always Unknown.
struct PrometheusPlan {
  std::optional<api::Measurement> measurement = {};
  codec::BoundQuery query;
  api::HttpCall value = {};
  std::optional<api::HttpCall> traffic = {};  // of minimumTraffic
};

// `default_address`: of checks without an address; may be empty. `at`: the time for which the
// server evaluates the queries; absent: its present time.
[[nodiscard]] PrometheusPlan plan_prometheus(const api::Check& check,
                                             const codec::QueryVariables& variables,
                                             const std::string& default_address,
                                             std::optional<Time> at);

// `traffic`: the response to PrometheusPlan::traffic. `at`: as in the plan.
[[nodiscard]] api::Measurement measure_prometheus(const api::Check& check,
                                                  const PrometheusPlan& plan,
                                                  const api::HttpResponse& value,
                                                  const std::optional<api::HttpResponse>& traffic,
                                                  std::optional<Time> at, Time now);

// The request that finds out why the measurement has no value: see missing_data.hpp. Nothing if
// there is nothing to find out. The arguments are those of plan_prometheus().
[[nodiscard]] std::optional<api::HttpCall> plan_explanation(const api::Check& check,
                                                            const api::Measurement& measurement,
                                                            const codec::QueryVariables& variables,
                                                            const std::string& default_address,
                                                            std::optional<Time> at);

// The measurement with the reason that the response gives. Unchanged if it gives none.
[[nodiscard]] api::Measurement explain(const api::Check& check, api::Measurement measurement,
                                       const codec::QueryVariables& variables,
                                       const api::HttpResponse& response, std::optional<Time> at,
                                       Time now);

}  // namespace lastgood::checks
