#include "codec/policy_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "codec/policy_metrics_checks.hpp"
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
  if (!is_request_path(check.path))
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

constexpr std::array kinds = {"http",  "prometheus", "prometheusRule",
                              "alert", "podMetrics", "externalMetric"};

// The name of the kind that the check has. Sets the error if it has none, or more than one.
std::string_view kind_of(const Reader& reader) {
  std::string_view found;
  for (const char* kind : kinds) {
    if (!reader.has(kind)) continue;
    if (!found.empty()) reader.set_error(kind, fmt::format("cannot be combined with {}", found));
    found = kind;
  }
  if (found.empty()) {
    reader.set_error("http",
                     fmt::format("is missing; each check needs one of {}", fmt::join(kinds, ", ")));
    return "http";
  }
  return found;
}

CheckKind read_kind(const Reader& reader, std::string_view kind, Duration interval) {
  if (kind == "prometheus") return read_prometheus(reader.object("prometheus"), interval);
  if (kind == "prometheusRule")
    return read_prometheus_rule(reader.object("prometheusRule"), interval);
  if (kind == "alert") return read_alert(reader.object("alert"), interval);
  if (kind == "podMetrics") return read_pod_metrics(reader.object("podMetrics"), interval);
  if (kind == "externalMetric")
    return read_external_metric(reader.object("externalMetric"), interval);
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
  check.initial_delay =
      reader.parsed("initialDelay", check.initial_delay, duration_within(Duration{0}, hours{24}));
  check.on_no_data = read_enum(reader, "onNoData", check.on_no_data, parse_on_no_data);
  const std::string kind(kind_of(reader));
  check.kind = read_kind(reader, kind, check.interval);
  if (timeout_of(check.kind) > check.interval) {
    reader.object(kind.c_str())
        .set_error("timeout", fmt::format("{} is longer than the interval of {}",
                                          format_duration(timeout_of(check.kind)),
                                          format_duration(check.interval)));
  }
  return check;
}

}  // namespace lastgood::codec
