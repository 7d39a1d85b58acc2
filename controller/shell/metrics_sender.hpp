// Sends all requests to metrics servers, with the credentials of the server. The credentials and
// the OAuth2 tokens are cached, and all checks share the cache. Equal requests share a response: a
// request that equals one in flight waits for the response of that one, and a response is used
// again for 500 ms. So a rule about all applications is evaluated at most twice a second, for any
// number of Deployments.
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
  // `folder` is that of --prometheus-credentials; empty: none.
  MetricsSender(runtime::Gateway& gateway, ports::Files& files, ports::HttpClient& http,
                ports::Clock& clock, std::string folder);

  // How long a response is used for equal requests. Each check has an interval of at least 1 s, so
  // it never counts the same response twice.
  static constexpr Duration max_shared_age = std::chrono::milliseconds(500);

  // Sends `call`, which was planned without credentials, to the server of a check. `namespace_`: of
  // the policy. Fails if the credentials or the token cannot be used. Then nothing was sent to the
  // server, and the error is the reason and the message of the measurement. An error of the server
  // itself is a response.
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
