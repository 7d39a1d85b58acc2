#include "net/prober.hpp"

#include <chrono>
#include <utility>

#include "codec/http_header.hpp"
#include "net/connect.hpp"
#include "net/exchange.hpp"
#include "net/http_message.hpp"
#include "net/probe_outcome.hpp"
#include "net/resolver.hpp"
#include "net/tls.hpp"
#include "net/transport.hpp"

namespace lastgood::net {
namespace asio = boost::asio;
using ports::ProbeOutcome;
using ports::ProbeRequest;
using ports::ProbeResponse;
using std::chrono::steady_clock;

class HttpProber::Impl {
 public:
  explicit Impl(const asio::any_io_executor& executor) : executor_(executor), resolver_(executor) {}

  // Sets `connected` once the connection is established.
  asio::awaitable<NetResult<int>> status_of(const ProbeRequest& request, bool& connected) {
    Deadline deadline(executor_, request.timeout);
    Endpoint endpoint{.host = request.host, .port = request.port};
    if (request.tls) endpoint.tls = tls_context();
    const std::string host =
        request.host_header.empty() ? host_header(endpoint) : request.host_header;
    auto opened = co_await open_transport(executor_, resolver_, std::move(endpoint), deadline);
    if (!opened) co_return std::unexpected(opened.error());
    connected = true;

    const std::string text = to_text({.method = "GET",
                                      .target = request.target,
                                      .host = host,
                                      .user_agent = user_agent,
                                      .close = true});
    int status = 0;
    const Exchange exchange{
        .request = text,
        .limits = {.header_bytes = max_response_header_bytes, .read_bytes = 4096},
        .sink = [](const ResponseHead&, std::string_view) { return false; },
        .on_head = [&status](const ResponseHead& head) { status = head.status; },
        .wants_body = [](const ResponseHead&) { return false; }};
    const auto result = co_await run_exchange(**opened, exchange, deadline);
    // An invalid body after a complete head does not matter.
    if (!result && status == 0) co_return std::unexpected(result.error().cause);
    co_return status;
  }

 private:
  // Created for the first TLS probe, because most health checks do not use TLS.
  std::shared_ptr<TlsContext> tls_context() {
    if (!tls_context_) tls_context_ = TlsContext::without_verification();
    return tls_context_;
  }

  asio::any_io_executor executor_;
  Resolver resolver_;
  std::shared_ptr<TlsContext> tls_context_;
};

HttpProber::HttpProber(asio::any_io_executor executor)
    : impl_(std::make_unique<Impl>(std::move(executor))) {}

HttpProber::~HttpProber() = default;

asio::awaitable<ProbeResponse> HttpProber::probe(ProbeRequest request) {
  const auto started = steady_clock::now();
  ProbeResponse response;
  if (!valid_target(request.target) || !codec::valid_header_value(request.host_header) ||
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
    response.detail = detail_of(status.error());
  }
  co_return response;
}

}  // namespace lastgood::net
