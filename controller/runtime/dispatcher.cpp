#include "runtime/dispatcher.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "base/log.hpp"

namespace lastgood::runtime {

namespace asio = boost::asio;

namespace {

constexpr kube::BackoffSettings error_backoff{
    .first = Duration{200}, .cap = Duration{10'000}, .jitter = 0.2};

ports::ReconcileResult result_of(const Result<std::optional<MonotonicTime>>& requeue_at) {
  if (!requeue_at) return ports::ReconcileResult::Error;
  return *requeue_at ? ports::ReconcileResult::RequeueAfter : ports::ReconcileResult::Success;
}

}  // namespace

Dispatcher::Dispatcher(asio::any_io_executor executor, kube::RandomSource random_source,
                       ports::Clock& clock, ports::Telemetry& telemetry,
                       const Leadership& leadership, TaskGroup& tasks)
    : queue_(std::move(random_source), error_backoff),
      clock_(clock),
      telemetry_(telemetry),
      leadership_(leadership),
      tasks_(tasks),
      signal_(std::move(executor)) {}

void Dispatcher::add(const Key& key, kube::Priority priority) {
  if (queue_.add(key, priority)) count_added(key, clock_.monotonic_now());
  signal_.raise();
}

void Dispatcher::set_enabled(bool enabled) {
  enabled_ = enabled;
  signal_.raise();
}

void Dispatcher::count_added(const Key& key, MonotonicTime now) {
  telemetry_.key_added();
  added_at_.insert_or_assign(key, now);
}

std::optional<Key> Dispatcher::take(MonotonicTime now) {
  for (const Key& due : queue_.release_due(now)) count_added(due, now);
  std::optional<Key> key = queue_.take(now);
  if (!key) return key;
  const auto added = added_at_.find(*key);
  telemetry_.reconcile_started(now, now - std::max(added->second, *working_since_));
  added_at_.erase(added);
  return key;
}

asio::awaitable<void> Dispatcher::run(Reconcile reconcile) {
  telemetry_.max_concurrent_reconciles(max_concurrent_reconciles);
  for (;;) {
    const bool may_start = enabled_ && leadership_.term() != 0;
    if (!may_start) working_since_.reset();
    if (may_start && !working_since_) working_since_ = clock_.monotonic_now();
    while (may_start && active_reconciles_ < max_concurrent_reconciles) {
      const MonotonicTime now = clock_.monotonic_now();
      auto key = take(now);
      if (!key) break;
      ++active_reconciles_;
      std::string name = "reconcile " + key->str();
      tasks_.spawn(std::move(name), reconcile_one(reconcile, std::move(*key), now));
    }
    telemetry_.queue_depth(may_start ? queue_.ready() : 0);
    const bool full = active_reconciles_ >= max_concurrent_reconciles;
    co_await signal_.wait(clock_, may_start && !full ? queue_.next_deadline() : std::nullopt);
  }
}

asio::awaitable<void> Dispatcher::reconcile_one(const Reconcile& reconcile, Key key,
                                                MonotonicTime started) {
  Result<std::optional<MonotonicTime>> requeue_at =
      fail(ErrorKind::Server, "the reconcile did not end");
  try {
    requeue_at = co_await reconcile(key);
  } catch (const boost::system::system_error& failure) {
    const bool cancelled = failure.code() == asio::error::operation_aborted;
    requeue_at = fail(cancelled ? ErrorKind::Cancelled : ErrorKind::Server, failure.what());
  } catch (const std::exception& failure) {
    requeue_at = fail(ErrorKind::Server, failure.what());
  }
  // Count down before raise(): run() may start the next reconcile before this task has ended.
  --active_reconciles_;
  queue_.done(key);
  const MonotonicTime ended = clock_.monotonic_now();
  telemetry_.reconcile_finished(started, ended - started, result_of(requeue_at));
  if (!requeue_at) {
    if (requeue_at.error().kind != ErrorKind::Cancelled) {
      log::warn("reconcile failed, requeued with backoff",
                {{"key", key.str()}, {"error", requeue_at.error()}});
    }
    queue_.fail(key, ended, requeue_at.error().retry_after.value_or(Duration{0}));
  } else {
    queue_.forget(key);
    if (*requeue_at) queue_.add_at(key, **requeue_at);
  }
  if (!requeue_at || *requeue_at) telemetry_.key_requeued();
  signal_.raise();
}

}  // namespace lastgood::runtime
