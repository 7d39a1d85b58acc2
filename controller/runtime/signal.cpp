#include "runtime/signal.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace lastgood::runtime {

namespace asio = boost::asio;

Signal::Signal(asio::any_io_executor executor)
    : never_(executor, asio::steady_timer::time_point::max()) {}

void Signal::raise() {
  raised_ = true;
  never_.cancel();
}

asio::awaitable<void> Signal::wait(ports::Clock& clock, std::optional<MonotonicTime> until) {
  if (!raised_) {
    auto raised = never_.async_wait(asio::deferred);
    if (until) {
      auto sleep = asio::co_spawn(never_.get_executor(), clock.sleep_until(*until), asio::deferred);
      co_await asio::experimental::make_parallel_group(std::move(raised), std::move(sleep))
          .async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    } else {
      co_await asio::experimental::make_parallel_group(std::move(raised))
          .async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    }
  }
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none)
    throw boost::system::system_error(asio::error::operation_aborted);
  raised_ = false;
}

}  // namespace lastgood::runtime
