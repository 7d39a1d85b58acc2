#include "net/prober.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/text.hpp"
#include "net/connect.hpp"
#include "net/http_message.hpp"
#include "net/resolver.hpp"
#include "net/tls.hpp"
#include "net/transport.hpp"

namespace lastgood::net {
namespace asio = boost::asio;
using ports::ProbeOutcome;
using ports::ProbeRequest;
using ports::ProbeResponse;
using std::chrono::steady_clock;
namespace {

constexpr std::size_t max_detail_bytes = 200;
constexpr std::size_t max_header_bytes = std::size_t{64} * 1024;

ProbeOutcome outcome_of(TransportError transport_error) {
  switch (transport_error) {
    case TransportError::DNSLookupFailed: return ProbeOutcome::DNSLookupFailed;
    case TransportError::Unreachable: return ProbeOutcome::Unreachable;
    case TransportError::ConnectionRefused:
    case TransportError::ConnectionReset: return ProbeOutcome::ConnectionRefused;
    case TransportError::TimedOut: return ProbeOutcome::TimedOut;
    case TransportError::ConnectionClosed:
    case TransportError::Stopped: return ProbeOutcome::ConnectionClosed;
    case TransportError::Tls:
    case TransportError::TooLarge:
    case TransportError::InvalidMessage: return ProbeOutcome::InvalidResponse;
  }
  return ProbeOutcome::InvalidResponse;
}

std::string host_header(const ProbeRequest& request) {
  if (!request.host_header.empty()) return request.host_header;
  const std::uint16_t default_port = request.tls ? 443 : 80;
  const std::string host_and_port = authority(request.host, request.port);
  return request.port == default_port ? host_and_port.substr(0, host_and_port.rfind(':'))
                                      : host_and_port;
}

}  // namespace

class HttpProber::Impl {
 public:
  explicit Impl(const asio::any_io_executor& executor) : executor_(executor), resolver_(executor) {}

  // Sets `connected` once the connection is established.
  asio::awaitable<NetResult<int>> status_of(const ProbeRequest& request, bool& connected) {
    Deadline deadline(executor_, request.timeout);
    Endpoint endpoint{.host = request.host, .port = request.port};
    if (request.tls) endpoint.tls = &tls_context();
    auto opened = co_await open_transport(executor_, resolver_, std::move(endpoint), deadline);
    if (!opened) co_return std::unexpected(opened.error());
    const auto transport = *std::move(opened);
    connected = true;

    const std::string host = host_header(request);
    const std::string text = to_text({.method = "GET",
                                      .target = request.target,
                                      .host = host,
                                      .user_agent = user_agent,
                                      .close = true});
    const auto written = co_await write_with_deadline(*transport, text, deadline);
    if (written.failure && !written.may_have_sent) co_return std::unexpected(*written.failure);

    const MessageLimits limits{
        .header_bytes = max_header_bytes, .body_bytes = {}, .read_bytes = 4096};
    ResponseReader reader(limits, [](const ResponseHead&, std::string_view) { return false; });
    while (!reader.has_head()) {
      const auto bytes = co_await read_with_deadline(*transport, reader.space(), deadline);
      if (!bytes) co_return std::unexpected(bytes.error());
      const auto step = reader.received(*bytes);
      if (!step && !reader.has_head()) co_return std::unexpected(step.error());
    }
    co_return reader.head().status;
  }

 private:
  // Created for the first TLS probe, because most health checks do not use TLS.
  TlsContext& tls_context() {
    if (!tls_context_) tls_context_ = TlsContext::without_verification();
    return *tls_context_;
  }

  asio::any_io_executor executor_;
  Resolver resolver_;
  std::unique_ptr<TlsContext> tls_context_;
};

HttpProber::HttpProber(asio::any_io_executor executor)
    : impl_(std::make_unique<Impl>(std::move(executor))) {}

HttpProber::~HttpProber() = default;

asio::awaitable<ProbeResponse> HttpProber::probe(ProbeRequest request) {
  const auto started = steady_clock::now();
  ProbeResponse response;
  if (!valid_target(request.target) || !valid_header_value(request.host_header) ||
      request.port == 0) {
    // Nothing is sent, so the endpoint did not fail.
    response.outcome = ProbeOutcome::Unreachable;
    response.detail = "the port, the path or the Host header is not valid";
    co_return response;
  }
  const auto status = co_await impl_->status_of(request, response.connected);
  response.took = std::chrono::duration_cast<Duration>(steady_clock::now() - started);
  if (status) {
    response.outcome = ProbeOutcome::Answered;
    response.status = *status;
  } else {
    response.outcome = outcome_of(status.error().transport_error);
    response.detail = clip(status.error().detail, max_detail_bytes);
  }
  co_return response;
}

}  // namespace lastgood::net
