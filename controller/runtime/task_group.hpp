// Coroutines that are joined: none outlives its group. A task that ends by an exception other than cancellation is logged and
// does not disturb the others; whoever cannot do without it is told.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <functional>
#include <list>
#include <string>

namespace lastgood::runtime {

class TaskGroup {
 public:
  explicit TaskGroup(boost::asio::any_io_executor executor, std::function<void()> on_failure = {});

  // `name` is said when the task fails. After cancel() nothing is started any more.
  void spawn(std::string name, boost::asio::awaitable<void> task);

  void cancel();
  [[nodiscard]] std::size_t size() const { return tasks_.size(); }

  // Returns when every task has ended. Does not cancel.
  boost::asio::awaitable<void> join();

 private:
  struct Task {
    std::string name;
    boost::asio::cancellation_signal cancel;
  };

  void ended(std::list<Task>::iterator task, const std::exception_ptr& error);

  boost::asio::any_io_executor executor_;
  std::list<Task> tasks_;
  boost::asio::steady_timer empty_;
  std::function<void()> on_failure_;
  bool cancelled_ = false;
};

}  // namespace lastgood::runtime
