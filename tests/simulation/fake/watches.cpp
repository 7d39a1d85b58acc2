#include "simulation/fake/watches.hpp"

#include <algorithm>
#include <utility>

namespace lastgood::simulation {

namespace {

constexpr std::size_t longest_log = 4000;

}  // namespace

void Watches::append(WatchedEvent event) {
  if (int& lost = lost_[event.plural]; lost > 0) {
    --lost;
    return;
  }
  log_.push_back(std::move(event));
  if (log_.size() > longest_log) {
    oldest_ = log_.front().version;
    log_.pop_front();
  }
  for (Watch& watch : open_) {
    if (watch.wake && watch.plural == log_.back().plural) watch.wake();
  }
}

std::list<Watch>::iterator Watches::open(Watch watch) {
  open_.push_back(std::move(watch));
  return std::prev(open_.end());
}

std::vector<std::string> Watches::take(Watch& watch) {
  std::vector<std::string> lines;
  if (is_held(watch)) return lines;
  auto event = std::ranges::upper_bound(log_, watch.seen, {}, &WatchedEvent::version);
  for (; event != log_.end(); ++event) {
    watch.seen = event->version;
    const bool in_namespace = watch.namespace_.empty() || watch.namespace_ == event->namespace_;
    if (event->plural != watch.plural || !in_namespace) continue;
    lines.push_back(codec::Json{{"type", event->type}, {"object", event->object}}.dump() + "\n");
  }
  return lines;
}

void Watches::release(const std::string& plural) {
  held_.erase(plural);
  wake_all();
}

void Watches::break_all() {
  for (Watch& watch : open_) watch.broken = true;
  wake_all();
}

void Watches::compact(std::uint64_t version) {
  oldest_ = version;
  std::erase_if(log_, [&](const WatchedEvent& event) { return event.version <= version; });
}

void Watches::wake_all() {
  for (Watch& watch : open_) {
    if (watch.wake) watch.wake();
  }
}

}  // namespace lastgood::simulation
