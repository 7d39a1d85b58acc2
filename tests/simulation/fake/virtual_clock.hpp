// Time that stands still while anything can be done, and then jumps to the next moment somebody waits for.
// Must not know what it is waited for.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "ports/clock.hpp"

namespace lastgood::simulation {

class VirtualClock final : public ports::Clock {
 public:
  using Ticket = std::pair<Steady, std::uint64_t>;

  [[nodiscard]] Time now() const override;
  [[nodiscard]] Steady steady() const override { return steady_; }

  // A timer of the awaiting coroutine's own executor, set to never and cancelled when its time has come.
  boost::asio::awaitable<void> sleep_until(Steady when) override;

  // In order of time; at the same time in the order of asking.
  Ticket call_at(Steady when, std::function<void()> call);
  void forget(const Ticket& ticket) { waiting_.erase(ticket); }

  [[nodiscard]] std::optional<Steady> next() const;

  // Goes to the next moment somebody waits for and makes the one call that is due first.
  void advance();
  void advance_to(Steady when);

 private:
  Steady steady_{std::chrono::hours(1)};  // not zero, so that a forgotten "since" is no accident that works
  std::uint64_t asked_ = 0;
  std::map<Ticket, std::function<void()>> waiting_;
};

}  // namespace lastgood::simulation
