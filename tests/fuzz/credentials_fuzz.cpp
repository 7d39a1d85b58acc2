// The Secret with the credentials of a metrics server, and the response of a token server.
// The text has one key on each line: "key: value". In a value, "\n" is a line break.
#include <string>

#include "checks/credentials.hpp"
#include "codec/http_header.hpp"
#include "fuzz.hpp"

using namespace lastgood;
using namespace lastgood::fuzz;
using namespace lastgood::checks;

namespace {

std::string with_line_breaks(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_break = text.substr(i).starts_with("\\n");
    out += is_break ? '\n' : text[i];
    if (is_break) ++i;
  }
  return out;
}

api::StringMap data_of(std::string_view text) {
  api::StringMap data;
  for (const std::string_view line : lines_of(text)) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    data.emplace(line.substr(0, colon), with_line_breaks(line.substr(colon + 2)));
  }
  return data;
}

void read_token(std::string_view body) {
  const api::HttpResponse response{.outcome = api::ProbeOutcome::Answered,
                                   .status = 200,
                                   .content_type = "application/json",
                                   .body = std::string(body)};
  const MonotonicTime now{std::chrono::hours(1)};
  const auto token = parse_token_response(response, now);
  const Duration lifetime = token_lifetime(token, now);
  require(lifetime >= Duration::zero() && lifetime <= max_token_lifetime, "a token has a lifetime");
  if (!token) {
    require(token.error().reason != api::Reason::None, "a missing token has a reason");
    return require_message(token.error().message, 400);
  }
  require(!token->text.empty() && codec::valid_header_value(token->text), "a token is a header");
  require(token->renew_at >= now, "a token is not renewed before its request");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  read_token(text);
  const auto credentials = parse_credentials(data_of(text));
  if (!credentials) {
    require(credentials.error().kind == ErrorKind::BadInput, "invalid credentials are BadInput");
    require_message(credentials.error().message, 1024);
    return 0;
  }
  for (const api::HttpHeader& header : credentials->headers)
    require(codec::valid_header_name(header.name) && codec::valid_header_value(header.value),
            "a header is valid");
  if (const auto* bearer = std::get_if<BearerToken>(&credentials->authorization))
    require(!bearer->text.empty() && codec::valid_header_value(bearer->text),
            "a token is a header");
  if (const auto* client = std::get_if<OAuth2Client>(&credentials->authorization)) {
    const api::HttpCall call = plan_token_request(*client, std::chrono::seconds(5));
    require(call.target.starts_with('/') && !call.host.empty(), "a token server has an address");
    for (const api::HttpHeader& header : call.headers)
      require(codec::valid_header_value(header.value), "a header of a token request is valid");
  }
  return 0;
}
