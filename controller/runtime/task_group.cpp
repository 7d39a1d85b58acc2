#include "runtime/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "base/log.hpp"

namespace lastgood::runtime {

namespace asio = boost::asio;

TaskGroup::TaskGroup(asio::any_io_executor executor, std::function<void()> on_failure)
    : executor_(executor),
      empty_(executor, asio::steady_timer::time_point::max()),
      on_failure_(std::move(on_failure)) {}

void TaskGroup::spawn(std::string name, asio::awaitable<void> task) {
  if (cancelled_) return;
  tasks_.emplace_back();
  const auto added = std::prev(tasks_.end());
  added->name = std::move(name);
  asio::co_spawn(executor_, std::move(task),
                 asio::bind_cancellation_slot(
                     added->cancel.slot(),
                     [this, added](const std::exception_ptr& error) { on_end(added, error); }));
}

void TaskGroup::cancel() {
  cancelled_ = true;
  // emit() may end tasks, which removes them from the list during the loop. So a handler cancels
  // each task later, if the task is still in the list then.
  for (Task& task : tasks_) {
    asio::post(executor_, [this, &task] {
      for (Task& other : tasks_) {
        if (&other == &task) return other.cancel.emit(asio::cancellation_type::terminal);
      }
    });
  }
}

asio::awaitable<void> TaskGroup::join() {
  while (!tasks_.empty()) {
    boost::system::error_code ignored;
    co_await empty_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

void TaskGroup::on_end(std::list<Task>::iterator task, const std::exception_ptr& error) {
  bool failed = false;
  try {
    if (error) std::rethrow_exception(error);
  } catch (const boost::system::system_error& failure) {
    failed = failure.code() != asio::error::operation_aborted;
    if (failed) log::error("a task failed", {{"task", task->name}, {"error", failure.what()}});
  } catch (const std::exception& failure) {
    failed = true;
    log::error("a task failed", {{"task", task->name}, {"error", failure.what()}});
  }
  tasks_.erase(task);
  if (tasks_.empty()) empty_.cancel();
  if (failed && on_failure_) on_failure_();
}

}  // namespace lastgood::runtime
