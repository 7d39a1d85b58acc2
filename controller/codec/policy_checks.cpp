#include "codec/policy_checks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "codec/promql.hpp"
#include "codec/shared_fields.hpp"
#include "codec/values.hpp"

namespace lastgood::codec {

using namespace api;
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// If `target` is absent: Url if `url` is set, else Service if `service` is set, else Pods.
HttpTarget target_of(const Reader& http) {
  const HttpTarget implied = http.has("url")       ? HttpTarget::Url
                             : http.has("service") ? HttpTarget::Service
                                                   : HttpTarget::Pods;
  return read_enum(http, "target", implied, parse_http_target);
}

constexpr std::size_t max_path_size = 1024;  // bytes

bool is_path(std::string_view text) {
  const auto printable = [](char c) { return c > ' ' && c < 0x7F; };
  return text.starts_with('/') && text.size() <= max_path_size &&
         std::ranges::all_of(text, printable);
}

void read_target(const Reader& http, HttpCheck& check) {
  check.target = target_of(http);
  if (check.target == HttpTarget::Url) {
    check.url = http.text("url");
    const auto url = parse_http_url(check.url);
    if (!url) http.set_error("url", url.error().message);
    for (const char* key : {"port", "path", "scheme", "service"}) {
      if (http.has(key)) http.set_error(key, "cannot be combined with url");
    }
    return;
  }
  if (http.has("url"))
    http.set_error("url",
                   fmt::format("cannot be combined with target {}", to_string(check.target)));
  if (!http.has("port"))
    http.set_error("port",
                   fmt::format("is missing, but target {} needs it", to_string(check.target)));
  check.port = static_cast<std::uint16_t>(http.int_or("port", 1, 1, 65535));
  check.path = http.has("path") ? http.text("path") : "/";
  if (!is_path(check.path))
    http.set_error("path", in_quotes(check.path) + R"( must begin with "/" and have no spaces)");
  check.scheme = http.has("scheme") ? http.text("scheme") : "http";
  if (check.scheme != "http" && check.scheme != "https")
    http.set_error("scheme", in_quotes(check.scheme) + " is not http or https");
  check.service = http.text("service");
  if (check.target == HttpTarget::Service && !is_dns_label(check.service)) {
    http.set_error("service", in_quotes(check.service) +
                                  " is not a valid name of a Service; target Service needs one");
  }
  if (check.target == HttpTarget::Pods && !check.service.empty())
    http.set_error("service", "needs target Service");
}

HttpCheck read_http(const Reader& http, Duration interval) {
  HttpCheck check;
  read_target(http, check);
  check.expected = http.parsed("expectedStatus", check.expected, parse_status_ranges);
  check.timeout = http.parsed("timeout", std::min(check.timeout, interval),
                              duration_within(Duration{100}, minutes{1}));
  check.max_failing_percent =
      http.parsed("maxFailingPods", check.max_failing_percent, parse_percent);
  return check;
}

std::string read_query(const Reader& reader, const char* key) {
  std::string query = reader.text(key);
  if (!reader.has(key))
    reader.set_error(key, "is missing; use a PromQL expression with one value as its result");
  else if (const auto use = validate_query(query); !use)
    reader.set_error(key, use.error().message);
  return query;
}

PrometheusCheck read_prometheus(const Reader& reader, Duration interval) {
  PrometheusCheck check;
  check.query = read_query(reader, "query");
  if (!reader.has("failIf"))
    reader.set_error("failIf", R"(is missing; use a comparison such as "> 0.05")");
  check.fail_if = reader.parsed("failIf", check.fail_if, parse_comparison);
  if (reader.has("minimumTraffic")) {
    const Reader traffic = reader.object("minimumTraffic");
    check.minimum_traffic = MinimumTraffic{.query = read_query(traffic, "query"),
                                           .at_least = traffic.number("atLeast")};
  }
  check.address = reader.text("address");
  if (const auto url = parse_http_url(check.address); !check.address.empty() && !url)
    reader.set_error("address", url.error().message);
  check.timeout = reader.parsed("timeout", std::min(check.timeout, interval),
                                duration_within(Duration{100}, minutes{1}));
  return check;
}

CheckKind read_kind(const Reader& reader, Duration interval) {
  const bool is_http = reader.has("http");
  if (is_http == reader.has("prometheus"))
    reader.set_error(is_http ? "prometheus" : "http",
                     is_http ? "cannot be combined with http"
                             : "is missing, but each check needs http or prometheus");
  if (reader.has("prometheus")) return read_prometheus(reader.object("prometheus"), interval);
  return read_http(reader.object("http"), interval);
}

}  // namespace

Check read_check(const Reader& reader) {
  Check check;
  check.name = reader.text("name");
  if (!is_dns_label(check.name)) {
    reader.set_error(
        "name",
        in_quotes(check.name) +
            R"( must have at most 63 lower case letters, digits and "-", such as "health")");
  }
  if (check.name == "rollout")
    reader.set_error("name", R"("rollout" is the name of the built-in check)");
  check.interval = reader.parsed("interval", check.interval, duration_within(seconds{1}, hours{1}));
  check.fail_for = reader.parsed("for", check.fail_for, duration_within(Duration{0}, hours{24}));
  check.failure_threshold = reader.int_or("failureThreshold", check.failure_threshold, 1, 100);
  check.kind = read_kind(reader, check.interval);
  if (timeout_of(check.kind) > check.interval) {
    const char* kind = reader.has("prometheus") ? "prometheus" : "http";
    reader.object(kind).set_error("timeout", fmt::format("{} is longer than the interval of {}",
                                                         format_duration(timeout_of(check.kind)),
                                                         format_duration(check.interval)));
  }
  return check;
}

}  // namespace lastgood::codec
