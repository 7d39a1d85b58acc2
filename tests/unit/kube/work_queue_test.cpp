// Which object is looked at next, and how long a failure waits.
#include "kube/work_queue.hpp"

#include <catch2/catch.hpp>

#include "support.hpp"

using namespace lastgood;
using namespace lastgood::machines;
using kube::Backoff;
using kube::backoff_delay;
using kube::BackoffSettings;
using kube::WorkQueue;

namespace {
const Key a{.namespace_ = "shop", .name = "a"};
const Key b{.namespace_ = "shop", .name = "b"};
}  // namespace

TEST_CASE("Keys come out in the order they came in, each once however often it was added") {
  WorkQueue queue(no_chance);
  queue.add(a);
  queue.add(b);
  queue.add(a);
  CHECK(queue.waiting() == 2);
  CHECK(queue.take(at(0)) == a);
  CHECK(queue.take(at(0)) == b);
  CHECK_FALSE(queue.take(at(0)));
}

TEST_CASE("A key that is being processed is not handed out again before it is done") {
  WorkQueue queue(no_chance);
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

TEST_CASE("A key whose deadline comes while it is processed comes back after it is done") {
  WorkQueue queue(no_chance);
  queue.add(a);
  REQUIRE(queue.take(at(0)) == a);
  queue.add_at(a, at(5));
  CHECK_FALSE(queue.take(at(6)));
  queue.done(a);
  CHECK(queue.take(at(6)) == a);
}

TEST_CASE("Of the deadlines of a key only the earliest is kept") {
  WorkQueue queue(no_chance);
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

TEST_CASE("A key that is added at once loses its deadline") {
  WorkQueue queue(no_chance);
  queue.add_at(a, at(100));
  queue.add(a);
  CHECK(queue.next_deadline() == Steady::min());
  queue.add_at(a, at(70));
  CHECK(queue.take(at(0)) == a);
  queue.done(a);
  CHECK_FALSE(queue.next_deadline());
}

TEST_CASE("Deadlines come due in their order") {
  WorkQueue queue(no_chance);
  queue.add_at(a, at(20));
  queue.add_at(b, at(10));
  CHECK(queue.take(at(30)) == b);
  CHECK(queue.take(at(30)) == a);
}

TEST_CASE("A key that fails comes back after 0.2 s, doubling to 60 s, until it is forgotten") {
  WorkQueue queue(no_chance);
  Steady now = at(0);
  for (const int expected : {200, 400, 800, 1600, 3200, 6400, 12'800, 25'600, 51'200, 60'000, 60'000}) {
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

TEST_CASE("The failures of one key do not slow another") {
  WorkQueue queue(no_chance);
  for (int i = 0; i < 5; ++i) queue.fail(a, at(0));
  queue.fail(b, at(0));
  CHECK(queue.next_deadline() == at(200));
  CHECK(queue.take(at(200)).has_value());
}

TEST_CASE("An event about a failing key does not wait for its back-off") {
  WorkQueue queue(no_chance);
  queue.fail(a, at(0));
  queue.add(a);
  CHECK(queue.take(at(1)) == a);
}

TEST_CASE("Jitter only ever adds, at most its share, and the cap holds before it") {
  const BackoffSettings settings{.first = Duration{800}, .cap = Duration{30'000}, .jitter = 0.2};
  CHECK(backoff_delay(settings, 1, 0.0) == Duration(800));
  CHECK(backoff_delay(settings, 1, 0.5) == Duration(880));
  CHECK(backoff_delay(settings, 1'000'000, 0.999) <= Duration(36'000));
  CHECK(backoff_delay(settings, 0, 0.0) == Duration(800));
}

TEST_CASE("A success starts the back-off anew") {
  Backoff backoff({.first = Duration{800}, .cap = Duration{30'000}, .jitter = 0.2}, no_chance);
  CHECK(backoff.next() == Duration(800));
  CHECK(backoff.next() == Duration(1600));
  backoff.reset();
  CHECK(backoff.next() == Duration(800));
}
