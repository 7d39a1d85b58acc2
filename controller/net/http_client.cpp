#include "net/http_client.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "codec/http_header.hpp"
#include "net/call_limit.hpp"
#include "net/connections.hpp"
#include "net/http_message.hpp"
#include "net/probe_outcome.hpp"
#include "net/tls_contexts.hpp"

namespace lastgood::net {
namespace asio = boost::asio;
using api::HttpCall;
using api::HttpResponse;
using api::ProbeOutcome;
using std::chrono::steady_clock;
namespace {

constexpr std::size_t max_content_type_bytes = 256;

// Headers of the connection or of the body, which only this client may set.
constexpr std::array<std::string_view, 11> own_headers = {
    "accept-encoding", "connection", "content-encoding", "content-length",
    "content-type",    "expect",     "keep-alive",       "te",
    "trailer",         "upgrade",    "transfer-encoding"};

std::string problem_of(const api::HttpHeader& header) {
  if (!codec::valid_header_name(header.name))
    return "the header name " + in_quotes(header.name) + " is not valid";
  if (std::ranges::find(own_headers, lowered(header.name)) != own_headers.end())
    return "the header " + in_quotes(header.name) + " cannot be set";
  // The value may be a secret.
  if (!codec::valid_header_value(header.value))
    return "the value of the header " + in_quotes(header.name) + " contains a control character";
  return "";
}

// Why the request cannot be sent. Empty if it can be sent.
std::string problem_of(const HttpCall& call) {
  if (call.method != "GET" && call.method != "POST")
    return "the method " + in_quotes(call.method) + " is not GET or POST";
  if (call.port == 0) return "the port is 0";
  if (!valid_target(call.target))
    return "the path must begin with \"/\" and must be percent-encoded";
  if (!codec::valid_header_value(call.content_type))
    return "the content type contains a control character";
  for (const auto& header : call.headers) {
    if (auto problem = problem_of(header); !problem.empty()) return problem;
  }
  const auto is_host = [](const auto& header) { return lowered(header.name) == "host"; };
  return std::ranges::count_if(call.headers, is_host) > 1 ? "the header \"Host\" is set twice" : "";
}

// Receives the head and the body of a response.
class Receiver {
 public:
  Receiver(HttpResponse& response, std::size_t limit) : response_(response), limit_(limit) {}

  void on_head(const ResponseHead& head) {
    response_.status = head.status;
    response_.content_type = clip(head.content_type, max_content_type_bytes);
  }

  // False: stop reading.
  bool wants_body(const ResponseHead& head) { return fits(head.length.value_or(0)); }

  bool receive(std::string_view piece) {
    if (!fits(response_.body.size() + piece.size())) return false;
    response_.body += piece;
    return true;
  }

 private:
  bool fits(std::uint64_t body_bytes) {
    if (body_bytes > limit_) response_.is_too_large = true;
    return !response_.is_too_large;
  }

  HttpResponse& response_;
  std::size_t limit_;
};

NetResult<CallLimit::Permit> explained(NetResult<CallLimit::Permit> permit, std::string reason) {
  if (!permit && permit.error().transport_error == TransportError::TimedOut)
    permit.error().detail = "timed out before it was sent: " + std::move(reason);
  return permit;
}

}  // namespace

class HttpClient::Impl {
 public:
  Impl(const asio::any_io_executor& executor, HttpClientLimits limits)
      : executor_(executor),
        limits_(limits),
        all_calls_(executor, limits.calls),
        connections_(executor, limits.idle_connections, limits.max_idle),
        tls_contexts_(limits.tls_contexts) {}

  // Static: `self` keeps the Impl alive until the coroutine ends.
  static asio::awaitable<HttpResponse> call(std::shared_ptr<Impl> self, HttpCall call);

 private:
  struct Server {
    Server(const asio::any_io_executor& executor, std::size_t limit) : calls(executor, limit) {}
    CallLimit calls;
    std::size_t users = 0;  // calls that wait or are in flight
  };
  using Servers = std::map<std::pair<std::string, std::uint16_t>, Server>;

  // Keeps the entry of a server as long as a call uses it.
  class ServerUse {
   public:
    ServerUse(Impl& owner, const HttpCall& call)
        : servers_(owner.servers_),
          entry_(servers_
                     .try_emplace({call.host, call.port}, owner.executor_,
                                  owner.limits_.calls_per_server)
                     .first) {
      ++entry_->second.users;
    }
    ServerUse(const ServerUse&) = delete;
    ServerUse& operator=(const ServerUse&) = delete;
    ~ServerUse() {
      if (--entry_->second.users == 0) servers_.erase(entry_);
    }
    [[nodiscard]] CallLimit& calls() const { return entry_->second.calls; }

   private:
    Servers& servers_;
    Servers::iterator entry_;
  };

  // Fills the response as it arrives. Returns the failure, if any.
  asio::awaitable<std::optional<Failure>> exchange(const HttpCall& call, HttpResponse& response);
  asio::awaitable<std::optional<Failure>> send(const HttpCall& call, HttpResponse& response,
                                               Deadline& deadline);

  asio::any_io_executor executor_;
  HttpClientLimits limits_;
  Servers servers_;
  CallLimit all_calls_;
  Connections connections_;
  TlsContexts tls_contexts_;
};

asio::awaitable<std::optional<Failure>> HttpClient::Impl::exchange(const HttpCall& call,
                                                                   HttpResponse& response) {
  Deadline deadline(executor_, call.timeout);
  const ServerUse server(*this, call);
  // A call waits for its server first. So the waiting calls of a slow server take no permit that a
  // call to another server needs.
  const auto permit =
      explained(co_await server.calls().acquire(deadline),
                std::to_string(limits_.calls_per_server) + " calls to this server were in flight");
  if (!permit) co_return permit.error();
  const auto permit_of_all =
      explained(co_await all_calls_.acquire(deadline),
                std::to_string(limits_.calls) + " calls to all servers were in flight");
  if (!permit_of_all) co_return permit_of_all.error();
  co_return co_await send(call, response, deadline);
}

asio::awaitable<std::optional<Failure>> HttpClient::Impl::send(const HttpCall& call,
                                                               HttpResponse& response,
                                                               Deadline& deadline) {
  Endpoint endpoint{.host = call.host, .port = call.port};
  if (call.tls) {
    auto context = tls_contexts_.get(*call.tls);
    if (!context) {
      co_return Failure{.transport_error = TransportError::Tls,
                        .detail = std::move(context.error().message)};
    }
    endpoint.tls = *std::move(context);
    endpoint.server_name = call.tls->server_name;
  }
  const std::string host = host_header(endpoint);
  const std::string text = to_text({.method = call.method,
                                    .target = call.target,
                                    .host = host,
                                    .user_agent = user_agent,
                                    .content_type = call.content_type,
                                    .body = call.body,
                                    .headers = call.headers});
  Receiver receiver(response, call.max_body_bytes);
  const Exchange exchange{
      .request = text,
      .limits = {.header_bytes = max_response_header_bytes},
      .sink = [&receiver](const ResponseHead&,
                          std::string_view piece) { return receiver.receive(piece); },
      .on_head = [&receiver](const ResponseHead& head) { receiver.on_head(head); },
      .wants_body = [&receiver](const ResponseHead& head) { return receiver.wants_body(head); }};
  auto head = co_await connections_.send(std::move(endpoint), exchange, Resend::Always, deadline);
  if (!head) co_return std::move(head.error().cause);
  if (response.is_too_large) {
    co_return Failure{
        .transport_error = TransportError::TooLarge,
        .detail = "the body exceeds " + std::to_string(call.max_body_bytes) + " bytes"};
  }
  co_return std::nullopt;
}

asio::awaitable<HttpResponse> HttpClient::Impl::call(std::shared_ptr<Impl> self, HttpCall call) {
  const auto started = steady_clock::now();
  HttpResponse response;
  if (auto problem = problem_of(call); !problem.empty()) {
    response.outcome = ProbeOutcome::Unreachable;
    response.detail = detail_of({.detail = std::move(problem)});
    co_return response;
  }
  const auto failure = co_await self->exchange(call, response);
  response.took = std::chrono::duration_cast<Duration>(steady_clock::now() - started);
  response.outcome = failure ? outcome_of(failure->transport_error) : ProbeOutcome::Answered;
  if (failure) {
    response.is_tls_failure = failure->transport_error == TransportError::Tls;
    response.detail = detail_of(*failure);
    response.body = {};
  }
  co_return response;
}

HttpClient::HttpClient(asio::any_io_executor executor, HttpClientLimits limits)
    : impl_(std::make_shared<Impl>(std::move(executor), limits)) {}

HttpClient::~HttpClient() = default;

asio::awaitable<HttpResponse> HttpClient::call(HttpCall call) {
  return Impl::call(impl_, std::move(call));
}

}  // namespace lastgood::net
