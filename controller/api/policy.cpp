#include "api/policy.hpp"

#include <fmt/format.h>

#include "api/enums.hpp"
#include "base/digest.hpp"
#include "base/overloaded.hpp"

namespace lastgood::api {
namespace {

constexpr Spelling<HttpTarget> targets[] = {
    {HttpTarget::Pods, "Pods"},
    {HttpTarget::Service, "Service"},
    {HttpTarget::Url, "Url"},
};

constexpr Spelling<Mode> modes[] = {
    {Mode::Enforce, "Enforce"},
    {Mode::Approve, "Approve"},
    {Mode::Observe, "Observe"},
};

constexpr Spelling<OnNoData> no_data_rules[] = {
    {OnNoData::Hold, "Hold"},
    {OnNoData::Ignore, "Ignore"},
};

// Each question_of() is the text of the configuration that decides a result: config_hash_of()
// digests it.
std::string question_of(const HttpCheck& http) {
  std::string text = fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n", to_string(http.target),
                                 http.scheme, http.port, http.path, http.service, http.url,
                                 http.timeout.count(), http.max_failing_percent);
  for (const StatusRange& range : http.expected)
    text += fmt::format("{}-{}\n", range.from, range.to);
  return text;
}

// The length before each text keeps two different checks from having the same digest.
std::string sized(const std::string& text) { return fmt::format("{}\n{}\n", text.size(), text); }

std::string question_of(const std::optional<Comparison>& fail_if) {
  if (!fail_if) return "-\n";
  return fmt::format("{}\n{}\n", static_cast<int>(fail_if->operation), fail_if->limit);
}

std::string question_of(const std::optional<BaselineComparison>& compare) {
  if (!compare) return "";
  return fmt::format("compare\n{}\n{}\n", compare->ratio_above, compare->and_above);
}

std::string question_of(const StringMap& labels) {
  std::string text;
  for (const auto& [name, value] : labels) text += sized(name) + sized(value);
  return text;
}

std::string question_of(const PrometheusCheck& check) {
  std::string text = "prometheus\n" + sized(check.query) + sized(check.server.address) +
                     question_of(check.fail_if) + question_of(check.compare);
  if (const auto& traffic = check.minimum_traffic)
    text += sized(traffic->query) + fmt::format("{}\n", traffic->at_least);
  return text;
}

std::string question_of(const PrometheusRuleCheck& check) {
  return "prometheusRule\n" + sized(check.server.address) + sized(check.rule_namespace) +
         sized(check.rule) + sized(check.alert) + question_of(check.match_labels);
}

std::string question_of(const AlertCheck& check) {
  return "alert\n" + sized(check.server.address) + sized(check.alert) +
         question_of(check.match_labels);
}

std::string question_of(const PodMetricsCheck& check) {
  return fmt::format("podMetrics\n{}\n{}\n{}\n{}\n", static_cast<int>(check.value), check.port,
                     check.quantile, check.minimum_requests) +
         sized(check.scheme) + sized(check.path) + sized(check.total) + sized(check.errors) +
         sized(check.histogram) + sized(check.gauge) + question_of(check.fail_if) +
         question_of(check.compare);
}

std::string question_of(const ExternalMetricCheck& check) {
  return "externalMetric\n" + sized(check.metric) + question_of(check.match_labels) +
         question_of(std::optional(check.fail_if));
}

}  // namespace

const char* to_string(Mode mode) { return spelling_of(modes, mode); }
std::optional<Mode> parse_mode(std::string_view text) { return parse_spelling(modes, text); }

const char* to_string(OnNoData value) { return spelling_of(no_data_rules, value); }
std::optional<OnNoData> parse_on_no_data(std::string_view text) {
  return parse_spelling(no_data_rules, text);
}

const char* to_string(HttpTarget target) { return spelling_of(targets, target); }
std::optional<HttpTarget> parse_http_target(std::string_view text) {
  return parse_spelling(targets, text);
}

std::string config_hash_of(const CheckKind& kind) {
  return digest_of(std::visit([](const auto& check) { return question_of(check); }, kind));
}

const char* kind_name_of(const CheckKind& kind) {
  return std::visit(Overloaded{[](const HttpCheck&) { return "http"; },
                               [](const PrometheusCheck&) { return "prometheus"; },
                               [](const PrometheusRuleCheck&) { return "prometheusRule"; },
                               [](const AlertCheck&) { return "alert"; },
                               [](const PodMetricsCheck&) { return "podMetrics"; },
                               [](const ExternalMetricCheck&) { return "externalMetric"; }},
                    kind);
}

Duration timeout_of(const CheckKind& kind) {
  return std::visit(Overloaded{[](const HttpCheck& check) { return check.timeout; },
                               [](const PodMetricsCheck& check) { return check.timeout; },
                               [](const ExternalMetricCheck& check) { return check.timeout; },
                               [](const auto& check) { return check.server.timeout; }},
                    kind);
}

Duration minimum_bake_of(const PolicySpec& spec) {
  constexpr int default_divisor = 4;
  return spec.minimum_bake.value_or(spec.bake_time / default_divisor);
}

}  // namespace lastgood::api
