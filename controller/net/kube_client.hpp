// The port KubeApi over HTTP/1.1 and TLS: a few kept connections for calls, one connection for each stream.
// Knows nothing of what a call means: what to do about an Error is the caller's.
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
  std::size_t connections = 8;                             // for calls; further callers wait in their order
  std::size_t body_bytes = std::size_t{64} * 1024 * 1024;  // of one answer
  std::size_t header_bytes = std::size_t{64} * 1024;
  Duration connect_timeout{10'000};  // of a stream; a call has its own timeout for everything
  Duration keep_idle{50'000};        // an idle connection older than this is not used again
  Duration token_lifetime{50'000};   // a token file is read again after this
};

class KubeClient final : public ports::KubeApi {
 public:
  // Fails (Tls or BadInput) where certificate, key or authorities cannot be used. Connects to nothing yet.
  // `telemetry` may be null; it and what runs `executor` must outlive the client.
  [[nodiscard]] static Result<std::unique_ptr<KubeClient>> create(boost::asio::any_io_executor executor, Credentials credentials,
                                                                  ports::Telemetry* telemetry, KubeClientLimits limits = {});
  ~KubeClient() override;

  // Both end by boost::system::system_error(operation_aborted) when their coroutine is cancelled, and with Error Cancelled
  // after stop(). A write whose connection broke once a byte was sent is Closed: it may have been done.
  boost::asio::awaitable<Result<std::string>> call(ports::ApiCall call, Duration timeout) override;
  boost::asio::awaitable<Result<void>> stream(ports::ApiCall call, Duration idle_timeout,
                                              std::function<bool(std::string_view)> on_bytes) override;

  // Closes what is idle and in flight; every call and stream, waiting or not, ends with Cancelled.
  void stop();

 private:
  class Impl;
  explicit KubeClient(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace lastgood::net
