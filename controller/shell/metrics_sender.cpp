#include "shell/metrics_sender.hpp"

#include <fmt/format.h>

#include "checks/authorized_call.hpp"
#include "kube/paths.hpp"

namespace lastgood::shell {

namespace asio = boost::asio;
using Response = std::expected<api::HttpResponse, checks::MissingValue>;

namespace {

// Equal for equal requests with the same credentials. The folder of --prometheus-credentials is no
// part of it, because only the address of the server decides whether the folder is used.
std::string identity_of(const api::MetricsServer& server, const std::string& namespace_,
                        const api::HttpCall& call) {
  return fmt::format("{}\n{}\n{}\n{} {} {}:{} {}\n{}\n{}",
                     server.credentials.empty() ? "" : namespace_, server.credentials,
                     server.address, call.method, call.tls ? "https" : "http", call.host, call.port,
                     call.target, call.timeout.count(), call.body);
}

}  // namespace

MetricsSender::MetricsSender(runtime::Gateway& gateway, ports::Files& files,
                             ports::HttpClient& http, ports::Clock& clock, std::string folder)
    : gateway_(gateway),
      files_(files),
      http_(http),
      clock_(clock),
      folder_(std::move(folder)),
      credentials_(clock),
      tokens_(clock),
      responses_(clock) {}

asio::awaitable<checks::CredentialsRead> MetricsSender::credentials(
    const api::MetricsServer& server, const std::string& namespace_) {
  const checks::CredentialsSource source = checks::credentials_source(server, namespace_, folder_);
  if (std::holds_alternative<checks::NoCredentials>(source)) co_return checks::MetricsCredentials{};
  if (const auto* secret = std::get_if<checks::CredentialsSecret>(&source)) {
    const Key key = secret->key;
    const auto read = [this, key]() -> asio::awaitable<checks::CredentialsRead> {
      const auto object = co_await gateway_.read(kube::get(kube::Resource::Secret, key));
      co_return checks::credentials_of_secret(object, key);
    };
    co_return co_await credentials_.get(key.str(), read, checks::credentials_lifetime);
  }
  const auto read = [this]() -> asio::awaitable<checks::CredentialsRead> {
    co_return checks::credentials_of_folder(files_.read_folder(folder_));
  };
  co_return co_await credentials_.get("", read, checks::credentials_lifetime);
}

asio::awaitable<checks::TokenRead> MetricsSender::token(
    const checks::MetricsCredentials& credentials, Duration timeout) {
  const checks::OAuth2Client* client = checks::oauth2_of(credentials);
  if (client == nullptr) co_return checks::AccessToken{};
  const auto read = [this, &credentials, client, timeout]() -> asio::awaitable<checks::TokenRead> {
    const MonotonicTime requested_at = clock_.monotonic_now();
    api::HttpResponse response = co_await http_.call(checks::plan_token_request(*client, timeout));
    response = checks::without_secrets(std::move(response), credentials, "");
    co_return checks::parse_token_response(response, requested_at);
  };
  const auto lifetime = [this](const checks::TokenRead& token) {
    return checks::token_lifetime(token, clock_.monotonic_now());
  };
  co_return co_await tokens_.get(checks::identity_of(*client), read, lifetime);
}

asio::awaitable<Response> MetricsSender::send_with(const checks::MetricsCredentials& credentials,
                                                   const checks::AccessToken& token,
                                                   const api::HttpCall& call) {
  auto authorized = checks::with_credentials(call, credentials, token.text, clock_.now());
  if (!authorized) co_return std::unexpected(checks::unusable_credentials(authorized.error()));
  api::HttpResponse response = co_await http_.call(*std::move(authorized));
  co_return checks::without_secrets(std::move(response), credentials, token.text);
}

asio::awaitable<Response> MetricsSender::send(const api::MetricsServer& server,
                                              const std::string& namespace_, api::HttpCall call) {
  std::string identity = identity_of(server, namespace_, call);
  const auto read = [&]() { return send_unshared(server, namespace_, call); };
  const auto lifetime = [](const Response&) { return max_shared_age; };
  co_return co_await responses_.get(std::move(identity), read, lifetime);
}

asio::awaitable<Response> MetricsSender::send_unshared(const api::MetricsServer& server,
                                                       const std::string& namespace_,
                                                       api::HttpCall call) {
  const checks::CredentialsRead credentials = co_await this->credentials(server, namespace_);
  if (!credentials) co_return std::unexpected(credentials.error());
  const checks::TokenRead token = co_await this->token(*credentials, call.timeout);
  if (!token) co_return std::unexpected(token.error());
  Response response = co_await send_with(*credentials, *token, call);
  if (!response || !checks::replaces_token(*response, *credentials, *token, clock_.monotonic_now()))
    co_return response;
  // The server rejects the token before it expires: send the call once more, with a new token.
  tokens_.drop(checks::identity_of(*checks::oauth2_of(*credentials)), token);
  const checks::TokenRead renewed = co_await this->token(*credentials, call.timeout);
  if (!renewed) co_return std::unexpected(renewed.error());
  co_return co_await send_with(*credentials, *renewed, call);
}

}  // namespace lastgood::shell
