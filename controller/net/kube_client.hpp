// Implements the port KubeApi over HTTP/1.1 and TLS. Calls share a few connections. Each stream has
// its own connection.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <memory>
#include <string>

#include "net/kubeconfig.hpp"
#include "ports/kube_api.hpp"
#include "ports/telemetry.hpp"

namespace lastgood::net {

struct KubeClientLimits {
  std::size_t connections = 8;  // for calls; further calls wait in the order of arrival
  std::size_t body_bytes = std::size_t{64} * 1024 * 1024;  // of the response to a call
  std::size_t header_bytes = std::size_t{64} * 1024;
  Duration connect_timeout{10'000};        // for the start of a stream; a call has its own timeout
  Duration max_idle{50'000};               // an idle connection is not reused after this time
  Duration token_reread_interval{50'000};  // the token file is read again after this time
};

class KubeClient final : public ports::KubeApi {
 public:
  // Does not connect yet. Tls or BadInput if the certificate, the key, the authorities or the token
  // cannot be used. `telemetry` may be null. The telemetry and the io_context of `executor` must
  // outlive the client.
  [[nodiscard]] static Result<std::unique_ptr<KubeClient>> create(
      boost::asio::any_io_executor executor, Credentials credentials, ports::Telemetry* telemetry,
      KubeClientLimits limits = {});
  ~KubeClient() override;

  // call() and stream() fail with Cancelled after stop(), and throw
  // boost::system::system_error(operation_aborted) if the coroutine is cancelled. A write whose
  // connection breaks after the first byte fails with ConnectionClosed: the server may have
  // executed the write.
  boost::asio::awaitable<Result<std::string>> call(ports::ApiCall call, Duration timeout) override;
  boost::asio::awaitable<Result<ports::ResponseWithWarnings>> call_with_warnings(
      ports::ApiCall call, Duration timeout) override;
  boost::asio::awaitable<Result<void>> stream(
      ports::ApiCall call, Duration idle_timeout,
      std::function<bool(std::string_view)> on_bytes) override;

  // Closes every connection. Every call and stream that waits or is in flight fails with Cancelled.
  void stop();

 private:
  class Impl;
  explicit KubeClient(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace lastgood::net
