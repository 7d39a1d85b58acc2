#include "checks/scrape_places.hpp"

#include <algorithm>

namespace lastgood::checks {

ScrapeLane::Ticket ScrapeLane::join(const std::string& deployment) {
  waiting_.emplace(++last_, deployment);
  return last_;
}

std::optional<ScrapeLane::Ticket> ScrapeLane::next() const {
  if (holding_.size() >= limits_.places) return {};
  const auto found = std::ranges::find_if(waiting_, [&](const auto& one) {
    const auto held = places_of_.find(one.second);
    return held == places_of_.end() || held->second < limits_.of_one_deployment;
  });
  return found == waiting_.end() ? std::nullopt : std::optional(found->first);
}

void ScrapeLane::take(Ticket ticket) {
  auto taken = waiting_.extract(ticket);
  if (taken.empty()) return;
  ++places_of_[taken.mapped()];
  holding_.insert(std::move(taken));
}

void ScrapeLane::leave(Ticket ticket) {
  waiting_.erase(ticket);
  const auto held = holding_.find(ticket);
  if (held == holding_.end()) return;
  const auto places = places_of_.find(held->second);
  if (--places->second == 0) places_of_.erase(places);
  holding_.erase(held);
}

void SilentPods::update(const std::string& address, api::ProbeOutcome outcome) {
  if (outcome != api::ProbeOutcome::TimedOut) {
    if (addresses_.erase(address) > 0) std::erase(order_, address);
    return;
  }
  if (!addresses_.insert(address).second) return;
  order_.push_back(address);
  if (order_.size() <= max_size) return;
  addresses_.erase(order_.front());
  order_.pop_front();
}

bool SilentPods::contains(const std::string& address) const { return addresses_.contains(address); }

}  // namespace lastgood::checks
