// Which object to look at next. The dirty and processing sets of client-go's workqueue, and kube-rs' rule that of a key's
// future deadlines only the earliest is kept. Knows no clock and nothing of what a key names.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/names.hpp"
#include "base/time.hpp"
#include "kube/backoff.hpp"

namespace lastgood::kube {

// - A key waits at most once, and is never handed out again before done(key).
// - One added while it is being processed comes back after done(key).
// - Adding a key at once takes the place of its deadline: whoever processes a key says each time when it is due next.
class WorkQueue {
 public:
  explicit WorkQueue(Uniform uniform,
                     BackoffSettings settings = {.first = Duration{200}, .cap = Duration{60'000}, .jitter = 0.2});

  void add(const Key& key);
  void add_at(const Key& key, Steady when);  // ignored when the key waits already, or is due earlier

  // The key that has waited longest, which is then being processed. Nothing when none waits.
  [[nodiscard]] std::optional<Key> take(Steady now);
  void done(const Key& key);

  // Adds the key after its own back-off: 0.2 s doubling to 60 s. Call before or after done(key).
  void fail(const Key& key, Steady now);
  void forget(const Key& key);  // it succeeded, or is no more: its next failure is the first

  // When take() is worth calling again: the earliest deadline, or a time long past when a key waits already.
  [[nodiscard]] std::optional<Steady> next_deadline() const;

  [[nodiscard]] std::size_t waiting() const { return ready_.size(); }

 private:
  void drop_deadline(const Key& key);

  Uniform uniform_;
  BackoffSettings settings_;
  std::deque<Key> ready_;  // dirty and not being processed
  std::set<Key> dirty_;    // wants to be processed: in ready_, or being processed and due again
  std::set<Key> processing_;
  std::set<std::pair<Steady, Key>> deadlines_;
  std::unordered_map<Key, Steady> deadline_of_;
  std::unordered_map<Key, int> failures_;
};

}  // namespace lastgood::kube
