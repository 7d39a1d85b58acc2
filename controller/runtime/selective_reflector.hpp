// Keeps an object store in sync with the objects of one collection that a label selector matches.
// The selector can change at any time: the watch is opened again from the last version, which costs
// the server 1 to 2 ms. Without a selector there is no watch and the store is empty.
//
//   call    select("a")               select("a,b")               select("")
//   watch   list and watch "a" ---------- 50 ms --> watch "a,b" ----- 50 ms --> no watch
//
// Objects that only the new selector matches must be listed after the watch has opened: the watch
// reports only their later changes.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "kube/object_store.hpp"
#include "ports/clock.hpp"
#include "runtime/reflector.hpp"
#include "runtime/signal.hpp"

namespace lastgood::runtime {

template <class T>
class SelectiveReflector {
 public:
  // Makes the reflector for all watches until the next empty selector.
  using Make = std::function<std::unique_ptr<Reflector<T>>()>;

  // Calls on_cleared() with the objects that are removed because nothing is selected any more.
  SelectiveReflector(const boost::asio::any_io_executor& executor, ports::Clock& clock,
                     kube::ObjectStore<T>& store, Make make,
                     typename Reflector<T>::OnDeltas on_cleared)
      : executor_(executor),
        clock_(clock),
        store_(store),
        make_(std::move(make)),
        on_cleared_(std::move(on_cleared)),
        changed_(executor) {}

  // Empty: no object. The store keeps objects that only an earlier selector matched.
  void select(std::string label_selector) {
    if (wanted_ == label_selector) return;
    wanted_ = std::move(label_selector);
    changed_.raise();
  }

  // The selector of the present watch. Empty: there is no watch.
  [[nodiscard]] const std::string& selected() const { return selected_; }
  // A watch with the selector selected() is open, and its next event changes the store.
  [[nodiscard]] bool is_streaming() const { return reflector_ && reflector_->is_streaming(); }
  // See Reflector::streamed_until(). Empty also while nothing is selected.
  [[nodiscard]] std::optional<MonotonicTime> streamed_until() const {
    return reflector_ ? reflector_->streamed_until() : std::nullopt;
  }
  // How often all objects of selected() have been read.
  [[nodiscard]] int syncs() const { return past_syncs_ + (reflector_ ? reflector_->syncs() : 0); }
  // The last resource version seen. Empty: none.
  [[nodiscard]] ResourceVersion version() const {
    return reflector_ ? reflector_->version() : ResourceVersion{};
  }

  // Runs until it is cancelled.
  boost::asio::awaitable<void> run() {
    for (;;) {
      while (wanted_.empty()) co_await changed_.wait(clock_);
      if (!reflector_) reflector_ = make_();
      selected_ = wanted_;
      co_await watch_until_change();
      if (!wanted_.empty()) continue;
      selected_.clear();
      past_syncs_ += reflector_->syncs();
      reflector_.reset();
      on_cleared_(store_.replace_all({}));
    }
  }

 private:
  // Changes within this time lead to one new watch.
  static constexpr Duration settle_time{50};

  boost::asio::awaitable<void> watch_until_change() {
    namespace asio = boost::asio;
    auto watch = asio::co_spawn(executor_, reflector_->run(selected_), asio::deferred);
    auto change = asio::co_spawn(executor_, change_of_selector(), asio::deferred);
    const auto [order, watch_error, change_error] =
        co_await asio::experimental::make_parallel_group(std::move(watch), std::move(change))
            .async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
      throw boost::system::system_error(asio::error::operation_aborted);
    if (order[0] == 0 && watch_error) std::rethrow_exception(watch_error);
  }

  boost::asio::awaitable<void> change_of_selector() {
    while (wanted_ == selected_) {
      co_await changed_.wait(clock_);
      co_await clock_.sleep_until(clock_.monotonic_now() + settle_time);
    }
  }

  boost::asio::any_io_executor executor_;
  ports::Clock& clock_;
  kube::ObjectStore<T>& store_;
  Make make_;
  typename Reflector<T>::OnDeltas on_cleared_;
  Signal changed_;
  std::string wanted_;
  std::string selected_;
  int past_syncs_ = 0;
  std::unique_ptr<Reflector<T>> reflector_;
};

}  // namespace lastgood::runtime
