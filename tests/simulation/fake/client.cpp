#include "simulation/fake/client.hpp"

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

constexpr Duration one_way{2};
constexpr std::chrono::seconds between_bookmarks{60};
// Of a JSON patch whose test fails.
constexpr const char* patch_failed = "the server rejected our request due to an error in our request";

Error refused(Mishap mishap) {
  switch (mishap) {
    case Mishap::Conflict: return codec::status_error(409, refusal(409, "Conflict", "injected").body.dump());
    case Mishap::Unprocessable: return codec::status_error(422, refusal(422, "Invalid", patch_failed).body.dump());
    case Mishap::NotAdmitted:
      return codec::status_error(422, refusal(422, "Invalid", "ValidatingAdmissionPolicy 'old' denied request: no").body.dump());
    case Mishap::Slow: return codec::status_error(429, "Too many requests, please try again later.", std::chrono::seconds(1));
    case Mishap::Broken: return codec::status_error(500, refusal(500, "InternalError", "injected").body.dump());
    default: return {.kind = ErrorKind::Closed, .message = "injected: the connection was closed"};
  }
}

// A watch that is read; the server forgets it with its reader.
class Reading {
 public:
  Reading(Server& server, VirtualClock& clock, asio::any_io_executor executor, Watch watch)
      : server_(server),
        clock_(clock),
        never_(std::move(executor), asio::steady_timer::time_point::max()),
        watch_(server.watches().open(std::move(watch))) {
    watch_->wake = [this] { wake(); };
  }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;
  ~Reading() {
    forget();
    server_.watches().close(watch_);
  }

  [[nodiscard]] Watch& watch() { return *watch_; }

  // Until there is something to take, or that time.
  asio::awaitable<void> wait(Steady until) {
    if (!woken_) {
      forget();
      ticket_ = clock_.call_at(until, [this] { wake(); });
      boost::system::error_code ignored;
      co_await never_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      if (!woken_) throw boost::system::system_error(asio::error::operation_aborted);
    }
    woken_ = false;
  }

 private:
  void wake() {
    woken_ = true;
    never_.cancel();
  }
  void forget() {
    if (ticket_) clock_.forget(*ticket_);
    ticket_.reset();
  }

  Server& server_;
  VirtualClock& clock_;
  asio::steady_timer never_;
  std::list<Watch>::iterator watch_;
  std::optional<VirtualClock::Ticket> ticket_;
  bool woken_ = false;
};

std::string bookmark(std::uint64_t version, bool initial_events_end) {
  Json metadata{{"resourceVersion", std::to_string(version)}};
  if (initial_events_end) metadata["annotations"] = {{"k8s.io/initial-events-end", "true"}};
  return Json{{"type", "BOOKMARK"}, {"object", {{"metadata", std::move(metadata)}}}}.dump() + "\n";
}

std::string error_event(const Answer& refusal) { return Json{{"type", "ERROR"}, {"object", refusal.body}}.dump() + "\n"; }

bool wants_everything(const Route& route) {
  const std::string version = route.asked("resourceVersion");
  return route.asked("sendInitialEvents") == "true" || version.empty() || version == "0";
}

bool send_everything(const Server& server, const Route& route, const std::function<bool(std::string_view)>& on_bytes) {
  for (const Json* object : server.all(route.plural, route.namespace_)) {
    if (!on_bytes(Json{{"type", "ADDED"}, {"object", *object}}.dump() + "\n")) return false;
  }
  return route.asked("sendInitialEvents") != "true" || on_bytes(bookmark(server.version(), true));
}

}  // namespace

Mishap Client::mishap(const api::ApiCall& call) const { return script_ ? script_({.user = user_, .call = call}) : Mishap::None; }

asio::awaitable<Result<std::string>> Client::call(api::ApiCall call, Duration timeout) {
  const Steady given_up = clock_.steady() + timeout;
  co_await clock_.sleep_until(clock_.steady() + one_way);
  const Mishap mishap = this->mishap(call);
  if (mishap == Mishap::Hang) {
    co_await clock_.sleep_until(given_up);
    co_return fail(ErrorKind::TimedOut, "injected: no answer in time");
  }
  if (mishap != Mishap::None && mishap != Mishap::LoseAnswer) co_return std::unexpected(refused(mishap));
  const Answer answer = server_.handle(user_, call);
  co_await clock_.sleep_until(clock_.steady() + one_way);
  if (mishap == Mishap::LoseAnswer) co_return std::unexpected(refused(mishap));
  if (answer.status / 100 != 2) co_return std::unexpected(codec::status_error(answer.status, answer.body.dump()));
  co_return answer.body.dump();
}

asio::awaitable<Result<void>> Client::stream(api::ApiCall call, Duration idle_timeout,
                                             std::function<bool(std::string_view)> on_bytes) {
  co_await clock_.sleep_until(clock_.steady() + one_way);
  const Mishap mishap = this->mishap(call);
  if (mishap == Mishap::Hang) {
    co_await clock_.sleep_until(clock_.steady() + idle_timeout);
    co_return fail(ErrorKind::TimedOut, "injected: no byte in time");
  }
  if (mishap != Mishap::None) co_return std::unexpected(refused(mishap));
  const auto route = parse_route(call.target);
  if (!route) co_return fail(ErrorKind::NotFound, "no such collection", 404);

  const bool everything = wants_everything(*route);
  const std::uint64_t from = everything ? server_.version() : std::stoull(route->asked("resourceVersion"));
  if (!everything && server_.watches().expired(from)) {
    on_bytes(error_event(refusal(410, "Expired", "too old resource version: " + route->asked("resourceVersion"))));
    co_return Result<void>{};
  }
  if (everything && !send_everything(server_, *route, on_bytes)) co_return Result<void>{};
  const std::string seconds = route->asked("timeoutSeconds");
  const Steady end = clock_.steady() + std::chrono::seconds(seconds.empty() ? 1800 : std::stoll(seconds));
  Steady next_bookmark = clock_.steady() + between_bookmarks;
  Reading reading(server_, clock_, co_await asio::this_coro::executor,
                  {.user = user_, .plural = route->plural, .namespace_ = route->namespace_, .seen = from});
  for (;;) {
    for (const std::string& line : server_.watches().take(reading.watch())) {
      if (!on_bytes(line)) co_return Result<void>{};
    }
    if (reading.watch().broken) co_return fail(ErrorKind::Closed, "injected: the connection was closed");
    if (clock_.steady() >= end) co_return Result<void>{};
    if (clock_.steady() >= next_bookmark) {
      next_bookmark = clock_.steady() + between_bookmarks;
      const bool current = !server_.watches().is_held(reading.watch());
      if (current && !on_bytes(bookmark(server_.version(), false))) co_return Result<void>{};
    }
    co_await reading.wait(std::min(end, next_bookmark));
  }
}

}  // namespace lastgood::simulation
