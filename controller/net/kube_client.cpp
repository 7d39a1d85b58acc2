#include "net/kube_client.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <utility>

#include "codec/errors.hpp"
#include "net/http_message.hpp"
#include "net/pool.hpp"
#include "net/resolver.hpp"
#include "net/tls.hpp"
#include "net/token.hpp"

namespace lastgood::net {
namespace asio = boost::asio;
using ports::ApiCall;
using ports::Verb;
using std::chrono::steady_clock;
namespace {

constexpr std::size_t max_error_body = std::size_t{256} * 1024;
constexpr std::size_t max_reserved = std::size_t{4} * 1024 * 1024;

std::string_view word(Verb verb) {
  switch (verb) {
    case Verb::Get: return "GET";
    case Verb::Post: return "POST";
    case Verb::Put: return "PUT";
    case Verb::Patch: return "PATCH";
    case Verb::Delete: return "DELETE";
  }
  return "GET";
}

ErrorKind kind_of(Trouble trouble) {
  switch (trouble) {
    case Trouble::Unresolved: return ErrorKind::Unresolved;
    case Trouble::Unreachable:
    case Trouble::Refused:
    case Trouble::Reset: return ErrorKind::Refused;
    case Trouble::Closed: return ErrorKind::Closed;
    case Trouble::TimedOut: return ErrorKind::TimedOut;
    case Trouble::Stopped: return ErrorKind::Cancelled;
    case Trouble::Tls: return ErrorKind::Tls;
    case Trouble::TooLarge: return ErrorKind::TooLarge;
    case Trouble::Malformed: return ErrorKind::Protocol;
  }
  return ErrorKind::Closed;
}

bool lost(Trouble trouble) { return trouble == Trouble::Reset || trouble == Trouble::Closed; }

// What is done with an answer while it comes: the body of a good one is handed on or kept, that of a bad one is kept.
struct Reception {
  std::function<bool(std::string_view)> on_bytes = {};  // empty: the body is kept
  std::optional<Duration> idle = {};                    // the deadline starts again with each read
  std::size_t body_limit = 0;                           // of what is kept
  std::string body = {};

  [[nodiscard]] bool handed_on(const ResponseHead& head) const { return on_bytes && head.status == 200; }

  bool take(const ResponseHead& head, std::string_view piece) {
    if (handed_on(head)) return on_bytes(piece);
    if (body.empty() && head.length) body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*head.length, max_reserved)));
    body += piece;
    // Of a refusal that never ends, its beginning is enough.
    return head.status / 100 == 2 || body.size() <= max_error_body;
  }
};

struct Reply {
  ResponseHead head = {};
  bool stopped = false;  // the receiver wanted no more
};

struct Lost {
  bool sent = false;   // a byte of the request may have reached the server
  bool began = false;  // a byte of the answer has come
  Failure failure;
};

}  // namespace

class KubeClient::Impl {
 public:
  Impl(const asio::any_io_executor& executor, Credentials credentials, std::unique_ptr<TlsContext> tls,
       ports::Telemetry* telemetry, KubeClientLimits limits)
      : executor_(executor),
        credentials_(std::move(credentials)),
        tls_(std::move(tls)),
        telemetry_(telemetry),
        limits_(limits),
        tokens_(credentials_.token, credentials_.token_file, limits.token_lifetime),
        resolver_(executor),
        pool_(executor, limits.connections, limits.keep_idle),
        authority_(authority(credentials_.host, credentials_.port)) {}

  // Each keeps the client alive until it has ended, however it ends.
  static asio::awaitable<Result<std::string>> call(std::shared_ptr<Impl> self, ApiCall call, Duration timeout);
  static asio::awaitable<Result<void>> stream(std::shared_ptr<Impl> self, ApiCall call, Duration idle_timeout,
                                              std::function<bool(std::string_view)> on_bytes);
  void stop();

 private:
  struct InFlight {
    InFlight(Impl& whose, Deadline& bound) : client(whose), deadline(bound) { client.in_flight_.insert(&deadline); }
    InFlight(const InFlight&) = delete;
    InFlight& operator=(const InFlight&) = delete;
    ~InFlight() { client.in_flight_.erase(&deadline); }
    Impl& client;
    Deadline& deadline;
  };

  asio::awaitable<Result<Reply>> request(const ApiCall& call, Reception& reception, Deadline& deadline);
  asio::awaitable<Result<Reply>> connect_and_ask(const ApiCall& call, const std::string& token, Reception& reception,
                                                 Deadline& deadline);
  asio::awaitable<std::expected<Reply, Lost>> ask(std::unique_ptr<Transport> transport, std::string_view text,
                                                  const std::function<void(int)>& on_status, Reception& reception,
                                                  Deadline& deadline);
  [[nodiscard]] std::string text_of(const ApiCall& call, const std::string& token) const;
  [[nodiscard]] std::string where(const ApiCall& call) const;
  [[nodiscard]] std::optional<Error> refuse(const ApiCall& call) const;
  [[nodiscard]] Error error_of(const ApiCall& call, const Lost& lost) const;
  void count(const ApiCall& call, bool stream, int status, steady_clock::time_point since) const;

  asio::any_io_executor executor_;
  Credentials credentials_;
  std::unique_ptr<TlsContext> tls_;
  ports::Telemetry* telemetry_;
  KubeClientLimits limits_;
  TokenSource tokens_;
  Resolver resolver_;
  ConnectionPool pool_;
  std::string authority_;
  std::set<Deadline*> in_flight_;
  bool stopped_ = false;
};

std::string KubeClient::Impl::where(const ApiCall& call) const {
  return std::string(word(call.verb)) + (credentials_.tls ? " https://" : " http://") + authority_ + credentials_.base_path +
         call.target.substr(0, call.target.find('?'));
}

std::optional<Error> KubeClient::Impl::refuse(const ApiCall& call) const {
  if (stopped_) return Error{.kind = ErrorKind::Cancelled, .message = where(call) + ": stopped"};
  if (!valid_target(call.target) || !valid_header_value(call.content_type)) {
    return Error{.kind = ErrorKind::BadInput, .message = "a call's target must begin with \"/\" and be percent-encoded"};
  }
  return std::nullopt;
}

Error KubeClient::Impl::error_of(const ApiCall& call, const Lost& lost) const {
  ErrorKind kind = kind_of(lost.failure.trouble);
  // Whatever broke the connection, what matters to the writer is that the write may have been done.
  if (lost.sent && call.verb != Verb::Get && kind == ErrorKind::Refused) kind = ErrorKind::Closed;
  return {.kind = kind, .message = where(call) + ": " + lost.failure.detail};
}

void KubeClient::Impl::count(const ApiCall& call, bool stream, int status, steady_clock::time_point since) const {
  if (telemetry_ == nullptr) return;
  const auto took = std::chrono::duration_cast<Duration>(steady_clock::now() - since);
  const bool watch = stream && call.target.find("watch=") != std::string::npos;
  telemetry_->api_call(watch ? std::string_view("WATCH") : word(call.verb), status, took);
}

std::string KubeClient::Impl::text_of(const ApiCall& call, const std::string& token) const {
  const std::string target = credentials_.base_path + call.target;
  RequestText request{.method = word(call.verb), .target = target, .host = authority_, .user_agent = user_agent};
  request.accept =
      call.metadata_only ? "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1" : std::string_view("application/json");
  request.token = token;
  request.body = call.body;
  if (!call.body.empty() || (call.verb != Verb::Get && call.verb != Verb::Delete)) {
    request.content_type = call.content_type.empty() ? std::string_view("application/json") : std::string_view(call.content_type);
  }
  return to_text(request);
}

// One request on one connection, which is kept for the next one where that is possible.
asio::awaitable<std::expected<Reply, Lost>> KubeClient::Impl::ask(std::unique_ptr<Transport> transport, std::string_view text,
                                                                  const std::function<void(int)>& on_status, Reception& reception,
                                                                  Deadline& deadline) {
  if (reception.idle) deadline.restart(*reception.idle);
  const auto written = co_await write_under(*transport, text, deadline);
  // A server that refuses a long body may answer before it has read it all, and then close: the answer is still there.
  if (written.failure && (!written.any || !lost(written.failure->trouble))) {
    co_return std::unexpected(Lost{.sent = written.any, .failure = *written.failure});
  }
  MessageLimits limits{.header_bytes = limits_.header_bytes};
  if (!reception.on_bytes) limits.body_bytes = reception.body_limit;
  ResponseReader reader(limits,
                        [&reception](const ResponseHead& head, std::string_view piece) { return reception.take(head, piece); });
  bool counted = false;
  while (true) {
    const auto bytes = co_await read_under(*transport, reader.space(), deadline);
    if (!bytes) co_return std::unexpected(Lost{.sent = true, .began = reader.began(), .failure = bytes.error()});
    if (reception.idle) deadline.restart(*reception.idle);
    const auto step = reader.received(*bytes);
    if (reader.has_head() && !counted) on_status(reader.head().status);
    counted = reader.has_head();
    if (!step) co_return std::unexpected(Lost{.sent = true, .began = reader.began(), .failure = step.error()});
    if (*step == ResponseReader::Step::More) continue;
    if (reader.reusable() && !stopped_) pool_.give(std::move(transport));
    co_return Reply{.head = reader.head(), .stopped = *step == ResponseReader::Step::Stopped};
  }
}

asio::awaitable<Result<Reply>> KubeClient::Impl::connect_and_ask(const ApiCall& call, const std::string& token,
                                                                 Reception& reception, Deadline& deadline) {
  const std::string text = text_of(call, token);
  const auto since = steady_clock::now();
  bool counted = false;
  const std::function<void(int)> on_status = [&](int status) {
    counted = true;
    count(call, static_cast<bool>(reception.on_bytes), status, since);
  };
  for (bool again = false;; again = true) {
    auto transport = again ? nullptr : pool_.take();
    const bool kept = transport != nullptr;
    if (!transport) {
      Target target{
          .host = credentials_.host, .port = credentials_.port, .tls = tls_.get(), .server_name = credentials_.server_name};
      auto opened = co_await open_transport(executor_, resolver_, std::move(target), deadline);
      if (!opened) {
        on_status(0);
        co_return std::unexpected(error_of(call, Lost{.failure = opened.error()}));
      }
      transport = std::move(*opened);
    }
    auto reply = co_await ask(std::move(transport), text, on_status, reception, deadline);
    if (reply) co_return *std::move(reply);
    const Lost& loss = reply.error();
    // The server closed the kept connection while we took it up. A read can be asked again; a write only where it was
    // certainly not sent. The other kept connections are likely to be as dead.
    if (kept && lost(loss.failure.trouble) && !loss.began && (call.verb == Verb::Get || !loss.sent)) {
      pool_.close_idle();
      continue;
    }
    if (!counted) on_status(0);
    co_return std::unexpected(error_of(call, loss));
  }
}

asio::awaitable<Result<Reply>> KubeClient::Impl::request(const ApiCall& call, Reception& reception, Deadline& deadline) {
  for (bool again = false;; again = true) {
    const auto token = tokens_.current(steady_clock::now());
    if (!token) co_return std::unexpected(token.error());
    reception.body.clear();
    auto reply = co_await connect_and_ask(call, *token, reception, deadline);
    if (!reply || reply->head.status != 401 || again || !tokens_.refuse(*token)) co_return reply;
    // A 401 means that nothing was done, so this is right for writes too; but only another token can help.
    const auto fresh = tokens_.current(steady_clock::now());
    if (!fresh || *fresh == *token) co_return reply;
    if (reception.idle) deadline.restart(limits_.connect_timeout);
  }
}

asio::awaitable<Result<std::string>> KubeClient::Impl::call(std::shared_ptr<Impl> self, ApiCall call, Duration timeout) {
  if (auto refused = self->refuse(call)) co_return std::unexpected(*std::move(refused));
  Deadline deadline(self->executor_, timeout);
  const InFlight registered(*self, deadline);
  const auto permit = co_await self->pool_.acquire(deadline);
  if (!permit) co_return std::unexpected(self->error_of(call, Lost{.failure = permit.error()}));
  Reception reception{.body_limit = self->limits_.body_bytes};
  const auto reply = co_await self->request(call, reception, deadline);
  if (!reply) co_return std::unexpected(reply.error());
  if (reply->head.status / 100 == 2) co_return std::move(reception.body);
  co_return std::unexpected(codec::status_error(reply->head.status, reception.body, reply->head.retry_after));
}

asio::awaitable<Result<void>> KubeClient::Impl::stream(std::shared_ptr<Impl> self, ApiCall call, Duration idle_timeout,
                                                       std::function<bool(std::string_view)> on_bytes) {
  if (auto refused = self->refuse(call)) co_return std::unexpected(*std::move(refused));
  Deadline deadline(self->executor_, self->limits_.connect_timeout);
  const InFlight registered(*self, deadline);
  Reception reception{.on_bytes = std::move(on_bytes), .idle = idle_timeout, .body_limit = max_error_body};
  const auto reply = co_await self->request(call, reception, deadline);
  if (!reply) co_return std::unexpected(reply.error());
  if (reply->head.status == 200) co_return Result<void>();
  co_return std::unexpected(codec::status_error(reply->head.status, reception.body, reply->head.retry_after));
}

void KubeClient::Impl::stop() {
  stopped_ = true;
  pool_.close_idle();
  const auto deadlines = in_flight_;
  for (auto* deadline : deadlines) deadline->stop();
}

KubeClient::KubeClient(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

KubeClient::~KubeClient() { impl_->stop(); }

Result<std::unique_ptr<KubeClient>> KubeClient::create(asio::any_io_executor executor, Credentials credentials,
                                                       ports::Telemetry* telemetry, KubeClientLimits limits) {
  if (!valid_header_value(credentials.token))
    return fail(ErrorKind::BadInput, credentials.source + ": the token holds more than one line");
  std::unique_ptr<TlsContext> tls;
  if (credentials.tls) {
    auto made = TlsContext::from(credentials);
    if (!made) return std::unexpected(made.error());
    tls = *std::move(made);
  }
  auto impl = std::make_shared<Impl>(std::move(executor), std::move(credentials), std::move(tls), telemetry, limits);
  return std::unique_ptr<KubeClient>(new KubeClient(std::move(impl)));
}

asio::awaitable<Result<std::string>> KubeClient::call(ApiCall call, Duration timeout) {
  return Impl::call(impl_, std::move(call), timeout);
}

asio::awaitable<Result<void>> KubeClient::stream(ApiCall call, Duration idle_timeout,
                                                 std::function<bool(std::string_view)> on_bytes) {
  return Impl::stream(impl_, std::move(call), idle_timeout, std::move(on_bytes));
}

void KubeClient::stop() { impl_->stop(); }

}  // namespace lastgood::net
