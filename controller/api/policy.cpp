#include "api/policy.hpp"

#include <fmt/format.h>

#include "api/enums.hpp"
#include "base/digest.hpp"

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

}  // namespace

const char* to_string(Mode mode) { return spelling_of(modes, mode); }
std::optional<Mode> parse_mode(std::string_view text) { return parse_spelling(modes, text); }

const char* to_string(HttpTarget target) { return spelling_of(targets, target); }
std::optional<HttpTarget> parse_http_target(std::string_view text) {
  return parse_spelling(targets, text);
}

std::string config_hash_of(const HttpCheck& http) {
  std::string text = fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n", to_string(http.target),
                                 http.scheme, http.port, http.path, http.service, http.url,
                                 http.timeout.count(), http.max_failing_percent);
  for (const StatusRange& range : http.expected)
    text += fmt::format("{}-{}\n", range.from, range.to);
  return digest_of(text);
}

Duration minimum_bake_of(const PolicySpec& spec) {
  constexpr int default_divisor = 4;
  return spec.minimum_bake.value_or(spec.bake_time / default_divisor);
}

}  // namespace lastgood::api
