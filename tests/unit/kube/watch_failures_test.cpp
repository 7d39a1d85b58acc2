// Failures at each step of a watch: in the end the store has the objects of the server, and the
// deltas have reported all of them.
#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "watch_harness.hpp"

using namespace lastgood;
using namespace lastgood::kube::test;

namespace {

const std::vector<Error> failures{error(ErrorKind::ConnectionRefused),
                                  error(ErrorKind::ConnectionClosed),
                                  error(ErrorKind::TimedOut),
                                  error(ErrorKind::TooLarge),
                                  error(ErrorKind::Protocol),
                                  error(ErrorKind::Expired, 410),
                                  error(ErrorKind::VersionTooLarge, 504),
                                  error(ErrorKind::TooManyRequests, 429),
                                  error(ErrorKind::Invalid, 422),
                                  error(ErrorKind::Server, 400),
                                  error(ErrorKind::Server, 500),
                                  error(ErrorKind::Unauthorized, 401),
                                  error(ErrorKind::Forbidden, 403),
                                  error(ErrorKind::NotFound, 404)};

constexpr int step_count = 14;
constexpr int no_step = -1;
constexpr int step_after_last_change = 12;  // see change_server()

// Changes the objects of the server before some steps of the watch.
void change_server(FakeWatchServer& server, int step) {
  switch (step) {
    case 2: return server.put("d");
    case 4: return server.remove("a");
    case 5: return server.put("b");
    case 6: server.remove("c"); return server.put("c");  // created again under the same name
    case 8: return server.compact();
    case 9: return server.put("e");
    default: return;
  }
}

// A server that changes while it is watched, and a failure at one step.
struct WatchRun {
  FakeWatchServer server;
  WatchHarness watch;

  explicit WatchRun(bool supports_watch_list) : watch(server, supports_watch_list) {
    for (const char* name : {"a", "b", "c"}) server.put(name);
  }

  // Runs the steps, and then until the open stream has no event. `fail` replaces the step
  // `failing_step`.
  void play(int failing_step, const std::function<void(WatchRun&)>& fail) {
    for (int step = 0; step < step_count; ++step) {
      change_server(server, step);
      if (step == failing_step) {
        fail(*this);
      } else {
        watch.perform();
      }
    }
    int more_steps = 0;
    while (watch.perform()) REQUIRE(++more_steps < 200);
  }
};

}  // namespace

TEST_CASE("lists all objects once and then watches when nothing fails") {
  for (const bool supports_watch_list : {true, false}) {
    WatchRun run(supports_watch_list);
    run.play(no_step, [](WatchRun&) {});
    CHECK(run.watch.is_in_sync());
    CHECK(run.watch.syncs() == 1);
  }
}

TEST_CASE("gets in sync when any step fails with any error") {
  for (const bool supports_watch_list : {true, false}) {
    for (int step = 0; step < step_count; ++step) {
      for (const Error& failure : failures) {
        CAPTURE(supports_watch_list, step, to_string(failure.kind), failure.status);
        WatchRun run(supports_watch_list);
        run.play(step, [&](WatchRun& current) { current.watch.perform(failure); });
        CHECK(run.watch.is_in_sync());
      }
    }
  }
}

TEST_CASE("gets in sync when three consecutive failures, with any two errors, start at any step") {
  for (int step = 0; step < step_count; ++step) {
    for (const Error& first : failures) {
      for (const Error& second : failures) {
        CAPTURE(step, to_string(first.kind), first.status, to_string(second.kind), second.status);
        const bool supports_watch_list = step % 2 == 0;
        WatchRun run(supports_watch_list);
        run.play(step, [&](WatchRun& current) {
          for (const Error& failure : {first, second, first}) {
            current.watch.perform(failure);
            current.watch.perform();
          }
        });
        CHECK(run.watch.is_in_sync());
      }
    }
  }
}

TEST_CASE("gets in sync when the server ends the stream at any step") {
  for (int step = 0; step < step_count; ++step) {
    for (const int open_for_ms : {0, 400'000}) {
      CAPTURE(step, open_for_ms);
      WatchRun run(true);
      run.play(step, [&](WatchRun& current) {
        current.watch.advance(Duration(open_for_ms));
        current.watch.end_stream();
      });
      CHECK(run.watch.is_in_sync());
    }
  }
}

TEST_CASE("syncs at most twice more when the version expires while the connection is broken") {
  for (int step = 3; step < step_count; ++step) {
    CAPTURE(step);
    WatchRun run(true);
    run.play(step, [](WatchRun& current) {
      current.watch.perform(error(ErrorKind::ConnectionClosed));
      for (const char* name : {"x", "y"}) current.server.put(name);
      current.server.remove("b");
      current.server.compact();
    });
    CHECK(run.watch.is_in_sync());
    CHECK(run.watch.syncs() <= 3);
  }
}

TEST_CASE("gets in sync when the server is restored from a backup while the watch is broken") {
  for (const bool supports_watch_list : {true, false}) {
    WatchRun run(supports_watch_list);
    run.play(step_after_last_change, [](WatchRun& current) {
      current.watch.perform(error(ErrorKind::ConnectionClosed));
      current.server.restore();
    });
    CHECK(run.watch.is_in_sync());
    CHECK(run.server.objects().size() == 1);
  }
}
