// MetricsSender::send(): the one way to send a request to a metrics server, with its credentials.
// The credentials and the OAuth2 tokens are cached, and all checks share the cache. A request that
// equals one in flight, or one whose response is at most 500 ms old, gets the same response: a
// rule about all applications is evaluated twice a second at most, for any number of Deployments.
// Private to shell/.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <expected>
#include <string>

#include "api/call.hpp"
#include "api/policy.hpp"
#include "checks/credentials_source.hpp"
#include "checks/prometheus_answer.hpp"
#include "ports/clock.hpp"
#include "ports/files.hpp"
#include "ports/http_client.hpp"
#include "runtime/gateway.hpp"
#include "shell/read_cache.hpp"

namespace lastgood::shell {

class MetricsSender {
 public:
  // `folder`: with the credentials of the chart; empty: none.
  MetricsSender(runtime::Gateway& gateway, ports::Files& files, ports::HttpClient& http,
                ports::Clock& clock, std::string folder);

  // How long a response is used for equal requests. It is shorter than each interval, so a check
  // never counts the same response twice.
  static constexpr Duration max_shared_age = std::chrono::milliseconds(500);

  // Sends `call`, which was planned without credentials for this server of a check. `namespace_`:
  // of the policy. The error is the reason and the message of a measurement: the credentials or the
  // token cannot be used, so nothing was sent to the server. An error of the server itself is a
  // response.
  boost::asio::awaitable<std::expected<api::HttpResponse, checks::MissingValue>> send(
      const api::MetricsServer& server, const std::string& namespace_, api::HttpCall call);

 private:
  boost::asio::awaitable<std::expected<api::HttpResponse, checks::MissingValue>> send_unshared(
      const api::MetricsServer& server, const std::string& namespace_, api::HttpCall call);
  boost::asio::awaitable<checks::CredentialsRead> credentials(const api::MetricsServer& server,
                                                              const std::string& namespace_);
  // An empty token if the credentials are not OAuth2.
  boost::asio::awaitable<checks::TokenRead> token(const checks::MetricsCredentials& credentials,
                                                  Duration timeout);
  boost::asio::awaitable<std::expected<api::HttpResponse, checks::MissingValue>> send_with(
      const checks::MetricsCredentials& credentials, const checks::AccessToken& token,
      const api::HttpCall& call);

  runtime::Gateway& gateway_;
  ports::Files& files_;
  ports::HttpClient& http_;
  ports::Clock& clock_;
  std::string folder_;
  ReadCache<checks::CredentialsRead> credentials_;
  ReadCache<checks::TokenRead> tokens_;
  ReadCache<std::expected<api::HttpResponse, checks::MissingValue>> responses_;
};

}  // namespace lastgood::shell
