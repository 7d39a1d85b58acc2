#include "kube/work_queue.hpp"

#include <algorithm>

namespace lastgood::kube {

WorkQueue::WorkQueue(RandomSource random_source, BackoffSettings settings)
    : random_source_(std::move(random_source)), settings_(settings) {}

bool WorkQueue::add(const Key& key, Priority priority) {
  drop_deadline(key);
  const auto [found, is_new] = dirty_.emplace(key, priority);
  const bool becomes_urgent = !is_new && priority > found->second;
  found->second = std::max(found->second, priority);
  if (!processing_.contains(key) && (is_new || becomes_urgent)) {
    if (becomes_urgent) std::erase(normal_, key);
    push(key, priority);
  }
  return is_new;
}

void WorkQueue::push(const Key& key, Priority priority) {
  (priority == Priority::Urgent ? urgent_ : normal_).push_back(key);
}

void WorkQueue::add_at(const Key& key, MonotonicTime when) {
  if (dirty_.contains(key)) return;
  const auto found = deadline_of_.find(key);
  if (found != deadline_of_.end() && found->second <= when) return;
  drop_deadline(key);
  deadline_of_[key] = when;
  deadlines_.emplace(when, key);
}

std::vector<Key> WorkQueue::release_due(MonotonicTime now) {
  std::vector<Key> released;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    released.push_back(deadlines_.begin()->second);
    add(released.back());
  }
  return released;
}

std::optional<Key> WorkQueue::take(MonotonicTime now) {
  release_due(now);
  if (ready() == 0) return std::nullopt;
  const bool is_turn_of_normal = !normal_.empty() && consecutive_urgent_ >= max_consecutive_urgent;
  const bool is_urgent = !urgent_.empty() && !is_turn_of_normal;
  consecutive_urgent_ = is_urgent ? consecutive_urgent_ + 1 : 0;
  std::deque<Key>& queue = is_urgent ? urgent_ : normal_;
  Key key = std::move(queue.front());
  queue.pop_front();
  dirty_.erase(key);
  processing_.insert(key);
  return key;
}

void WorkQueue::done(const Key& key) {
  if (processing_.erase(key) == 0) return;
  if (const auto added = dirty_.find(key); added != dirty_.end()) push(key, added->second);
}

void WorkQueue::fail(const Key& key, MonotonicTime now, Duration retry_after) {
  constexpr Duration max_retry_after = std::chrono::seconds(60);
  const int failures = ++failures_[key];
  const Duration backoff = backoff_delay(settings_, failures, random_source_());
  add_at(key, now + std::max(backoff, std::min(retry_after, max_retry_after)));
}

void WorkQueue::forget(const Key& key) { failures_.erase(key); }

std::optional<MonotonicTime> WorkQueue::next_deadline() const {
  if (ready() > 0) return MonotonicTime::min();
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

void WorkQueue::drop_deadline(const Key& key) {
  const auto found = deadline_of_.find(key);
  if (found == deadline_of_.end()) return;
  deadlines_.erase({found->second, key});
  deadline_of_.erase(found);
}

}  // namespace lastgood::kube
