// The validation of the queries of a policy: they are sent without a release, when the policy
// changes and from time to time. The server says at once whether it can evaluate a query. No result
// of it ever causes a rollback.
//
//   answer of the server                                              condition ChecksValid
//   a value, or no data for the placeholder pods                      True
//   the query, address, path, certificate or access is wrong          False, in the words of the
//                                                                     server
//   the server cannot answer: down, slow, starting                    Unknown
//
// A ready-made form has a window. If the series of its metric have fewer than 4 values in the
// window, a rate is often empty. The message warns of that; the checks are valid.
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
  enum class Kind : std::uint8_t { Value, Traffic, Window };
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

// How long after the validation the next one follows. A change of the policy is validated at once.
// `attempts`: consecutive validations that were not True, at least 1 then.
[[nodiscard]] Duration next_validation_after(api::ConditionStatus status, int attempts);

}  // namespace lastgood::checks
