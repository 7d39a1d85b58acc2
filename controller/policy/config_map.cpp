#include "policy/config_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "base/text.hpp"
#include "codec/values.hpp"

namespace lastgood::policy {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view url_key = "health_check_url";
constexpr std::string_view threshold_key = "failure_threshold";
constexpr std::string_view interval_key = "check_interval";
constexpr std::array valid_keys = {url_key, threshold_key, interval_key};

std::string_view example(std::string_view key) {
  if (key == url_key) return R"("http://myapp:8080/health")";
  return key == threshold_key ? R"("3")" : R"("30s")";
}

// Returns the same text for healthCheckUrl, health-check-url and HEALTH_CHECK_URL.
std::string normalized(std::string_view text) {
  std::string out = lowered(text.substr(0, 64));
  std::erase_if(out, [](char c) { return c == '_' || c == '-' || c == '.'; });
  return out;
}

// The valid key that the user probably meant. Nothing if `key` is valid or of another program.
std::optional<std::string_view> intended_key(std::string_view key) {
  constexpr std::size_t max_distance = 2;  // edits of one character
  if (std::ranges::find(valid_keys, key) != valid_keys.end()) return std::nullopt;
  for (const std::string_view valid_key : valid_keys) {
    if (edit_distance(normalized(key), normalized(valid_key)) <= max_distance) return valid_key;
  }
  return std::nullopt;
}

std::unexpected<Error> bad_input(std::string message) {
  return fail(ErrorKind::BadInput, std::move(message));
}

template <class Parse>
auto read(const api::StringMap& data, std::string_view key, Parse parse) -> decltype(parse(""sv)) {
  const auto found = data.find(std::string(key));
  if (found == data.end())
    return bad_input(fmt::format("{} is missing; set it to a value such as {}", key, example(key)));
  auto value = parse(trimmed(found->second));
  if (!value) return bad_input(fmt::format("{}: {}", key, value.error().message));
  return value;
}

}  // namespace

Result<api::PolicySpec> policy_spec_of(const api::ConfigMap& config_map) {
  for (const auto& [key, value] : config_map.data) {
    if (const auto valid_key = intended_key(key)) {
      return bad_input(
          fmt::format("{} is not a valid key; did you mean {}?", in_quotes(key), *valid_key));
    }
  }
  api::Check check{.name = "health"};
  api::http_of(check).target = api::HttpTarget::Url;

  const auto url = read(config_map.data, url_key, [](std::string_view text) -> Result<std::string> {
    const auto parsed = codec::parse_http_url(text);
    if (!parsed) return std::unexpected(parsed.error());
    return std::string(text);
  });
  if (!url) return std::unexpected(url.error());
  api::http_of(check).url = *url;

  const auto threshold = read(config_map.data, threshold_key, [](std::string_view text) {
    return codec::parse_whole(text, 1, 100);
  });
  if (!threshold) return std::unexpected(threshold.error());
  check.failure_threshold = *threshold;

  const auto interval = read(config_map.data, interval_key, [](std::string_view text) {
    return codec::parse_duration_within(text, std::chrono::seconds{1}, std::chrono::hours{1});
  });
  if (!interval) return std::unexpected(interval.error());
  check.interval = *interval;
  api::http_of(check).timeout = std::min(api::http_of(check).timeout, check.interval);

  api::PolicySpec spec;
  spec.checks.push_back(std::move(check));
  return spec;
}

ConfigMapRead usable_read(const std::optional<ConfigMapRead>& previous,
                          const ConfigMapRead& latest) {
  const bool failed_temporarily = !latest.result &&
                                  latest.result.error().kind != ErrorKind::NotFound &&
                                  latest.result.error().kind != ErrorKind::Forbidden;
  const bool has_success = previous && previous->name == latest.name && previous->result;
  if (!failed_temporarily || !has_success) return latest;
  return {.name = latest.name, .result = previous->result, .at = latest.at};
}

}  // namespace lastgood::policy
