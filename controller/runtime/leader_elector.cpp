#include "runtime/leader_elector.hpp"

#include "base/log.hpp"

namespace lastgood::runtime {

namespace asio = boost::asio;

LeaderElector::LeaderElector(kube::LeaseMachine machine, ports::KubeApi& kube, ports::Clock& clock,
                             std::function<void(Term)> on_change)
    : machine_(std::move(machine)), kube_(kube), clock_(clock), on_change_(std::move(on_change)) {}

Term LeaderElector::term() const {
  return !released_ && machine_.is_leader(clock_.monotonic_now()) ? machine_.term() : 0;
}

std::string LeaderElector::annotation(std::string_view key) const {
  return std::string(machine_.annotation(key));
}

asio::awaitable<void> LeaderElector::run() { co_await drive(kube::LeaseTick{}); }

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
      co_await clock_.sleep_until(std::get<kube::LeaseWait>(action).until);
      action = step(kube::LeaseTick{});
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
