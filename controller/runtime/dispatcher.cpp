#include "runtime/dispatcher.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "base/log.hpp"

namespace lastgood::runtime {

namespace asio = boost::asio;

namespace {

// Beyond this they only wait for connections, and the Lease behind them.
constexpr std::size_t most_looks = 64;

constexpr kube::BackoffSettings after_error{.first = Duration{200}, .cap = Duration{10'000}, .jitter = 0.2};

}  // namespace

Dispatcher::Dispatcher(asio::any_io_executor executor, kube::Uniform uniform, ports::Clock& clock, const Leadership& leadership,
                       TaskGroup& tasks)
    : queue_(std::move(uniform), after_error),
      clock_(clock),
      leadership_(leadership),
      tasks_(tasks),
      signal_(std::move(executor)) {}

void Dispatcher::add(const Key& key) {
  queue_.add(key);
  signal_.raise();
}

void Dispatcher::open(bool intake) {
  intake_ = intake;
  signal_.raise();
}

asio::awaitable<void> Dispatcher::run(Reconcile reconcile) {
  for (;;) {
    const bool works = intake_ && leadership_.term() != 0;
    while (works && looks_ < most_looks) {
      auto key = queue_.take(clock_.steady());
      if (!key) break;
      ++looks_;
      std::string name = "look at " + key->str();
      tasks_.spawn(std::move(name), work(reconcile, std::move(*key)));
    }
    const bool full = looks_ >= most_looks;
    co_await signal_.wait(clock_, works && !full ? queue_.next_deadline() : std::nullopt);
  }
}

asio::awaitable<void> Dispatcher::work(const Reconcile& reconcile, Key key) {
  auto next = Result<std::optional<Steady>>(fail(ErrorKind::Server, "ended by an exception"));
  try {
    next = co_await reconcile(key);
  } catch (const boost::system::system_error& failure) {
    const bool stopped = failure.code() == asio::error::operation_aborted;
    next = fail(stopped ? ErrorKind::Cancelled : ErrorKind::Server, failure.what());
  } catch (const std::exception& failure) {
    next = fail(ErrorKind::Server, failure.what());
  }
  // Before the signal, which may be heard before the task group knows that this has ended.
  --looks_;
  queue_.done(key);
  if (!next) {
    if (next.error().kind != ErrorKind::Cancelled) {
      log::warn("looking again after a back-off", {{"deployment", key.str()}, {"error", next.error()}});
    }
    queue_.fail(key, clock_.steady());
  } else {
    queue_.forget(key);
    if (*next) queue_.add_at(key, **next);
  }
  signal_.raise();
}

}  // namespace lastgood::runtime
