#include "net/exchange.hpp"

#include <utility>

namespace lastgood::net {
namespace asio = boost::asio;

asio::awaitable<ExchangeExpected<ExchangeResult>> run_exchange(Transport& transport,
                                                               const Exchange& exchange,
                                                               Deadline& deadline) {
  if (exchange.idle_timeout) deadline.restart(*exchange.idle_timeout);
  const auto written = co_await write_with_deadline(transport, exchange.request, deadline);
  // A server that rejects a long body may respond and close before it has read the body. Its
  // response can still be read.
  if (written.failure && (!written.may_have_sent || !is_connection_lost(*written.failure))) {
    co_return std::unexpected(
        ExchangeFailure{.sent = written.may_have_sent, .cause = *written.failure});
  }
  ResponseReader reader(exchange.limits, exchange.sink);
  const auto failed = [&reader](Failure cause) {
    return std::unexpected(
        ExchangeFailure{.sent = true, .began = reader.began(), .cause = std::move(cause)});
  };
  for (bool had_head = false;; had_head = reader.has_head()) {
    const auto bytes = co_await read_with_deadline(transport, reader.space(), deadline);
    if (!bytes) co_return failed(bytes.error());
    if (exchange.idle_timeout) deadline.restart(*exchange.idle_timeout);
    const auto step = reader.received(*bytes);
    const bool is_head_new = reader.has_head() && !had_head;
    if (is_head_new && exchange.on_head) exchange.on_head(reader.head());
    if (!step) co_return failed(step.error());
    const bool is_complete = *step != ResponseReader::Step::More;
    const bool may_stop = is_head_new && exchange.wants_body;
    if (is_complete || (may_stop && !exchange.wants_body(reader.head())))
      co_return ExchangeResult{.head = reader.head(), .is_reusable = reader.reusable()};
  }
}

bool is_connection_lost(const Failure& failure) {
  return failure.transport_error == TransportError::ConnectionReset ||
         failure.transport_error == TransportError::ConnectionClosed;
}

}  // namespace lastgood::net
