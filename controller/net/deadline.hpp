// The time limit of one exchange over the network. When it is over, it aborts the operation that
// the exchange waits for.
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
  [[nodiscard]] bool aborted() const;  // by abort_now()
  // The time has come, although the timer may not have ended the operation yet: after the process
  // was stopped, sockets are handled before timers. A response that has arrived is still read then,
  // but no request may be sent.
  [[nodiscard]] bool has_passed() const;
  [[nodiscard]] bool over() const { return expired() || aborted(); }

  // Moves the limit to a later or earlier time. No effect if the deadline is over.
  void restart(Duration from_now);
  // Ends the deadline before its time. No effect if the deadline is over.
  void abort_now();

  // Lasts as long as one operation of the exchange. An exchange has at most one scope at a time.
  class AbortScope {
   public:
    AbortScope(const AbortScope&) = delete;
    AbortScope& operator=(const AbortScope&) = delete;
    ~AbortScope();

   private:
    friend class Deadline;
    explicit AbortScope(Deadline& deadline) : deadline_(deadline) {}
    Deadline& deadline_;
  };
  // Calls `abort` when the deadline is over, until the scope is destroyed. Calls `abort` at once if
  // the deadline is over already.
  [[nodiscard]] AbortScope abort_when_over(std::function<void()> abort);

 private:
  struct State;
  static void arm(const std::shared_ptr<State>& state);
  static void end(State& state, bool aborted);
  std::shared_ptr<State> state_;
};

}  // namespace lastgood::net
