#include "simulation/fake/api_client.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "codec/errors.hpp"

namespace lastgood::simulation {

namespace asio = boost::asio;
using codec::Json;

namespace {

// From the client to the server, or back.
constexpr Duration one_way_latency = std::chrono::milliseconds(2);
constexpr Duration slow_response = std::chrono::seconds(3);
constexpr std::chrono::seconds bookmark_interval{60};
// The API server's message for a JSON patch whose test fails.
constexpr const char* patch_failed =
    "the server rejected our request due to an error in our request";

Error error_of(Fault fault) {
  switch (fault) {
    case Fault::Conflict:
      return codec::status_error(409, error_response(409, "Conflict", "injected").body.dump());
    case Fault::Unprocessable:
      return codec::status_error(422, error_response(422, "Invalid", patch_failed).body.dump());
    case Fault::AdmissionDenied:
      return codec::status_error(
          422, error_response(422, "Invalid", "ValidatingAdmissionPolicy 'old' denied request: no")
                   .body.dump());
    case Fault::TooManyRequests:
      return codec::status_error(429, "Too many requests, please try again later.",
                                 std::chrono::seconds(1));
    case Fault::Unavailable: return codec::status_error(503, "apiserver not ready");
    case Fault::InternalError:
      return codec::status_error(500, error_response(500, "InternalError", "injected").body.dump());
    default:
      return {.kind = ErrorKind::ConnectionClosed,
              .message = "injected: the connection was closed"};
  }
}

// Reads one open watch. The destructor closes the watch.
class WatchReader {
 public:
  WatchReader(ApiServer& server, VirtualClock& clock, asio::any_io_executor executor,
              OpenWatch watch)
      : server_(server),
        clock_(clock),
        never_(std::move(executor), asio::steady_timer::time_point::max()),
        watch_(server.watches().open(std::move(watch))) {
    watch_->on_news = [this] { notify(); };
  }
  WatchReader(const WatchReader&) = delete;
  WatchReader& operator=(const WatchReader&) = delete;
  ~WatchReader() {
    cancel_timer();
    server_.watches().close(watch_);
  }

  [[nodiscard]] OpenWatch& watch() { return *watch_; }

  // Returns when the watch has new events or is closed, at the latest at `until`.
  asio::awaitable<void> wait(MonotonicTime until) {
    if (!is_notified_) {
      cancel_timer();
      timer_ = clock_.call_at(until, [this] { notify(); });
      boost::system::error_code ignored;
      co_await never_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      if (!is_notified_) throw boost::system::system_error(asio::error::operation_aborted);
    }
    is_notified_ = false;
  }

 private:
  void notify() {
    is_notified_ = true;
    never_.cancel();
  }
  void cancel_timer() {
    if (timer_) clock_.cancel(*timer_);
    timer_.reset();
  }

  ApiServer& server_;
  VirtualClock& clock_;
  asio::steady_timer never_;  // never expires: notify() cancels it to end a wait
  std::list<OpenWatch>::iterator watch_;
  std::optional<VirtualClock::TimerId> timer_;
  bool is_notified_ = false;
};

std::string bookmark(std::uint64_t version, bool initial_events_end) {
  Json metadata{{"resourceVersion", std::to_string(version)}};
  if (initial_events_end) metadata["annotations"] = {{"k8s.io/initial-events-end", "true"}};
  return Json{{"type", "BOOKMARK"}, {"object", {{"metadata", std::move(metadata)}}}}.dump() + "\n";
}

std::string error_event(const ApiResponse& response) {
  return Json{{"type", "ERROR"}, {"object", response.body}}.dump() + "\n";
}

// True if the watch first sends the objects that exist. False if it starts after a resourceVersion.
bool starts_with_objects(const Route& route) {
  const std::string version = route.parameter("resourceVersion");
  return route.parameter("sendInitialEvents") == "true" || version.empty() || version == "0";
}

// False if `on_bytes` returned false, which ends the stream.
bool send_objects(const ApiServer& server, const Route& route,
                  const std::function<bool(std::string_view)>& on_bytes) {
  for (const Json* object : server.all(route.plural, route.namespace_)) {
    if (!matches_selector(route.parameter("labelSelector"), labels_of(*object))) continue;
    if (!on_bytes(Json{{"type", "ADDED"}, {"object", *object}}.dump() + "\n")) return false;
  }
  return route.parameter("sendInitialEvents") != "true" ||
         on_bytes(bookmark(server.version(), true));
}

}  // namespace

std::ostream& operator<<(std::ostream& out, Fault fault) {
  switch (fault) {
    case Fault::None: return out << "None";
    case Fault::LoseCall: return out << "LoseCall";
    case Fault::LoseResponse: return out << "LoseResponse";
    case Fault::SlowResponse: return out << "SlowResponse";
    case Fault::Hang: return out << "Hang";
    case Fault::LateExecution: return out << "LateExecution";
    case Fault::Conflict: return out << "Conflict";
    case Fault::Unprocessable: return out << "Unprocessable";
    case Fault::AdmissionDenied: return out << "AdmissionDenied";
    case Fault::TooManyRequests: return out << "TooManyRequests";
    case Fault::Unavailable: return out << "Unavailable";
    case Fault::InternalError: return out << "InternalError";
  }
  return out << static_cast<int>(fault);
}

Fault ApiClient::fault_for(const api::ApiCall& call) const {
  return script_ ? script_({.user = user_, .call = call}) : Fault::None;
}

asio::awaitable<Result<std::string>> ApiClient::call(api::ApiCall call, Duration timeout) {
  auto response = co_await call_with_warnings(std::move(call), timeout);
  if (!response) co_return std::unexpected(response.error());
  co_return std::move(response->body);
}

asio::awaitable<Result<ports::ResponseWithWarnings>> ApiClient::call_with_warnings(
    api::ApiCall call, Duration timeout) {
  const MonotonicTime deadline = clock_.monotonic_now() + timeout;
  if (at_each_send_) at_each_send_({.user = user_, .call = call});
  co_await clock_.sleep_until(clock_.monotonic_now() + one_way_latency);
  // As net/: a call whose time has passed is not sent, for example after the process was suspended.
  if (clock_.monotonic_now() >= deadline) co_return fail(ErrorKind::TimedOut, "it was not sent");
  const Fault fault = fault_for(call);
  if (fault == Fault::LateExecution) {
    clock_.call_at(
        clock_.monotonic_now() + server_.late_by,
        [&server = server_, user = user_, call] { server.handle(user, call, Arrival::Late); });
  }
  if (fault == Fault::Hang || fault == Fault::LateExecution) {
    co_await clock_.sleep_until(deadline);
    co_return fail(ErrorKind::TimedOut, "injected: no response in time");
  }
  const bool is_carried_out =
      fault == Fault::None || fault == Fault::LoseResponse || fault == Fault::SlowResponse;
  if (!is_carried_out) co_return std::unexpected(error_of(fault));
  const ApiResponse response = server_.handle(user_, call);
  const bool is_slow = fault == Fault::SlowResponse;
  co_await clock_.sleep_until(clock_.monotonic_now() + (is_slow ? slow_response : one_way_latency));
  if (fault == Fault::LoseResponse) co_return std::unexpected(error_of(fault));
  if (response.status / 100 != 2)
    co_return std::unexpected(codec::status_error(response.status, response.body.dump()));
  ports::ResponseWithWarnings received{.body = response.body.dump(), .warnings = response.warnings};
  co_return std::move(received);
}

asio::awaitable<Result<void>> ApiClient::stream(api::ApiCall call, Duration idle_timeout,
                                                std::function<bool(std::string_view)> on_bytes) {
  co_await clock_.sleep_until(clock_.monotonic_now() + one_way_latency);
  const Fault fault = fault_for(call);
  if (fault == Fault::Hang) {
    co_await clock_.sleep_until(clock_.monotonic_now() + idle_timeout);
    co_return fail(ErrorKind::TimedOut, "injected: no byte in time");
  }
  if (fault != Fault::None) co_return std::unexpected(error_of(fault));
  const auto route = parse_route(call.target);
  if (!route) co_return fail(ErrorKind::NotFound, "no such collection", 404);

  const bool with_objects = starts_with_objects(*route);
  const std::uint64_t from =
      with_objects ? server_.version() : std::stoull(route->parameter("resourceVersion"));
  if (!with_objects && server_.watches().is_expired(from)) {
    on_bytes(error_event(error_response(
        410, "Expired", "too old resource version: " + route->parameter("resourceVersion"))));
    co_return Result<void>{};
  }
  if (!on_bytes({})) co_return Result<void>{};
  if (with_objects && !send_objects(server_, *route, on_bytes)) co_return Result<void>{};
  const std::string seconds = route->parameter("timeoutSeconds");
  const MonotonicTime end =
      clock_.monotonic_now() + std::chrono::seconds(seconds.empty() ? 1800 : std::stoll(seconds));
  MonotonicTime next_bookmark = clock_.monotonic_now() + bookmark_interval;
  WatchReader reader(server_, clock_, co_await asio::this_coro::executor,
                     {.user = user_,
                      .plural = route->plural,
                      .namespace_ = route->namespace_,
                      .label_selector = route->parameter("labelSelector"),
                      .seen = from});
  MonotonicTime last_byte = clock_.monotonic_now();
  for (;;) {
    for (const std::string& line : server_.watches().read(reader.watch())) {
      last_byte = clock_.monotonic_now();
      if (!on_bytes(line)) co_return Result<void>{};
    }
    if (reader.watch().is_closed)
      co_return fail(ErrorKind::ConnectionClosed, "injected: the connection was closed");
    if (clock_.monotonic_now() >= end) co_return Result<void>{};
    if (clock_.monotonic_now() >= next_bookmark) {
      next_bookmark = clock_.monotonic_now() + bookmark_interval;
      // A stalled watch sends nothing, not even a bookmark. A bookmark never overtakes an event.
      const bool sends_bookmarks = !server_.watches().is_stalled(route->plural) &&
                                   !reader.watch().is_silent && !reader.watch().is_delayed &&
                                   reader.watch().reordered.empty();
      if (sends_bookmarks) last_byte = clock_.monotonic_now();
      if (sends_bookmarks && !on_bytes(bookmark(server_.version(), false)))
        co_return Result<void>{};
    }
    if (clock_.monotonic_now() >= last_byte + idle_timeout)
      co_return fail(ErrorKind::TimedOut, "no byte in time");
    co_await reader.wait(std::min({end, next_bookmark, last_byte + idle_timeout}));
  }
}

}  // namespace lastgood::simulation
