// A cache for values that are read from servers or files. If several coroutines need the same value
// at the same time, one of them reads it, and the others wait for the result. Private to shell/.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/time.hpp"
#include "ports/clock.hpp"

namespace lastgood::shell {

template <class Value>
class ReadCache {
 public:
  explicit ReadCache(ports::Clock& clock) : clock_(clock) {}

  // The value of the key, at most as old as its lifetime. `read` returns an awaitable of the value,
  // `lifetime` says how long this value is used.
  template <class Read, class Lifetime>
  boost::asio::awaitable<Value> get(std::string key, Read read, Lifetime lifetime) {
    std::shared_ptr<Entry> entry = entries_[key];
    if (!entry) {
      const auto executor = co_await boost::asio::this_coro::executor;
      entry = std::make_shared<Entry>(executor);
      entries_[key] = entry;
    }
    while (!entry->value || entry->expires <= clock_.monotonic_now()) {
      if (entry->is_reading) {
        const std::uint64_t reads_before = entry->reads;
        co_await entry->wait();
        // The value is new for this caller, however short its lifetime is.
        if (entry->reads != reads_before) break;
        continue;
      }
      const Reading reading(*entry);
      entry->value = co_await read();
      entry->expires = clock_.monotonic_now() + lifetime(*entry->value);
      ++entry->reads;
      break;
    }
    Value value = *entry->value;
    drop_expired();
    co_return value;
  }

  // Makes the next get() read the value again, unless a newer value has replaced `value` already.
  void drop(const std::string& key, const Value& value) {
    const auto found = entries_.find(key);
    if (found != entries_.end() && found->second && found->second->value == value)
      found->second->expires = {};
  }

 private:
  struct Entry {
    explicit Entry(const boost::asio::any_io_executor& executor)
        : read_ended(executor, boost::asio::steady_timer::time_point::max()) {}

    boost::asio::awaitable<void> wait() {
      boost::system::error_code ignored;
      co_await read_ended.async_wait(
          boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }

    std::optional<Value> value;
    MonotonicTime expires{};
    bool is_reading = false;
    std::uint64_t reads = 0;               // complete reads
    boost::asio::steady_timer read_ended;  // cancelled when a read ends
  };

  // Wakes the waiting coroutines at the end of a read, also if it is cancelled.
  class Reading {
   public:
    explicit Reading(Entry& entry) : entry_(entry) { entry_.is_reading = true; }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    ~Reading() {
      entry_.is_reading = false;
      entry_.read_ended.cancel();
    }

   private:
    Entry& entry_;
  };

  void drop_expired() {
    const MonotonicTime now = clock_.monotonic_now();
    if (now < next_drop_) return;
    next_drop_ = now + drop_interval;
    std::erase_if(entries_, [&](const auto& entry) {
      return !entry.second || (!entry.second->is_reading && entry.second->expires <= now);
    });
  }

  // drop_expired() visits all entries, and each get() calls it.
  static constexpr Duration drop_interval{1'000};

  ports::Clock& clock_;
  MonotonicTime next_drop_{};
  std::map<std::string, std::shared_ptr<Entry>> entries_;
};

}  // namespace lastgood::shell
