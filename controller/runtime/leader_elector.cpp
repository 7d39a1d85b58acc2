#include "runtime/leader_elector.hpp"

#include <utility>

#include "base/log.hpp"
#include "kube/lines.hpp"

namespace lastgood::runtime {

namespace asio = boost::asio;

namespace {

// A bookmark comes about every 60 s.
constexpr Duration idle_timeout{130'000};
constexpr Duration watch_retry_interval{5'000};

}  // namespace

LeaderElector::LeaderElector(asio::any_io_executor executor, kube::LeaseMachine machine,
                             ports::KubeApi& kube, ports::Clock& clock,
                             std::function<void(Term)> on_change)
    : machine_(std::move(machine)),
      kube_(kube),
      clock_(clock),
      on_change_(std::move(on_change)),
      released_by_holder_(std::move(executor)) {}

Term LeaderElector::term() const {
  return !released_ && machine_.is_leader(clock_.monotonic_now()) ? machine_.term() : 0;
}

std::string LeaderElector::annotation(std::string_view key) const {
  return std::string(machine_.annotation(key));
}

asio::awaitable<void> LeaderElector::run() { co_await drive(kube::LeaseTick{}); }

asio::awaitable<void> LeaderElector::watch() {
  bool is_reported = false;
  for (;;) {
    const auto call = kube::watch_of_lease(machine_.lease());
    if (term() == 0 && call) {
      kube::LineSplitter lines;
      const auto ended = co_await kube_.stream(*call, idle_timeout, [&](std::string_view bytes) {
        const auto fed = lines.feed(bytes, [&](std::string_view line) {
          if (kube::says_released(line)) {
            has_hint_ = true;
            released_by_holder_.raise();
          }
          return true;
        });
        return fed && term() == 0;
      });
      if (!ended && !std::exchange(is_reported, true))
        log::warn("cannot watch the Lease; it is read every 2 s", {{"error", ended.error()}});
    }
    co_await clock_.sleep_until(clock_.monotonic_now() + watch_retry_interval);
  }
}

asio::awaitable<void> LeaderElector::release() {
  released_ = true;
  co_await drive(kube::LeaseRelease{});
}

asio::awaitable<void> LeaderElector::drive(kube::LeaseInput first) {
  kube::LeaseAction action = step(std::move(first));
  while (!std::holds_alternative<kube::LeaseDone>(action)) {
    if (auto* call = std::get_if<kube::LeaseCall>(&action)) {
      auto body = co_await kube_.call(std::move(call->call), call->timeout);
      action = step(kube::LeaseResponse{.body = std::move(body)});
    } else {
      co_await released_by_holder_.wait(clock_, std::get<kube::LeaseWait>(action).until);
      const bool is_hint = std::exchange(has_hint_, false);
      action = is_hint ? step(kube::LeaseReleased{}) : step(kube::LeaseTick{});
    }
  }
}

kube::LeaseAction LeaderElector::step(kube::LeaseInput input) {
  kube::LeaseAction action = machine_.step(std::move(input), clock_.monotonic_now(), clock_.now());
  if (machine_.problem())
    log::warn("the Lease could not be renewed or read", {{"error", *machine_.problem()}});
  if (const Term current = term(); current != reported_) {
    reported_ = current;
    log::info(current ? "became the leader" : "not the leader",
              {{"holder", machine_.holder()}, {"term", current}});
    on_change_(current);
  }
  return action;
}

}  // namespace lastgood::runtime
