#include "net/kube_client.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <utility>

#include "base/text.hpp"
#include "codec/errors.hpp"
#include "codec/http_header.hpp"
#include "net/call_limit.hpp"
#include "net/connections.hpp"
#include "net/http_message.hpp"

namespace lastgood::net {
namespace asio = boost::asio;
using ports::ApiCall;
using ports::Verb;
using std::chrono::steady_clock;
namespace {

constexpr std::size_t max_error_body_bytes = std::size_t{256} * 1024;
// A Date header is older if the response or this process was slow.
constexpr Duration max_age_of_date{2'000};
// The most memory that is reserved because of a Content-Length header, which may be wrong.
constexpr std::size_t max_reserved_bytes = std::size_t{4} * 1024 * 1024;

std::string_view method_of(Verb verb) {
  switch (verb) {
    case Verb::Get: return "GET";
    case Verb::Post: return "POST";
    case Verb::Put: return "PUT";
    case Verb::Patch: return "PATCH";
    case Verb::Delete: return "DELETE";
  }
  return "GET";
}

ErrorKind kind_of(TransportError transport_error) {
  switch (transport_error) {
    case TransportError::DNSLookupFailed: return ErrorKind::DNSLookupFailed;
    case TransportError::Unreachable:
    case TransportError::ConnectionRefused:
    case TransportError::ConnectionReset: return ErrorKind::ConnectionRefused;
    case TransportError::ConnectionClosed: return ErrorKind::ConnectionClosed;
    case TransportError::TimedOut: return ErrorKind::TimedOut;
    case TransportError::Stopped: return ErrorKind::Cancelled;
    case TransportError::Tls: return ErrorKind::Tls;
    case TransportError::TooLarge: return ErrorKind::TooLarge;
    case TransportError::InvalidMessage: return ErrorKind::Protocol;
  }
  return ErrorKind::ConnectionClosed;
}

// Receives the body of a response. Passes on the body of a stream with status 200, and stores every
// other body.
struct BodyReceiver {
  std::function<bool(std::string_view)> on_bytes = {};  // empty for a call
  std::optional<Duration> idle_timeout = {};            // empty for a call
  std::size_t body_limit = 0;                           // of the stored body
  std::string body = {};

  [[nodiscard]] bool passes_on(const ResponseHead& head) const {
    return on_bytes && head.status == 200;
  }

  // Passes an empty piece to a stream, which says that the stream is open. False: stop reading.
  [[nodiscard]] bool begin(const ResponseHead& head) const {
    return !passes_on(head) || on_bytes({});
  }

  bool receive(const ResponseHead& head, std::string_view piece) {
    if (passes_on(head)) return on_bytes(piece);
    if (body.empty() && head.length)
      body.reserve(
          static_cast<std::size_t>(std::min<std::uint64_t>(*head.length, max_reserved_bytes)));
    body += piece;
    // The beginning of an error body is enough: it may have no end.
    return head.status / 100 == 2 || body.size() <= max_error_body_bytes;
  }
};

struct LaneOfCalls {
  LaneOfCalls(const asio::any_io_executor& executor, std::size_t max_connections, Duration max_idle)
      : permits(executor, max_connections), connections(executor, max_connections, max_idle) {}

  CallLimit permits;
  Connections connections;
};

}  // namespace

class KubeClient::Impl {
 public:
  Impl(const asio::any_io_executor& executor, KubeIdentity identity, ports::Telemetry* telemetry,
       KubeClientLimits limits)
      : executor_(executor),
        identity_(std::move(identity)),
        telemetry_(telemetry),
        limits_(limits),
        normal_(executor, limits.connections.normal, limits.max_idle),
        background_(executor, limits.connections.background, limits.max_idle),
        rollback_(executor, limits.connections.rollback, limits.max_idle),
        lease_(executor, limits.connections.lease, limits.max_idle) {}

  // Static: `self` keeps the Impl alive until the coroutine ends.
  static asio::awaitable<Result<ports::ResponseWithWarnings>> call(std::shared_ptr<Impl> self,
                                                                   ApiCall call, Duration timeout);
  static asio::awaitable<Result<void>> stream(std::shared_ptr<Impl> self, ApiCall call,
                                              Duration idle_timeout,
                                              std::function<bool(std::string_view)> on_bytes);
  void stop();
  [[nodiscard]] steady_clock::time_point last_success() const { return last_success_; }
  void report_dates(std::function<void(Time)> on_date) { on_date_ = std::move(on_date); }

 private:
  // Registers the deadline of a call or stream in flight, so that stop() can abort it.
  struct InFlight {
    InFlight(Impl& owner, Deadline& registered) : client(owner), deadline(registered) {
      client.in_flight_.insert(&deadline);
    }
    InFlight(const InFlight&) = delete;
    InFlight& operator=(const InFlight&) = delete;
    ~InFlight() { client.in_flight_.erase(&deadline); }
    Impl& client;
    Deadline& deadline;
  };

  // request() and send() return the head of the response. The receiver gets the body.
  // `is_handshake_failure`: set by send() if the TLS handshake failed.
  asio::awaitable<Result<ResponseHead>> request(const ApiCall& call, BodyReceiver& receiver,
                                                Deadline& deadline);
  asio::awaitable<Result<ResponseHead>> send(const ApiCall& call, const std::string& token,
                                             BodyReceiver& receiver, Deadline& deadline,
                                             bool& is_handshake_failure);
  LaneOfCalls& lane_of(const ApiCall& call);
  [[nodiscard]] std::string text_of(const ApiCall& call, const std::string& token) const;
  [[nodiscard]] std::string describe(const ApiCall& call) const;
  [[nodiscard]] std::optional<Error> precondition_error(const ApiCall& call) const;
  [[nodiscard]] Error error_of(const ApiCall& call, const ExchangeFailure& failure) const;
  void count(const ApiCall& call, bool stream, int status, steady_clock::time_point since);

  asio::any_io_executor executor_;
  KubeIdentity identity_;
  ports::Telemetry* telemetry_;
  KubeClientLimits limits_;
  LaneOfCalls normal_;  // also for streams, which need no permit
  LaneOfCalls background_;
  LaneOfCalls rollback_;
  LaneOfCalls lease_;
  std::set<Deadline*> in_flight_;
  bool stopped_ = false;
  std::function<void(Time)> on_date_;
  steady_clock::time_point last_success_ = steady_clock::now();
};

// The method and the URL for messages. The query can be long, so it is left out.
std::string KubeClient::Impl::describe(const ApiCall& call) const {
  const Credentials& server = identity_.credentials();
  return std::string(method_of(call.verb)) + (server.tls ? " https://" : " http://") +
         identity_.authority() + server.base_path + call.target.substr(0, call.target.find('?'));
}

std::optional<Error> KubeClient::Impl::precondition_error(const ApiCall& call) const {
  if (stopped_) return Error{.kind = ErrorKind::Cancelled, .message = describe(call) + ": stopped"};
  if (!valid_target(call.target) || !codec::valid_header_value(call.content_type)) {
    return Error{.kind = ErrorKind::BadInput,
                 .message = in_quotes(call.target) +
                            ": the path must begin with \"/\" and must be percent-encoded"};
  }
  return std::nullopt;
}

Error KubeClient::Impl::error_of(const ApiCall& call, const ExchangeFailure& failure) const {
  ErrorKind kind = kind_of(failure.cause.transport_error);
  // The server may have executed a write before the connection was reset. ConnectionRefused would
  // mean that the write was never sent.
  if (failure.sent && call.verb != Verb::Get && kind == ErrorKind::ConnectionRefused)
    kind = ErrorKind::ConnectionClosed;
  return {.kind = kind, .message = describe(call) + ": " + failure.cause.detail};
}

void KubeClient::Impl::count(const ApiCall& call, bool stream, int status,
                             steady_clock::time_point since) {
  if (status != 0 && status != 401 && status < 500) last_success_ = steady_clock::now();
  if (telemetry_ == nullptr) return;
  const auto took = std::chrono::duration_cast<Duration>(steady_clock::now() - since);
  telemetry_->api_request({.method = method_of(call.verb),
                           .host = identity_.authority(),
                           .is_watch = stream && call.target.find("watch=") != std::string::npos,
                           .status = status,
                           .took = took});
}

LaneOfCalls& KubeClient::Impl::lane_of(const ApiCall& call) {
  switch (call.lane) {
    case api::Lane::Normal: return normal_;
    case api::Lane::Background: return background_;
    case api::Lane::Rollback: return rollback_;
    case api::Lane::Lease: return lease_;
  }
  return normal_;
}

std::string KubeClient::Impl::text_of(const ApiCall& call, const std::string& token) const {
  const std::string target = identity_.credentials().base_path + call.target;
  RequestText request{.method = method_of(call.verb),
                      .target = target,
                      .host = identity_.authority(),
                      .user_agent = user_agent};
  request.accept = call.metadata_only
                       ? "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
                       : std::string_view("application/json");
  request.token = token;
  request.body = call.body;
  if (!call.body.empty() || (call.verb != Verb::Get && call.verb != Verb::Delete)) {
    request.content_type = call.content_type.empty() ? std::string_view("application/json")
                                                     : std::string_view(call.content_type);
  }
  return to_text(request);
}

asio::awaitable<Result<ResponseHead>> KubeClient::Impl::send(const ApiCall& call,
                                                             const std::string& token,
                                                             BodyReceiver& receiver,
                                                             Deadline& deadline,
                                                             bool& is_handshake_failure) {
  const std::string text = text_of(call, token);
  const auto since = steady_clock::now();
  bool counted = false;
  const auto count_once = [&](int status) {
    if (!std::exchange(counted, true))
      count(call, static_cast<bool>(receiver.on_bytes), status, since);
  };
  Exchange exchange{
      .request = text,
      .limits = {.header_bytes = limits_.header_bytes},
      .sink = [&receiver](const ResponseHead& head,
                          std::string_view piece) { return receiver.receive(head, piece); },
      .on_head =
          [&, this](const ResponseHead& head) {
            count_once(head.status);
            const bool is_fresh = steady_clock::now() - since <= max_age_of_date;
            if (head.date && on_date_ && is_fresh) on_date_(*head.date);
          },
      .wants_body = [&receiver](const ResponseHead& head) { return receiver.begin(head); },
      .idle_timeout = receiver.idle_timeout};
  if (!receiver.on_bytes) exchange.limits.body_bytes = receiver.body_limit;
  const Credentials& server = identity_.credentials();
  Endpoint endpoint{.host = server.host,
                    .port = server.port,
                    .tls = identity_.tls(),
                    .server_name = server.server_name};
  // A read can be sent again. A write can be sent again only if none of its bytes was sent.
  const auto resend = call.verb == Verb::Get ? Resend::Always : Resend::IfNotSent;
  Connections& connections = lane_of(call).connections;
  auto head = co_await connections.send(std::move(endpoint), exchange, resend, deadline);
  if (head) co_return *std::move(head);
  count_once(0);
  is_handshake_failure =
      !head.error().sent && head.error().cause.transport_error == TransportError::Tls;
  co_return std::unexpected(error_of(call, head.error()));
}

// Sends the request, and sends it again if the credentials have changed since: after a failed
// handshake nothing was sent, and the server does not execute a request with status 401.
asio::awaitable<Result<ResponseHead>> KubeClient::Impl::request(const ApiCall& call,
                                                                BodyReceiver& receiver,
                                                                Deadline& deadline) {
  identity_.refresh(steady_clock::now());
  for (bool is_retry = false;; is_retry = true) {
    const auto token = identity_.token(steady_clock::now());
    if (!token) co_return std::unexpected(token.error());
    receiver.body.clear();
    const std::shared_ptr<TlsContext> tls = identity_.tls();
    bool is_handshake_failure = false;
    auto head = co_await send(call, *token, receiver, deadline, is_handshake_failure);
    const bool is_rejected = head && head->status == 401;
    if (is_retry || (!is_handshake_failure && !is_rejected)) co_return head;
    const auto now = steady_clock::now();
    const bool has_changed =
        is_rejected ? identity_.on_rejected(*token, now) : identity_.on_tls_failure(tls, now);
    if (!has_changed) co_return head;
    if (receiver.idle_timeout) deadline.restart(limits_.connect_timeout);
  }
}

asio::awaitable<Result<ports::ResponseWithWarnings>> KubeClient::Impl::call(
    std::shared_ptr<Impl> self, ApiCall call, Duration timeout) {
  if (auto error = self->precondition_error(call)) co_return std::unexpected(*std::move(error));
  Deadline deadline(self->executor_, timeout);
  const InFlight registered(*self, deadline);
  const auto permit = co_await self->lane_of(call).permits.acquire(deadline);
  if (!permit) {
    co_return std::unexpected(self->error_of(call, ExchangeFailure{.cause = permit.error()}));
  }
  BodyReceiver receiver{.body_limit = self->limits_.body_bytes};
  const auto head = co_await self->request(call, receiver, deadline);
  if (!head) co_return std::unexpected(head.error());
  if (head->status / 100 == 2) {
    ports::ResponseWithWarnings response{.body = std::move(receiver.body),
                                         .warnings = codec::warning_texts(head->warnings)};
    co_return std::move(response);
  }
  co_return std::unexpected(codec::status_error(head->status, receiver.body, head->retry_after));
}

asio::awaitable<Result<void>> KubeClient::Impl::stream(
    std::shared_ptr<Impl> self, ApiCall call, Duration idle_timeout,
    std::function<bool(std::string_view)> on_bytes) {
  if (auto error = self->precondition_error(call)) co_return std::unexpected(*std::move(error));
  Deadline deadline(self->executor_, self->limits_.connect_timeout);
  const InFlight registered(*self, deadline);
  BodyReceiver receiver{.on_bytes = std::move(on_bytes),
                        .idle_timeout = idle_timeout,
                        .body_limit = max_error_body_bytes};
  const auto head = co_await self->request(call, receiver, deadline);
  if (!head) co_return std::unexpected(head.error());
  if (head->status == 200) co_return Result<void>();
  co_return std::unexpected(codec::status_error(head->status, receiver.body, head->retry_after));
}

void KubeClient::Impl::stop() {
  stopped_ = true;
  for (LaneOfCalls* lane : {&normal_, &background_, &rollback_, &lease_}) lane->connections.close();
  const auto deadlines = in_flight_;
  for (auto* deadline : deadlines) deadline->abort_now();
}

KubeClient::KubeClient(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

KubeClient::~KubeClient() { impl_->stop(); }

Result<std::unique_ptr<KubeClient>> KubeClient::create(asio::any_io_executor executor,
                                                       Credentials credentials,
                                                       ports::Telemetry* telemetry,
                                                       KubeClientLimits limits,
                                                       KubeIdentity::Reload reload) {
  auto identity =
      KubeIdentity::create(std::move(credentials), std::move(reload), limits.reread_interval);
  if (!identity) return std::unexpected(identity.error());
  auto impl = std::make_shared<Impl>(std::move(executor), *std::move(identity), telemetry, limits);
  return std::unique_ptr<KubeClient>(new KubeClient(std::move(impl)));
}

asio::awaitable<Result<std::string>> KubeClient::call(ApiCall call, Duration timeout) {
  const std::shared_ptr<Impl> impl = impl_;
  auto response = co_await Impl::call(impl, std::move(call), timeout);
  if (!response) co_return std::unexpected(response.error());
  co_return std::move(response->body);
}

asio::awaitable<Result<ports::ResponseWithWarnings>> KubeClient::call_with_warnings(
    ApiCall call, Duration timeout) {
  return Impl::call(impl_, std::move(call), timeout);
}

asio::awaitable<Result<void>> KubeClient::stream(ApiCall call, Duration idle_timeout,
                                                 std::function<bool(std::string_view)> on_bytes) {
  return Impl::stream(impl_, std::move(call), idle_timeout, std::move(on_bytes));
}

void KubeClient::report_dates(std::function<void(Time)> on_date) {
  impl_->report_dates(std::move(on_date));
}

steady_clock::time_point KubeClient::last_success() const { return impl_->last_success(); }

void KubeClient::stop() { impl_->stop(); }

}  // namespace lastgood::net
