// Implements the port KubeApi over HTTP/1.1 and TLS. The calls of each lane share a few
// connections. Each stream has its own connection.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "net/kube_identity.hpp"
#include "net/kubeconfig.hpp"
#include "ports/kube_api.hpp"
#include "ports/telemetry.hpp"

namespace lastgood::net {

// The connections for the calls of each lane. Further calls wait in the order of arrival. The
// leader election never waits for a connection, because it has one call in flight.
struct LaneConnections {
  std::size_t normal = 8;
  std::size_t background = 4;
  std::size_t rollback = 8;
  std::size_t lease = 1;
};

struct KubeClientLimits {
  LaneConnections connections = {};
  std::size_t body_bytes = std::size_t{64} * 1024 * 1024;  // of the response to a call
  std::size_t header_bytes = std::size_t{64} * 1024;
  Duration connect_timeout{10'000};  // for the start of a stream; a call has its own timeout
  Duration max_idle{50'000};         // an idle connection is not reused after this time
  Duration reread_interval{50'000};  // after it, the files of the credentials are read again
};

class KubeClient final : public ports::KubeApi {
 public:
  // Does not connect yet. Tls or BadInput if the certificate, the key, the authorities or the token
  // cannot be used. `telemetry` may be null. The telemetry and the io_context of `executor` must
  // outlive the client. `reload` reads the credentials again, see KubeIdentity.
  [[nodiscard]] static Result<std::unique_ptr<KubeClient>> create(
      boost::asio::any_io_executor executor, Credentials credentials, ports::Telemetry* telemetry,
      KubeClientLimits limits = {}, KubeIdentity::Reload reload = {});
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

  // `on_date` is called with the Date header of each response whose head arrived within 2 s.
  void report_dates(std::function<void(Time)> on_date);

  // When a request last had a response other than 401 or a server error (5xx), or when the client
  // was created.
  [[nodiscard]] std::chrono::steady_clock::time_point last_success() const;

  // Closes every connection. Every call and stream that waits or is in flight fails with Cancelled.
  void stop();

 private:
  class Impl;
  explicit KubeClient(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace lastgood::net
