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
constexpr std::array keys = {url_key, threshold_key, interval_key};

std::string_view example(std::string_view key) {
  if (key == url_key) return R"("http://myapp:8080/health")";
  return key == threshold_key ? R"("3")" : R"("30s")";
}

// healthCheckUrl, health-check-url and HEALTH_CHECK_URL are the same word.
std::string bare(std::string_view text) {
  std::string out = lowered(text.substr(0, 64));
  std::erase_if(out, [](char c) { return c == '_' || c == '-' || c == '.'; });
  return out;
}

std::optional<std::string_view> misspelt(std::string_view found) {
  constexpr std::size_t few = 2;
  for (const std::string_view key : keys) {
    if (found == key) return std::nullopt;
  }
  for (const std::string_view key : keys) {
    if (edit_distance(bare(found), bare(key)) <= few) return key;
  }
  return std::nullopt;
}

std::unexpected<Error> bad(std::string message) {
  return fail(ErrorKind::BadInput, std::move(message));
}

template <class Parse>
auto read(const api::StringMap& data, std::string_view key, Parse parse) -> decltype(parse(""sv)) {
  const auto found = data.find(std::string(key));
  if (found == data.end())
    return bad(fmt::format("{} is missing: it must be set, such as {}", key, example(key)));
  auto value = parse(trimmed(found->second));
  if (!value) return bad(fmt::format("{}: {}", key, value.error().message));
  return value;
}

}  // namespace

Result<api::PolicySpec> spec_of(const api::ConfigMap& config_map) {
  for (const auto& [found, value] : config_map.data) {
    if (const auto key = misspelt(found)) {
      return bad(fmt::format("{} is not a key; did you mean {}?", in_quotes(found), *key));
    }
  }
  api::Check check{.name = "health"};
  check.http.target = api::HttpTarget::Url;

  const auto url = read(config_map.data, url_key, [](std::string_view text) -> Result<std::string> {
    const auto parsed = codec::parse_http_url(text);
    if (!parsed) return std::unexpected(parsed.error());
    return std::string(text);
  });
  if (!url) return std::unexpected(url.error());
  check.http.url = *url;

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
  check.http.timeout = std::min(check.http.timeout, check.interval);

  api::PolicySpec spec;
  spec.checks.push_back(std::move(check));
  return spec;
}

ReadConfigMap newest_answer(const std::optional<ReadConfigMap>& before, const ReadConfigMap& now) {
  const bool says_nothing = !now.answer && now.answer.error().kind != ErrorKind::NotFound &&
                            now.answer.error().kind != ErrorKind::Forbidden;
  const bool was_good = before && before->name == now.name && before->answer;
  if (!says_nothing || !was_good) return now;
  return {.name = now.name, .answer = before->answer, .at = now.at};
}

}  // namespace lastgood::policy
