// Single values: durations, times, numbers, quantities, URLs, names, base64, headers and PEM.
#include <bit>
#include <cmath>
#include <string>

#include "checks/exposition.hpp"
#include "checks/extra_headers.hpp"
#include "checks/pem.hpp"
#include "codec/base64.hpp"
#include "codec/http_header.hpp"
#include "codec/prometheus_rule.hpp"
#include "codec/quantity.hpp"
#include "codec/rules_api.hpp"
#include "codec/values.hpp"
#include "fuzz.hpp"

using namespace lastgood;
using namespace lastgood::fuzz;
using namespace lastgood::codec;

namespace {

constexpr std::size_t max_error = 4096;

template <class T>
bool accepts(const Result<T>& result) {
  if (!result) require_message(result.error().message, max_error);
  return result.has_value();
}

void read_durations(std::string_view text) {
  if (const auto duration = parse_duration(text); accepts(duration)) {
    require(*duration >= Duration::zero(), "a duration is not negative");
    const auto again = parse_duration(format_duration(*duration));
    require(again && *again == *duration, "a duration that is printed is read back");
  }
  if (const auto duration = parse_prometheus_duration(text); accepts(duration))
    require(*duration >= Duration::zero(), "a duration of Prometheus is not negative");
}

void read_times(std::string_view text) {
  const auto time = parse_rfc3339(text);
  if (!time) return;
  require(parse_rfc3339(format_rfc3339_millis(*time)) == time, "a time is read back");
  require(parse_rfc3339(format_micro_time(*time)) == time, "a MicroTime is read back");
  require(parse_rfc3339(format_rfc3339(*time)) == std::chrono::floor<std::chrono::seconds>(*time),
          "a metav1.Time is read back");
}

void read_numbers(std::string_view text) {
  if (const auto number = parse_number(text)) {
    const auto again = parse_number(format_number(*number));
    require(again && (*again == *number || (std::isnan(*again) && std::isnan(*number))),
            "a number that is printed is read back");
  }
  if (const auto number = parse_comparable_number(text))
    require(!std::isnan(*number), "a number that is compared is not NaN");
  if (const auto quantity = parse_quantity(text))
    require(std::isfinite(*quantity), "a quantity is finite");
  static_cast<void>(checks::parse_sample_value(text));
  if (const auto whole = parse_whole(text, -5, 1000); accepts(whole))
    require(*whole >= -5 && *whole <= 1000, "a whole number has limits");
  if (const auto percent = parse_percent(text); accepts(percent))
    require(*percent >= 0 && *percent <= 99, "a percentage has limits");
}

void read_rules(std::string_view text) {
  if (const auto ranges = parse_status_ranges(text); accepts(ranges)) {
    const auto again = parse_status_ranges(format_status_ranges(*ranges));
    require(again && *again == *ranges, "ranges that are printed are read back");
  }
  if (const auto rule = parse_comparison(text); accepts(rule)) {
    const auto again = parse_comparison(to_string(*rule));
    require(again && *again == *rule, "a comparison that is printed is read back");
  }
}

void read_url(std::string_view text) {
  const auto url = parse_http_url(text);
  if (!accepts(url)) return;
  require(!url->host.empty() && url->port != 0, "a URL has a host and a port");
  require(url->target.starts_with('/'), "a URL has a path");
  const std::string printed =
      (url->tls ? "https://" : "http://") + authority(url->host, url->port) + url->target;
  const auto again = parse_http_url(printed);
  require(again && *again == *url, "a URL that is printed is read back");
  require(valid_header_value(host_header(url->host, url->port, url->tls)), "a host is a header");
}

void read_bytes(std::string_view text) {
  require(decode_base64(encode_base64(text)) == std::string(text), "base64 is decoded");
  if (const auto bytes = decode_base64(text))
    require(decode_base64(encode_base64(*bytes)) == *bytes, "decoded base64 is encoded");
  static_cast<void>(checks::certificates_problem(text));
  static_cast<void>(checks::private_key_problem(text));
  const auto headers = checks::parse_extra_headers(text, checks::OwnAuthorization::Yes);
  if (!accepts(headers)) return;
  require(headers->size() <= checks::max_extra_headers, "the headers have a limit");
  for (const api::HttpHeader& header : *headers)
    require(valid_header_name(header.name) && valid_header_value(header.value),
            "a header is valid");
}

void read_text(std::string_view text) {
  require(clip(text, 10).size() <= 10, "clipped text has a limit");
  require(on_one_line(text, ' ').find('\n') == std::string::npos, "one line has no line break");
  require(in_quotes(text).find('\n') == std::string::npos, "quoted text has no line break");
  const auto json = parse_json("\"" + json_escaped(text) + "\"");
  require(json && json->is_string(), "escaped text is a string of JSON");
  const std::string encoded = percent_encoded(text);
  require(valid_header_value(encoded) && !encoded.contains(' '), "encoded text is one word");
  static_cast<void>(is_dns_label(text) && is_dns_subdomain(text));
  static_cast<void>(parse_rule_health(text));
  static_cast<void>(parse_alert_state(text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  read_durations(text);
  read_times(text);
  read_numbers(text);
  read_rules(text);
  read_url(text);
  read_bytes(text);
  read_text(text);
  return 0;
}
