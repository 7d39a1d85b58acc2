// The order of keys, and the backoff of failures.
#include "kube/work_queue.hpp"

#include <catch2/catch.hpp>

#include "support.hpp"

using namespace lastgood;
using namespace lastgood::kube::test;
using kube::Backoff;
using kube::backoff_delay;
using kube::BackoffSettings;
using kube::Priority;
using kube::WorkQueue;

namespace {
const Key a{.namespace_ = "shop", .name = "a"};
const Key b{.namespace_ = "shop", .name = "b"};
}  // namespace

TEST_CASE("returns keys in the order of their first add, each once") {
  WorkQueue queue(no_jitter);
  queue.add(a);
  queue.add(b);
  queue.add(a);
  CHECK(queue.ready() == 2);
  CHECK(queue.take(at(0)) == a);
  CHECK(queue.take(at(0)) == b);
  CHECK_FALSE(queue.take(at(0)));
}

TEST_CASE("returns urgent keys first, also one that was added as normal before") {
  WorkQueue queue(no_jitter);
  queue.add(a);
  queue.add(b);
  CHECK_FALSE(queue.add(b, Priority::Urgent));
  CHECK(queue.ready() == 2);
  CHECK_FALSE(queue.add(b));
  CHECK(queue.take(at(0)) == b);
  CHECK(queue.take(at(0)) == a);
  CHECK_FALSE(queue.take(at(0)));
  // The next turn of a key is normal again.
  queue.done(a);
  queue.done(b);
  queue.add(a);
  queue.add(b);
  CHECK(queue.take(at(0)) == a);
}

TEST_CASE("returns a key as urgent at done() when it became urgent while it was processed") {
  WorkQueue queue(no_jitter);
  queue.add(b);
  REQUIRE(queue.take(at(0)) == b);
  queue.add(b);
  queue.add(b, Priority::Urgent);
  queue.add(a);
  CHECK(queue.ready() == 1);
  queue.done(b);
  CHECK(queue.take(at(0)) == b);
}

TEST_CASE("returns a normal key after four urgent keys") {
  WorkQueue queue(no_jitter);
  queue.add(a);
  std::vector<Key> taken;
  for (int i = 0; i < 5; ++i) {
    // A key that is urgent again at once.
    queue.add(b, Priority::Urgent);
    taken.push_back(*queue.take(at(0)));
    if (taken.back() == b) queue.done(b);
  }
  CHECK(taken == std::vector<Key>{b, b, b, b, a});
}

TEST_CASE("does not return a key again before it is done") {
  WorkQueue queue(no_jitter);
  queue.add(a);
  REQUIRE(queue.take(at(0)) == a);
  queue.add(a);
  queue.add_at(a, at(0));
  CHECK_FALSE(queue.take(at(10)));
  queue.done(a);
  CHECK(queue.take(at(10)) == a);
  queue.done(a);
  CHECK_FALSE(queue.take(at(10'000)));
  CHECK_FALSE(queue.next_deadline());
}

TEST_CASE("returns a key at done() when its deadline passed while the key was processed") {
  WorkQueue queue(no_jitter);
  queue.add(a);
  REQUIRE(queue.take(at(0)) == a);
  queue.add_at(a, at(5));
  CHECK_FALSE(queue.take(at(6)));
  queue.done(a);
  CHECK(queue.take(at(6)) == a);
}

TEST_CASE("keeps only the earliest deadline when a key has several") {
  WorkQueue queue(no_jitter);
  queue.add_at(a, at(100));
  queue.add_at(a, at(300));
  CHECK(queue.next_deadline() == at(100));
  queue.add_at(a, at(50));
  CHECK(queue.next_deadline() == at(50));
  CHECK_FALSE(queue.take(at(49)));
  CHECK(queue.take(at(50)) == a);
  queue.done(a);
  CHECK_FALSE(queue.next_deadline());
  CHECK_FALSE(queue.take(at(1000)));
}

TEST_CASE("add() makes a key ready at once, with or without a deadline before or after it") {
  WorkQueue queue(no_jitter);
  queue.add_at(a, at(100));
  queue.add(a);
  CHECK(queue.next_deadline() == MonotonicTime::min());
  queue.add_at(a, at(70));
  CHECK(queue.take(at(0)) == a);
  queue.done(a);
  CHECK_FALSE(queue.next_deadline());
}

TEST_CASE("returns keys in the order of their deadlines") {
  WorkQueue queue(no_jitter);
  queue.add_at(a, at(20));
  queue.add_at(b, at(10));
  CHECK(queue.take(at(30)) == b);
  CHECK(queue.take(at(30)) == a);
}

TEST_CASE("doubles the backoff from 0.2 s to 60 s when a key fails, until forget() is called") {
  WorkQueue queue(no_jitter);
  MonotonicTime now = at(0);
  for (const int expected :
       {200, 400, 800, 1600, 3200, 6400, 12'800, 25'600, 51'200, 60'000, 60'000}) {
    queue.fail(a, now);
    REQUIRE(queue.next_deadline() == now + Duration(expected));
    now += Duration(expected);
    REQUIRE(queue.take(now) == a);
    queue.done(a);
  }
  queue.forget(a);
  queue.fail(a, now);
  CHECK(queue.next_deadline() == now + Duration(200));
}

TEST_CASE("counts the failures of each key separately") {
  WorkQueue queue(no_jitter);
  for (int i = 0; i < 5; ++i) queue.fail(a, at(0));
  REQUIRE(queue.take(at(200)) == a);
  queue.done(a);
  queue.fail(b, at(200));
  CHECK(queue.next_deadline() == at(400));
  CHECK(queue.take(at(400)) == b);
}

TEST_CASE("returns a failed key immediately when it is added") {
  WorkQueue queue(no_jitter);
  queue.fail(a, at(0));
  queue.add(a);
  CHECK(queue.take(at(1)) == a);
}

TEST_CASE("reports an added key as new only when it is not in the queue") {
  WorkQueue queue(no_jitter);
  CHECK(queue.add(a));
  CHECK_FALSE(queue.add(a));
  REQUIRE(queue.take(at(0)) == a);
  CHECK(queue.add(a));
  CHECK_FALSE(queue.add(a));
}

TEST_CASE("releases exactly the keys whose deadline has passed") {
  WorkQueue queue(no_jitter);
  queue.add_at(a, at(5));
  queue.add_at(b, at(6));
  CHECK(queue.release_due(at(4)).empty());
  CHECK(queue.release_due(at(5)) == std::vector{a});
  CHECK(queue.release_due(at(5)).empty());
  CHECK(queue.ready() == 1);
}

TEST_CASE("adds jitter of up to 20% to the delay, also to the longest delay") {
  const BackoffSettings settings{.first = Duration{800}, .cap = Duration{30'000}, .jitter = 0.2};
  const auto delay_after = [&](int failures, double random) {
    return backoff_delay(settings, failures, random);
  };
  CHECK(delay_after(1, 0.0) == Duration(800));
  CHECK(delay_after(1, 0.5) == Duration(880));
  CHECK(delay_after(1'000'000, 0.999) > Duration(30'000));
  CHECK(delay_after(1'000'000, 0.999) <= Duration(36'000));
  CHECK(delay_after(0, 0.0) == Duration(800));
}

TEST_CASE("starts with the first delay again when the backoff is reset") {
  Backoff backoff({.first = Duration{800}, .cap = Duration{30'000}, .jitter = 0.2}, no_jitter);
  CHECK(backoff.next() == Duration(800));
  CHECK(backoff.next() == Duration(1600));
  backoff.reset();
  CHECK(backoff.next() == Duration(800));
}
