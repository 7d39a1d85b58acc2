// The validation of the queries of a policy. They are sent without a release, when the policy
// changes and from time to time, because the server then says at once whether it can evaluate them.
// The validation never causes a rollback.
//
//   answer of the server                                              condition ChecksValid
//   a value, or no data for the placeholder pods                      True
//   the query, address, path, certificate or access must be           False, in the words of the
//   corrected                                                         server
//   the server cannot answer: down, slow, starting                    Unknown
//
// The forms errorRatio and latency (codec/query_forms.hpp) have a window. If the series of their
// metric have fewer than 4 values in the window, a rate is often empty. The message then has a
// warning, and the checks are still valid.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/call.hpp"
#include "api/meta.hpp"
#include "api/policy.hpp"
#include "api/reasons.hpp"
#include "base/time.hpp"
#include "checks/prometheus_answer.hpp"

namespace lastgood::checks {

enum class QueryValidity : std::uint8_t { Valid, Warned, Unavailable, Invalid };

struct QueryFinding {
  QueryValidity validity = QueryValidity::Valid;
  api::Reason reason = api::Reason::None;
  std::string message;  // "checks[errors].prometheus.query: the metrics server rejects ..."
  bool operator==(const QueryFinding&) const = default;
};

// One query of a check, bound with placeholders. It has a call or a finding, never both.
struct QueryValidation {
  enum class Kind : std::uint8_t {
    Value,    // of the check
    Traffic,  // of minimumTraffic
    Window,   // how many values the series of a form have in its window
  };
  std::string check;
  Kind kind = Kind::Value;
  api::MetricsServer server = {};
  Duration window{0};  // of Kind::Window
  std::optional<api::HttpCall> call = {};
  std::optional<QueryFinding> finding = {};
};

// Empty if the policy has no prometheus check.
[[nodiscard]] std::vector<QueryValidation> plan_policy_validation(
    const api::PolicySpec& spec, const std::string& namespace_, const std::string& default_address);

[[nodiscard]] QueryFinding evaluate_query(const QueryValidation& query,
                                          const api::HttpResponse& response, Time now);
// `problem`: why the credentials of the check cannot be used, so that nothing was sent.
[[nodiscard]] QueryFinding finding_without_credentials(const QueryValidation& query,
                                                       const MissingValue& problem);

// The condition ChecksValid: the worst finding decides, all messages are listed.
[[nodiscard]] api::Condition checks_valid(std::span<const QueryFinding> findings,
                                          std::int64_t generation);

// How long after a validation the next one follows. A change of the policy is validated at once.
// `attempts`: the number of consecutive validations that were not True, with this one.
[[nodiscard]] Duration next_validation_after(api::ConditionStatus status, int attempts);

}  // namespace lastgood::checks
