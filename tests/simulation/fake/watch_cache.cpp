#include "simulation/fake/watch_cache.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "simulation/fake/route.hpp"

namespace lastgood::simulation {

namespace {

constexpr std::size_t max_logged_events = 4000;

// The type of the event for a watch with this selector. An object that does not match any more is
// DELETED for the watch, and an object that matches now is ADDED. Empty: no event.
std::string type_for(const LoggedEvent& event, const std::string& selector) {
  if (selector.empty()) return event.type;
  const auto matches = [&](const std::optional<Labels>& labels) {
    return labels && matches_selector(selector, *labels);
  };
  const bool matches_after = matches(event.labels_after);
  if (matches(event.labels_before)) return matches_after ? "MODIFIED" : "DELETED";
  return matches_after ? "ADDED" : "";
}

}  // namespace

std::ostream& operator<<(std::ostream& out, EventFault fault) {
  switch (fault) {
    case EventFault::None: return out << "arrives";
    case EventFault::Drop: return out << "is lost";
    case EventFault::Duplicate: return out << "arrives twice";
    case EventFault::Delay: return out << "is delayed";
    case EventFault::Reorder: return out << "arrives after the next one";
  }
  return out << static_cast<int>(fault);
}

void WatchCache::append(LoggedEvent event) {
  if (int& count = to_drop_[event.plural]; count > 0) {
    --count;
    return;
  }
  log_.push_back(std::move(event));
  if (log_.size() > max_logged_events) {
    oldest_ = log_.front().version;
    log_.pop_front();
  }
  for (OpenWatch& watch : open_) {
    if (watch.on_news && watch.plural == log_.back().plural) watch.on_news();
  }
}

std::list<OpenWatch>::iterator WatchCache::open(OpenWatch watch) {
  open_.push_back(std::move(watch));
  return std::prev(open_.end());
}

int WatchCache::count_open(const std::string& user, const std::string& plural) const {
  return static_cast<int>(std::ranges::count_if(
      open_, [&](const OpenWatch& watch) { return watch.user == user && watch.plural == plural; }));
}

std::vector<std::string> WatchCache::read(OpenWatch& watch) {
  if (is_stalled(watch.plural) || watch.is_silent || watch.is_delayed) return {};
  std::vector<std::string> lines = std::exchange(watch.delayed, {});
  auto event = std::ranges::upper_bound(log_, watch.seen, {}, &LoggedEvent::version);
  for (; event != log_.end(); ++event) {
    watch.seen = event->version;
    const bool in_namespace = watch.namespace_.empty() || watch.namespace_ == event->namespace_;
    if (event->plural != watch.plural || !in_namespace) continue;
    const std::string type = type_for(*event, watch.label_selector);
    if (type.empty()) continue;
    deliver(watch, *event, codec::Json{{"type", type}, {"object", event->object}}.dump() + "\n",
            lines);
    if (watch.is_delayed) break;
  }
  return lines;
}

void WatchCache::deliver(OpenWatch& watch, const LoggedEvent& event, std::string line,
                         std::vector<std::string>& lines) const {
  const EventFault fault = event_script ? event_script(watch, event) : EventFault::None;
  if (fault == EventFault::Drop) return;
  if (fault == EventFault::Reorder) return watch.reordered.push_back(std::move(line));
  if (fault == EventFault::Delay) {
    watch.is_delayed = true;
    return watch.delayed.push_back(std::move(line));
  }
  if (fault == EventFault::Duplicate) lines.push_back(line);
  lines.push_back(std::move(line));
  std::ranges::move(std::exchange(watch.reordered, {}), std::back_inserter(lines));
}

void WatchCache::end_delays() {
  for (OpenWatch& watch : open_) {
    watch.is_delayed = false;
    std::ranges::move(std::exchange(watch.reordered, {}), std::back_inserter(watch.delayed));
  }
  notify_all();
}

void WatchCache::restart_at(std::uint64_t version) {
  log_.clear();
  oldest_ = version;
}

void WatchCache::resume(const std::string& plural) {
  stalled_.erase(plural);
  notify_all();
}

void WatchCache::silence_open(const std::string& plural) {
  for (OpenWatch& watch : open_) watch.is_silent = watch.is_silent || watch.plural == plural;
}

void WatchCache::close_all() {
  for (OpenWatch& watch : open_) watch.is_closed = true;
  notify_all();
}

void WatchCache::compact(std::uint64_t version) {
  oldest_ = version;
  std::erase_if(log_, [&](const LoggedEvent& event) { return event.version <= version; });
}

void WatchCache::notify_all() {
  for (OpenWatch& watch : open_) {
    if (watch.on_news) watch.on_news();
  }
}

}  // namespace lastgood::simulation
