// A group of coroutines that are cancelled and joined together, so that no coroutine outlives the
// objects that it uses.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <exception>
#include <functional>
#include <list>
#include <string>

namespace lastgood::runtime {

// A task fails if it ends with an exception other than cancellation
// (boost::system::system_error(operation_aborted)). The failure is logged. The other tasks go on.
class TaskGroup {
 public:
  // Calls on_failure() after each failed task, when the task has left the group.
  explicit TaskGroup(boost::asio::any_io_executor executor, std::function<void()> on_failure = {});

  // Starts `task`. `name` is logged if the task fails. After cancel() the task is not started.
  void spawn(std::string name, boost::asio::awaitable<void> task);

  // Cancels all tasks. They end some time after this call: join() waits for them.
  void cancel();

  // The number of tasks that have not ended.
  [[nodiscard]] std::size_t size() const { return tasks_.size(); }

  // Returns when all tasks have ended. Does not cancel them.
  boost::asio::awaitable<void> join();

 private:
  struct Task {
    std::string name;
    boost::asio::cancellation_signal cancel;
  };

  void on_end(std::list<Task>::iterator task, const std::exception_ptr& error);

  boost::asio::any_io_executor executor_;
  std::list<Task> tasks_;
  boost::asio::steady_timer empty_;  // never expires: cancelled when the last task ends
  std::function<void()> on_failure_;
  bool cancelled_ = false;
};

}  // namespace lastgood::runtime
