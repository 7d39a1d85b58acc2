// Hands out keys of the work queue, each to a coroutine of its own, for as long as we lead. One that waits for a slow server
// delays no other; the connections of the KubeApi bound what is asked at once.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <optional>

#include "kube/work_queue.hpp"
#include "ports/clock.hpp"
#include "runtime/leadership.hpp"
#include "runtime/signal.hpp"
#include "runtime/task_group.hpp"

namespace lastgood::runtime {

class Dispatcher {
 public:
  // Reconciles one key. Returns when to requeue it; an error requeues it with backoff.
  using Reconcile = std::function<boost::asio::awaitable<Result<std::optional<Steady>>>(Key)>;

  Dispatcher(boost::asio::any_io_executor executor, kube::Uniform uniform, ports::Clock& clock, const Leadership& leadership,
             TaskGroup& tasks);

  void add(const Key& key);

  // Never returns; ends by cancellation. What it has handed out goes on in the task group.
  boost::asio::awaitable<void> run(Reconcile reconcile);

  // Whether keys are handed out at all.
  void open(bool intake);

  // Everything that was added has been looked at, for now.
  [[nodiscard]] bool quiet() const { return queue_.waiting() == 0 && looks_ == 0; }

 private:
  boost::asio::awaitable<void> work(const Reconcile& reconcile, Key key);

  kube::WorkQueue queue_;
  ports::Clock& clock_;
  const Leadership& leadership_;
  TaskGroup& tasks_;
  Signal signal_;
  bool intake_ = false;
  std::size_t looks_ = 0;
};

}  // namespace lastgood::runtime
