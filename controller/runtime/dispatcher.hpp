// Reconciles the keys of a work queue, as the worker loop of a controller in controller-runtime
// (pkg/internal/controller/controller.go). Each reconcile runs in its own coroutine: a reconcile
// that waits for a slow server does not delay the others.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <optional>
#include <unordered_map>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "kube/work_queue.hpp"
#include "ports/clock.hpp"
#include "ports/telemetry.hpp"
#include "runtime/leadership.hpp"
#include "runtime/signal.hpp"
#include "runtime/task_group.hpp"

namespace lastgood::runtime {

// All lanes together have about 20 connections for reconciles. More concurrent reconciles would
// only wait for a connection, and the objects that they have read would become old. Keys that wait
// in the queue instead are taken in the order of their priority.
inline constexpr std::size_t max_concurrent_reconciles = 32;

class Dispatcher {
 public:
  // Reconciles one key. Returns when to requeue the key. No value: only the next event requeues it.
  // An error or an exception requeues it with backoff: 0.2 s, doubled with each consecutive failure
  // up to 10 s. Errors other than Cancelled are logged.
  using Reconcile =
      std::function<boost::asio::awaitable<Result<std::optional<MonotonicTime>>>(Key)>;

  // Reconciles run in `tasks`.
  Dispatcher(boost::asio::any_io_executor executor, kube::RandomSource random_source,
             ports::Clock& clock, ports::Telemetry& telemetry, const Leadership& leadership,
             TaskGroup& tasks);

  // Queues the key. It is reconciled once for all calls before the reconcile starts, and never by
  // two coroutines at once.
  void add(const Key& key, kube::Priority priority = kube::Priority::Normal);

  // Starts reconciles while this process is the leader and enabled. Runs until it is cancelled.
  // Reconciles that have started go on in `tasks`.
  boost::asio::awaitable<void> run(Reconcile reconcile);

  // Whether reconciles may start. Initially they may not. Keys are queued in both cases.
  void set_enabled(bool enabled);

  // No key is ready and no reconcile is running. Keys that are due later are not counted.
  [[nodiscard]] bool is_idle() const { return queue_.ready() == 0 && active_reconciles_ == 0; }

 private:
  void count_added(const Key& key, MonotonicTime now);
  std::optional<Key> take(MonotonicTime now);
  boost::asio::awaitable<void> reconcile_one(const Reconcile& reconcile, Key key,
                                             MonotonicTime started);

  kube::WorkQueue queue_;
  ports::Clock& clock_;
  ports::Telemetry& telemetry_;
  const Leadership& leadership_;
  TaskGroup& tasks_;
  Signal signal_;
  bool enabled_ = false;
  // Since when reconciles may start. No value: they may not. The queue time of a key does not
  // include the time before.
  std::optional<MonotonicTime> working_since_;
  std::unordered_map<Key, MonotonicTime> added_at_;  // of the ready keys
  std::size_t active_reconciles_ = 0;
};

}  // namespace lastgood::runtime
