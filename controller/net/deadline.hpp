// The time limit of one exchange over the network. When it expires or is stopped, it aborts the
// operation that the exchange waits for.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "base/time.hpp"

namespace lastgood::net {

class Deadline {
 public:
  Deadline(const boost::asio::any_io_executor& executor, Duration from_now);
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline();

  [[nodiscard]] bool expired() const;
  [[nodiscard]] bool stopped() const;
  [[nodiscard]] bool over() const { return expired() || stopped(); }

  // Moves the limit to a later or earlier time. No effect if the deadline is over.
  void restart(Duration from_now);
  void stop();

  // Watches one operation of the exchange. An exchange has at most one watch at a time.
  class Watch {
   public:
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch();

   private:
    friend class Deadline;
    explicit Watch(Deadline& deadline) : deadline_(deadline) {}
    Deadline& deadline_;
  };
  // Calls `abort` when the deadline is over, until the Watch is destroyed. Calls it at once if the
  // deadline is over already.
  [[nodiscard]] Watch watch(std::function<void()> abort);

 private:
  struct State;
  static void arm(const std::shared_ptr<State>& state);
  static void end(State& state, bool stopped);
  std::shared_ptr<State> state_;
};

}  // namespace lastgood::net
