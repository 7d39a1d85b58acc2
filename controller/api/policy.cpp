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

std::string question_of(const HttpCheck& http) {
  std::string text = fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n", to_string(http.target),
                                 http.scheme, http.port, http.path, http.service, http.url,
                                 http.timeout.count(), http.max_failing_percent);
  for (const StatusRange& range : http.expected)
    text += fmt::format("{}-{}\n", range.from, range.to);
  return text;
}

// The length before each text keeps two different checks from having the same digest.
std::string question_of(const PrometheusCheck& check) {
  std::string text = fmt::format("prometheus\n{}\n{}\n{}\n{}\n{}\n{}\n", check.query.size(),
                                 check.query, check.address.size(), check.address,
                                 static_cast<int>(check.fail_if.operation), check.fail_if.limit);
  if (const auto& traffic = check.minimum_traffic)
    text += fmt::format("{}\n{}\n{}\n", traffic->query.size(), traffic->query, traffic->at_least);
  return text;
}

}  // namespace

const char* to_string(Mode mode) { return spelling_of(modes, mode); }
std::optional<Mode> parse_mode(std::string_view text) { return parse_spelling(modes, text); }

const char* to_string(HttpTarget target) { return spelling_of(targets, target); }
std::optional<HttpTarget> parse_http_target(std::string_view text) {
  return parse_spelling(targets, text);
}

std::string config_hash_of(const CheckKind& kind) {
  return digest_of(std::visit([](const auto& check) { return question_of(check); }, kind));
}

const char* kind_name_of(const CheckKind& kind) {
  return std::visit(Overloaded{[](const HttpCheck&) { return "http"; },
                               [](const PrometheusCheck&) { return "prometheus"; }},
                    kind);
}

Duration timeout_of(const CheckKind& kind) {
  return std::visit([](const auto& check) { return check.timeout; }, kind);
}

Duration minimum_bake_of(const PolicySpec& spec) {
  constexpr int default_divisor = 4;
  return spec.minimum_bake.value_or(spec.bake_time / default_divisor);
}

}  // namespace lastgood::api
