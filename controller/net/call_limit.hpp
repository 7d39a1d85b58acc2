// Limits the number of calls in flight. Calls above the limit wait in the order of their arrival.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <memory>

#include "net/deadline.hpp"
#include "net/failure.hpp"

namespace lastgood::net {

class CallLimit {
  struct State;

 public:
  CallLimit(boost::asio::any_io_executor executor, std::size_t limit);
  CallLimit(const CallLimit&) = delete;
  CallLimit& operator=(const CallLimit&) = delete;
  ~CallLimit();

  // Allows one call in flight until the Permit is destroyed. A Permit may outlive the CallLimit.
  class Permit {
   public:
    Permit(Permit&&) noexcept = default;
    Permit& operator=(Permit&&) = delete;
    ~Permit();

   private:
    friend class CallLimit;
    explicit Permit(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
  };
  // Waits for a permit. Fails with Stopped or TimedOut if the deadline is over first.
  boost::asio::awaitable<NetResult<Permit>> acquire(Deadline& deadline);

 private:
  std::shared_ptr<State> state_;
};

}  // namespace lastgood::net
