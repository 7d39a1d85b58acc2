// The telemetry of the dispatcher: which keys it counts, and how long they wait and run.
#include "runtime/dispatcher.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <vector>

#include "simulation/fake/leadership.hpp"
#include "simulation/fake/null_telemetry.hpp"
#include "simulation/fake/virtual_clock.hpp"

namespace lastgood::simulation {
namespace {

namespace asio = boost::asio;
using ports::ReconcileResult;

const Key web{.namespace_ = "shop", .name = "web"};

struct RecordingTelemetry final : NullTelemetry {
  std::size_t depth = 0;
  int added = 0;
  int requeued = 0;
  std::vector<Duration> waits;
  std::vector<Duration> durations;
  std::vector<ReconcileResult> results;

  void queue_depth(std::size_t keys) override { depth = keys; }
  void key_added() override { ++added; }
  void key_requeued() override { ++requeued; }
  void reconcile_started(MonotonicTime, Duration waited) override { waits.push_back(waited); }
  void reconcile_finished(MonotonicTime, Duration duration, ReconcileResult result) override {
    durations.push_back(duration);
    results.push_back(result);
  }
};

// A dispatcher whose reconciles take 30 ms and return the results of `results`, one after another.
struct DispatcherHarness {
  explicit DispatcherHarness(std::vector<Result<std::optional<Duration>>> requeue_after)
      : results(std::move(requeue_after)) {
    asio::co_spawn(io, dispatcher.run([this](const Key&) { return reconcile(); }), asio::detached);
    run_ready();
  }
  ~DispatcherHarness() { io.stop(); }
  DispatcherHarness(const DispatcherHarness&) = delete;
  DispatcherHarness& operator=(const DispatcherHarness&) = delete;

  asio::awaitable<Result<std::optional<MonotonicTime>>> reconcile() {
    const auto result = results.at(next_result++);
    co_await clock.sleep_until(clock.monotonic_now() + Duration(30));
    if (!result) co_return std::unexpected(result.error());
    if (!*result) co_return std::nullopt;
    co_return clock.monotonic_now() + **result;
  }

  void run_ready() {
    while (io.poll() > 0) {
    }
    io.restart();
  }

  // Lets time pass until no timer is left.
  void run_all() {
    run_ready();
    while (clock.next()) {
      clock.advance();
      run_ready();
    }
  }

  void become_leader() {
    leadership.current = 1;
    dispatcher.set_enabled(true);
  }

  VirtualClock clock;
  asio::io_context io;
  FakeLeadership leadership;
  RecordingTelemetry telemetry;
  runtime::TaskGroup tasks{io.get_executor()};
  runtime::Dispatcher dispatcher{io.get_executor(), [] { return 0.0; }, clock,
                                 telemetry,         leadership,         tasks};
  std::vector<Result<std::optional<Duration>>> results;
  std::size_t next_result = 0;
};

}  // namespace

TEST_CASE("counts a key once when it is added twice before its reconcile") {
  DispatcherHarness harness({std::optional<Duration>()});
  harness.become_leader();
  harness.dispatcher.add(web);
  harness.dispatcher.add(web);
  harness.run_all();
  CHECK(harness.telemetry.added == 1);
  CHECK(harness.telemetry.requeued == 0);
  CHECK(harness.telemetry.depth == 0);
  CHECK(harness.telemetry.durations == std::vector{Duration(30)});
  CHECK(harness.telemetry.results == std::vector{ReconcileResult::Success});
}

TEST_CASE("counts a key again when it is requeued, and measures its wait from the requeue time") {
  DispatcherHarness harness({std::optional(Duration(std::chrono::seconds(5))),
                             fail(ErrorKind::Server, "503"), std::optional<Duration>()});
  harness.become_leader();
  harness.dispatcher.add(web);
  harness.run_all();
  CHECK(harness.telemetry.added == 3);
  CHECK(harness.telemetry.requeued == 2);
  CHECK(harness.telemetry.waits == std::vector(3, Duration(0)));
  CHECK(harness.telemetry.results == std::vector{ReconcileResult::RequeueAfter,
                                                 ReconcileResult::Error, ReconcileResult::Success});
}

TEST_CASE("requeues a key after the time of Retry-After, up to 60 s") {
  const auto throttled = [](Duration retry_after) {
    return std::unexpected(Error{.kind = ErrorKind::TooManyRequests,
                                 .message = "too many requests",
                                 .retry_after = retry_after});
  };
  DispatcherHarness harness({throttled(std::chrono::seconds(7)), throttled(std::chrono::hours(1)),
                             std::optional<Duration>()});
  harness.become_leader();
  harness.dispatcher.add(web);
  const MonotonicTime start = harness.clock.monotonic_now();
  harness.run_all();
  // Each of the three reconciles takes 30 ms.
  CHECK(harness.clock.monotonic_now() - start == Duration(std::chrono::seconds(67)) + Duration(90));
}

TEST_CASE("measures no wait while another replica is the leader") {
  DispatcherHarness harness({std::optional<Duration>()});
  harness.dispatcher.add(web);
  harness.run_ready();
  CHECK(harness.telemetry.depth == 0);
  harness.clock.advance_to(harness.clock.monotonic_now() + Duration(std::chrono::seconds(60)));
  harness.become_leader();
  harness.run_all();
  CHECK(harness.telemetry.waits == std::vector{Duration(0)});
}

TEST_CASE("measures the wait of a key that was added while it was reconciled") {
  DispatcherHarness harness({std::optional<Duration>(), std::optional<Duration>()});
  harness.become_leader();
  harness.dispatcher.add(web);
  harness.run_ready();
  harness.clock.advance_to(harness.clock.monotonic_now() + Duration(10));
  harness.dispatcher.add(web);
  harness.run_all();
  CHECK(harness.telemetry.added == 2);
  CHECK(harness.telemetry.waits == std::vector{Duration(0), Duration(20)});
}

}  // namespace lastgood::simulation
