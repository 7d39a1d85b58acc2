// The time limit of one exchange with the outside: when it is over, or when somebody stops the exchange, what is being
// waited for is aborted. Knows nothing of what that is.
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

  // Later or earlier than before. Without effect once it is over.
  void restart(Duration from_now);
  void stop();

  // As long as this lives, `abort` is called when the deadline is over; at once if it is already.
  // One at a time: what an exchange waits for comes one after another.
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
  [[nodiscard]] Watch watch(std::function<void()> abort);

 private:
  struct State;
  static void arm(const std::shared_ptr<State>& state);
  static void end(State& state, bool stopped);
  std::shared_ptr<State> state_;
};

}  // namespace lastgood::net
