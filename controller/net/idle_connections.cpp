#include "net/idle_connections.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

namespace lastgood::net {
using std::chrono::steady_clock;

std::unique_ptr<Transport> IdleConnections::take(const Endpoint& endpoint) {
  close_old();
  while (true) {
    const auto newest = std::ranges::find(std::views::reverse(idle_), endpoint, &Idle::endpoint);
    if (newest == idle_.rend()) return nullptr;
    const auto position = std::prev(newest.base());
    auto transport = std::move(position->transport);
    idle_.erase(position);
    if (transport->is_quiet()) return transport;
  }
}

void IdleConnections::add(Endpoint endpoint, std::unique_ptr<Transport> transport) {
  close_old();
  idle_.push_back({.endpoint = std::move(endpoint),
                   .transport = std::move(transport),
                   .since = steady_clock::now()});
  if (idle_.size() > limit_) idle_.pop_front();
}

void IdleConnections::close(const Endpoint& endpoint) {
  std::erase_if(idle_, [&endpoint](const Idle& idle) { return idle.endpoint == endpoint; });
}

void IdleConnections::close_old() {
  const auto now = steady_clock::now();
  while (!idle_.empty() && now - idle_.front().since > max_idle_) idle_.pop_front();
}

}  // namespace lastgood::net
