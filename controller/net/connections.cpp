#include "net/connections.hpp"

#include <utility>

namespace lastgood::net {
namespace asio = boost::asio;

Connections::Connections(asio::any_io_executor executor, std::size_t max_idle_connections,
                         Duration max_idle)
    : executor_(executor), resolver_(std::move(executor)), idle_(max_idle_connections, max_idle) {}

asio::awaitable<ExchangeExpected<ResponseHead>> Connections::send(Endpoint endpoint,
                                                                  const Exchange& exchange,
                                                                  Resend resend,
                                                                  Deadline& deadline) {
  for (bool is_retry = false;; is_retry = true) {
    auto transport = is_retry ? nullptr : idle_.take(endpoint);
    const bool is_reused = transport != nullptr;
    if (!is_reused) {
      auto opened = co_await open_transport(executor_, resolver_, endpoint, deadline);
      if (!opened) co_return std::unexpected(ExchangeFailure{.cause = opened.error()});
      transport = *std::move(opened);
    }
    auto result = co_await run_exchange(*transport, exchange, deadline);
    if (result) {
      if (result->is_reusable && !is_closed_) idle_.add(std::move(endpoint), std::move(transport));
      co_return std::move(result->head);
    }
    const ExchangeFailure& failure = result.error();
    // The way to the server may be lost. Then the other idle connections are useless too.
    if (is_reused && failure.cause.transport_error == TransportError::TimedOut)
      idle_.close(endpoint);
    const bool is_stale = is_reused && is_connection_lost(failure.cause) && !failure.began;
    if (!is_stale || (resend == Resend::IfNotSent && failure.sent))
      co_return std::unexpected(std::move(result.error()));
    // The other idle connections to this server are probably closed too.
    idle_.close(endpoint);
  }
}

void Connections::close() {
  is_closed_ = true;
  idle_.close_all();
}

}  // namespace lastgood::net
