// The queue of keys to reconcile, without clock and I/O. It has only the keys, not the objects.
//
// The priorities follow pkg/controller/priorityqueue of controller-runtime. The rest
// follows client-go's util/workqueue (queue.go: dirty and processing sets; delaying_queue.go;
// default_rate_limiters.go) and kube-rs' scheduler.rs, which keeps only the earliest deadline of a
// key.
//
//            add                   take                  done
//   absent ------------> ready ----------------> processing --------> absent
//      |                 ^   ^                        |
//      | add_at, fail    |   '--------- done ---------'
//      v                 |       (added while processing)
//   delayed -------------'
//            deadline passed
//
// A key can also be delayed while it is processing. If its deadline passes before done(), done()
// makes it ready.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/names.hpp"
#include "base/time.hpp"
#include "kube/backoff.hpp"

namespace lastgood::kube {

enum class Priority : std::uint8_t {
  Normal,
  Urgent,  // taken before the normal keys, see take()
};

// - A key is in the queue at most once. take() does not return it again before done(key).
// - A key that is added while it is processed becomes ready again at done(key).
// - add() removes the deadline of the key: the reconcile that follows sets a new one.
class WorkQueue {
 public:
  // A normal key is taken after at most so many urgent keys.
  static constexpr int max_consecutive_urgent = 4;

  explicit WorkQueue(RandomSource random_source,
                     BackoffSettings settings = {
                         .first = Duration{200}, .cap = Duration{60'000}, .jitter = 0.2});

  // Makes the key ready, or ready at done(key) if it is processing. Returns false if an earlier
  // add() of the key did so already; an urgent add() then still makes the key urgent.
  bool add(const Key& key, Priority priority = Priority::Normal);

  // Makes the key ready at `when`. Ignored if the key is ready, will be ready at done(key),
  // or has an earlier deadline.
  void add_at(const Key& key, MonotonicTime when);

  // Makes the keys ready whose deadline has passed, and returns them.
  std::vector<Key> release_due(MonotonicTime now);

  // The urgent key that has been ready for the longest time; the normal one if no key is urgent, or
  // if the last max_consecutive_urgent keys were urgent. It counts as processing until done(key).
  // No value if no key is ready at `now`.
  [[nodiscard]] std::optional<Key> take(MonotonicTime now);

  // Ends the processing of a key that take() returned.
  void done(const Key& key);

  // Requeues the key with backoff: by default 0.2 s, doubled with each consecutive failure of this
  // key up to 60 s, plus up to 20% jitter. `retry_after`: how long the server asked to wait; up to
  // 60 s of it count. May be called before or after done(key).
  void fail(const Key& key, MonotonicTime now, Duration retry_after = Duration{0});

  // Resets the backoff of the key. Call after a success, or when the object was deleted.
  void forget(const Key& key);

  // The earliest time at which take() may return a key: MonotonicTime::min() if a key is ready,
  // otherwise the earliest deadline. No value if no key is ready or delayed.
  [[nodiscard]] std::optional<MonotonicTime> next_deadline() const;

  // The number of ready keys. Delayed keys are not counted.
  [[nodiscard]] std::size_t ready() const { return normal_.size() + urgent_.size(); }

 private:
  void drop_deadline(const Key& key);
  void push(const Key& key, Priority priority);

  RandomSource random_source_;
  BackoffSettings settings_;
  // Dirty and not processing.
  std::deque<Key> normal_;
  std::deque<Key> urgent_;
  int consecutive_urgent_ = 0;     // of the last keys that take() returned
  std::map<Key, Priority> dirty_;  // ready, or added again while processing
  std::set<Key> processing_;       // returned by take(), not done yet
  std::set<std::pair<MonotonicTime, Key>> deadlines_;
  std::unordered_map<Key, MonotonicTime> deadline_of_;
  std::unordered_map<Key, int> failures_;
};

}  // namespace lastgood::kube
