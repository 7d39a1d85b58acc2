#include "checks/policy_validation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "api/constants.hpp"
#include "base/text.hpp"
#include "checks/prometheus_plan.hpp"
#include "codec/promql.hpp"
#include "codec/promql_selectors.hpp"
#include "codec/values.hpp"

namespace lastgood::checks {
namespace {

using api::ConditionStatus;
using api::Reason;
using Kind = QueryValidation::Kind;

constexpr int min_values = 4;  // recommended in the window of a rate

// No pod has these names.
codec::QueryVariables placeholders(const std::string& namespace_) {
  const std::string name = "lastgood-validation";
  return {.namespace_ = namespace_,
          .deployment = name,
          .pods = {name},
          .baseline_pods = {name},
          .revision = "0",
          .hash = name};
}

// The finding is about the text of the query, and not about the server.
bool concerns_query(Reason reason) {
  switch (reason) {
    case Reason::InvalidQuery:
    case Reason::QueryFailed:
    case Reason::WrongResultType:
    case Reason::MultipleSeries: return true;
    default: return false;
  }
}

// "checks[errors].prometheus: ". The queries of a check have one server, so a finding about the
// server has the same text for all of them, and is listed once.
std::string prefix_of(const QueryValidation& query, Reason reason) {
  const bool names_field = query.kind == Kind::Traffic && concerns_query(reason);
  return fmt::format("checks[{}].prometheus{}: ", query.check,
                     names_field ? ".minimumTraffic" : "");
}

QueryFinding finding(const QueryValidation& query, QueryValidity validity,
                     const MissingValue& problem) {
  return {.validity = validity,
          .reason = problem.reason,
          .message = prefix_of(query, problem.reason) + problem.message};
}

void plan_query_of(QueryValidation query, const std::string& text,
                   const codec::QueryVariables& variables, const std::string& default_address,
                   std::vector<QueryValidation>& planned) {
  const auto bound = codec::bind_query(text, variables);
  auto call = bound ? plan_query(query.server, *bound, default_address, query.server.timeout)
                    : std::unexpected(bound.error());
  if (call) {
    query.call = *std::move(call);
  } else {
    query.finding = finding(query, QueryValidity::Invalid,
                            {.reason = Reason::InvalidCheck, .message = call.error().message});
  }
  planned.push_back(std::move(query));
}

// The query for the number of values in the window of the form. Of all pods of the namespace, the
// series with the most values counts. Empty if the check has no form.
std::string window_query(const api::PrometheusCheck& check) {
  const auto selectors = codec::vector_selectors(check.query);
  if (check.window == Duration::zero() || !selectors || selectors->empty()) return {};
  const codec::VectorSelector& series = selectors->front();
  std::vector<codec::LabelMatcher> labels = series.matchers;
  std::erase_if(labels,
                [](const codec::LabelMatcher& one) { return !one.value.contains("$namespace"); });
  return fmt::format("max(count_over_time({}[{}]))",
                     codec::series_of({.metric = series.metric}, labels), series.range);
}

bool is_unavailable(Reason reason) {
  switch (reason) {
    case Reason::ConnectionRefused:
    case Reason::ConnectionClosed:
    case Reason::TimedOut:
    case Reason::DNSLookupFailed:
    case Reason::Unreachable:
    case Reason::ServerUnavailable:
    case Reason::ServerError:
    case Reason::InvalidResponse: return true;
    default: return false;
  }
}

// The query, the address or the access must be corrected.
bool needs_correction(Reason reason) {
  switch (reason) {
    case Reason::InvalidQuery:
    case Reason::QueryFailed:
    case Reason::WrongResultType:
    case Reason::MultipleSeries:
    case Reason::ResponseTooLarge:
    case Reason::AccessDenied:
    case Reason::RequestRejected:
    case Reason::Redirected:
    case Reason::TLSFailed: return true;
    default: return false;
  }
}

// The server has evaluated the query, and there is no value to use at this time.
bool is_missing_data(Reason reason) {
  switch (reason) {
    case Reason::NoData:
    case Reason::NotANumber:
    case Reason::InfiniteValue:
    case Reason::StaleValue:
    case Reason::ClockSkew:
    case Reason::QueryWarning: return true;
    default: return false;
  }
}

QueryFinding evaluate_window(const QueryValidation& query, const PrometheusAnswer& answer) {
  if (!answer || answer->value >= min_values) return {};
  return {.validity = QueryValidity::Warned,
          .message = fmt::format("{}the window of {} has {} values of a series, fewer than the "
                                 "recommended {}, so gaps in the scrapes leave the check without a "
                                 "result; use a window of at least {} scrape intervals",
                                 prefix_of(query, Reason::None), format_duration(query.window),
                                 codec::format_number(answer->value), min_values, min_values)};
}

}  // namespace

std::vector<QueryValidation> plan_policy_validation(const api::PolicySpec& spec,
                                                    const std::string& namespace_,
                                                    const std::string& default_address) {
  std::vector<QueryValidation> planned;
  const codec::QueryVariables variables = placeholders(namespace_);
  for (const api::Check& check : spec.checks) {
    const auto* const prometheus = std::get_if<api::PrometheusCheck>(&check.kind);
    if (!prometheus) continue;
    const auto add = [&](Kind kind, const std::string& text) {
      plan_query_of({.check = check.name,
                     .kind = kind,
                     .server = prometheus->server,
                     .window = prometheus->window},
                    text, variables, default_address, planned);
    };
    add(Kind::Value, prometheus->query);
    if (prometheus->minimum_traffic) add(Kind::Traffic, prometheus->minimum_traffic->query);
    if (const std::string text = window_query(*prometheus); !text.empty()) add(Kind::Window, text);
  }
  return planned;
}

QueryFinding evaluate_query(const QueryValidation& query, const api::HttpResponse& response,
                            Time now) {
  const PrometheusAnswer answer = parse_prometheus_answer(response, now);
  // Only the other queries of the check say whether it is valid.
  if (query.kind == Kind::Window) return evaluate_window(query, answer);
  if (answer) return {};
  const MissingValue& missing = answer.error();
  if (needs_correction(missing.reason)) return finding(query, QueryValidity::Invalid, missing);
  if (is_missing_data(missing.reason)) return {};
  return finding(query, QueryValidity::Unavailable, missing);
}

QueryFinding finding_without_credentials(const QueryValidation& query,
                                         const MissingValue& problem) {
  const bool may_end = is_unavailable(problem.reason);
  return finding(query, may_end ? QueryValidity::Unavailable : QueryValidity::Invalid, problem);
}

api::Condition checks_valid(std::span<const QueryFinding> findings, std::int64_t generation) {
  constexpr std::size_t max_message_of_condition = 2048;  // bytes
  api::Condition condition{.type = std::string(api::condition::checks_valid),
                           .status = ConditionStatus::True,
                           .reason = api::to_string(Reason::Accepted),
                           .observed_generation = generation};
  QueryValidity worst = QueryValidity::Valid;
  std::vector<std::string> messages;
  for (const QueryFinding& finding : findings) {
    if (finding.message.empty() || std::ranges::find(messages, finding.message) != messages.end())
      continue;
    messages.push_back(finding.message);
    condition.message += (condition.message.empty() ? "" : ". ") + finding.message;
    if (finding.validity <= worst) continue;
    worst = finding.validity;
    if (worst != QueryValidity::Warned) condition.reason = api::to_string(finding.reason);
  }
  if (worst == QueryValidity::Invalid) condition.status = ConditionStatus::False;
  if (worst == QueryValidity::Unavailable) condition.status = ConditionStatus::Unknown;
  condition.message = condition.message.empty()
                          ? "The metrics server evaluates the queries of all checks"
                          : clip(condition.message, max_message_of_condition);
  return condition;
}

Duration next_validation_after(ConditionStatus status, int attempts) {
  constexpr Duration after_success = std::chrono::hours(1);
  constexpr Duration longest = std::chrono::minutes(10);
  if (status == ConditionStatus::True) return after_success;
  Duration wait = std::chrono::minutes(1);
  for (int attempt = 1; attempt < attempts && wait < longest; ++attempt) wait *= 2;
  return std::min(wait, longest);
}

}  // namespace lastgood::checks
