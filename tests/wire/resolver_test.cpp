// Resolver, Deadline, SystemClock and the functions of net/process.hpp.
#include "net/resolver.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <csignal>

#include "net/process.hpp"
#include "net/system_clock.hpp"
#include "wire/support/loop.hpp"

namespace lastgood::wire {
namespace {

using net::Addresses;
using net::Deadline;
using net::NetResult;
using net::TransportError;

// Creates a fake lookup function. The lookup of a name "hang..." blocks until release(), as if the
// DNS server did not respond. A name "no..." has no address. Every other name has two addresses.
struct FakeLookups {
  FakeLookups() { REQUIRE(::pipe(ends.data()) == 0); }
  ~FakeLookups() { release(); }
  FakeLookups(const FakeLookups&) = delete;
  FakeLookups& operator=(const FakeLookups&) = delete;

  // Closes the write end of the pipe, which ends the blocked reads.
  void release() {
    if (ends[1] >= 0) ::close(ends[1]);
    ends[1] = -1;
  }

  [[nodiscard]] net::Lookup lookup() const {
    return [read_end = ends[0]](const std::string& name) -> net::LookupResult {
      char byte = 0;
      if (name.starts_with("hang")) (void)!::read(read_end, &byte, 1);
      if (name.starts_with("no")) return {.error = "Name or service not known"};
      return {.addresses = {asio::ip::make_address("10.1.2.3"), asio::ip::make_address("fd00::1")}};
    };
  }
  std::array<int, 2> ends{};  // of a pipe: read, write
};

asio::awaitable<NetResult<Addresses>> resolve(asio::io_context& io, net::Resolver& resolver,
                                              std::string name, Duration timeout) {
  Deadline deadline(io.get_executor(), timeout);
  co_return co_await resolver.resolve(std::move(name), deadline);
}

// Values of max_lookups.
constexpr std::size_t no_lookup_allowed = 0;
constexpr std::size_t one_lookup_allowed = 1;

}  // namespace

TEST_CASE("a deadline has passed at its time, also before the handler of its timer has run") {
  asio::io_context io;
  Deadline deadline(io.get_executor(), Duration{1});
  const auto end = std::chrono::steady_clock::now() + Duration{1};
  while (std::chrono::steady_clock::now() < end) continue;
  CHECK(deadline.has_passed());
  CHECK_FALSE(deadline.over());
}

TEST_CASE("returns the IPv4 and IPv6 addresses of a name") {
  asio::io_context io;
  const FakeLookups lookups;
  net::Resolver resolver(io.get_executor(), lookups.lookup());
  const auto got = await(io, resolve(io, resolver, "web", long_timeout));
  REQUIRE(got);
  CHECK(*got == Addresses{asio::ip::make_address("10.1.2.3"), asio::ip::make_address("fd00::1")});
}

TEST_CASE("resolves localhost with the resolver of the system") {
  asio::io_context io;
  net::Resolver resolver(io.get_executor());
  const auto got = await(io, resolve(io, resolver, "localhost", long_timeout));
  REQUIRE(got);
  CHECK(got->front().is_loopback());
}

TEST_CASE("fails with DNSLookupFailed and the error of the system for an unknown name") {
  asio::io_context io;
  const FakeLookups lookups;
  net::Resolver resolver(io.get_executor(), lookups.lookup());
  const auto got = await(io, resolve(io, resolver, "nowhere", long_timeout));
  REQUIRE_FALSE(got);
  CHECK(got.error().transport_error == TransportError::DNSLookupFailed);
  CHECK(got.error().detail == "Name or service not known");
}

TEST_CASE("returns an IP address without a lookup") {
  asio::io_context io;
  const FakeLookups lookups;
  net::Resolver resolver(io.get_executor(), lookups.lookup(), no_lookup_allowed);
  CHECK(await(io, resolve(io, resolver, "10.0.0.7", long_timeout)) ==
        Addresses{asio::ip::make_address("10.0.0.7")});
  CHECK(await(io, resolve(io, resolver, "fd00::7", long_timeout)) ==
        Addresses{asio::ip::make_address("fd00::7")});
}

TEST_CASE("times out a hanging lookup without delaying the lookup of another name") {
  asio::io_context io;
  const FakeLookups lookups;
  net::Resolver resolver(io.get_executor(), lookups.lookup());
  Task<NetResult<Addresses>> hanging(io, resolve(io, resolver, "hang", long_timeout));
  CHECK(await(io, resolve(io, resolver, "web", long_timeout)));
  const auto timed_out = await(io, resolve(io, resolver, "hang2", short_timeout));
  REQUIRE_FALSE(timed_out);
  CHECK(timed_out.error().transport_error == TransportError::DNSLookupFailed);
  CHECK(timed_out.error().detail == "the DNS lookup timed out");
  CHECK_FALSE(hanging.done());
  hanging.cancel();
  CHECK(hanging.was_cancelled());
}

TEST_CASE("shares one lookup among all callers that resolve the same name") {
  asio::io_context io;
  FakeLookups lookups;
  net::Resolver resolver(io.get_executor(), lookups.lookup(), one_lookup_allowed);
  std::vector<Task<NetResult<Addresses>>> tasks;
  for (int i = 0; i < 10; ++i) tasks.emplace_back(io, resolve(io, resolver, "hang", long_timeout));
  // The lookup of "hang" is the only one that is allowed.
  const auto other = await(io, resolve(io, resolver, "web", long_timeout));
  REQUIRE_FALSE(other);
  CHECK_THAT(other.error().detail,
             Catch::Contains("the limit of 1 concurrent DNS lookups is reached"));
  lookups.release();
  for (auto& task : tasks) CHECK(task.result());
  CHECK(await(io, resolve(io, resolver, "web", long_timeout)));
}

TEST_CASE("lets the io_context end while a lookup runs and no coroutine waits for it") {
  asio::io_context io;
  FakeLookups lookups;
  net::Resolver resolver(io.get_executor(), lookups.lookup(), one_lookup_allowed);
  REQUIRE_FALSE(await(io, resolve(io, resolver, "hang", short_timeout)));
  io.restart();
  io.run_for(std::chrono::seconds(10));
  CHECK(io.stopped());
  // A later resolve() gets the result of the lookup that still hangs.
  Task<NetResult<Addresses>> later_resolve(io, resolve(io, resolver, "hang", long_timeout));
  while (io.poll() > 0) {
  }
  lookups.release();
  CHECK(later_resolve.result());
}

TEST_CASE("never looks up a text that is not a valid host name") {
  asio::io_context io;
  net::Resolver resolver(io.get_executor(),
                         [](const std::string&) -> net::LookupResult { std::abort(); });
  for (const auto& name :
       {std::string(), std::string("a b"), std::string("a\nb"), std::string(254, 'a'),
        std::string("a\0b", 3), std::string("fe80::1%1\r\nX: y")}) {
    const auto got = await(io, resolve(io, resolver, name, long_timeout));
    REQUIRE_FALSE(got);
    CHECK(got.error().transport_error == TransportError::DNSLookupFailed);
  }
}

TEST_CASE("fails with Stopped at once when the deadline was aborted before the call") {
  asio::io_context io;
  const FakeLookups lookups;
  net::Resolver resolver(io.get_executor(), lookups.lookup());
  Deadline deadline(io.get_executor(), long_timeout);
  deadline.abort_now();
  const auto got = await(io, resolver.resolve("hang", deadline));
  REQUIRE_FALSE(got);
  CHECK(got.error().transport_error == TransportError::Stopped);
}

TEST_CASE("expires at the new time after a deadline was moved to an earlier or later time") {
  asio::io_context io;
  const auto time_until_over = [&io](Duration from_now, Duration moved_to) {
    const auto started = std::chrono::steady_clock::now();
    Deadline deadline(io.get_executor(), from_now);
    bool over = false;
    const auto scope = deadline.abort_when_over([&over] { over = true; });
    deadline.restart(moved_to);
    run_until(io, [&over] { return over; });
    CHECK(deadline.expired());
    return std::chrono::steady_clock::now() - started;
  };
  CHECK(time_until_over(long_timeout, short_timeout) < std::chrono::seconds(5));
  CHECK(time_until_over(Duration(10), short_timeout) >= short_timeout);
}

TEST_CASE("sleeps until the given time, and ends with operation_aborted when cancelled") {
  asio::io_context io;
  net::SystemClock clock(io.get_executor());
  const auto when = clock.monotonic_now() + Duration(20);
  CHECK(await(io, with_result(clock.sleep_until(when))));
  CHECK(clock.monotonic_now() >= when);
  CHECK(await(io, with_result(clock.sleep_until(clock.monotonic_now() - Duration(1000)))));
  Task<bool> sleeper(io, with_result(clock.sleep_until(MonotonicTime::max())));
  io.poll();
  sleeper.cancel();
  CHECK(sleeper.was_cancelled());
}

TEST_CASE("uses the time of the API server when the clock of the machine is wrong") {
  asio::io_context io;
  net::SystemClock clock(io.get_executor());
  const Time machine = clock.now();
  clock.on_server_time(machine + std::chrono::hours(1));
  CHECK(clock.now() >= machine + std::chrono::minutes(59));
  CHECK(clock.now() <= machine + std::chrono::minutes(61));
}

TEST_CASE("returns the number of a signal that arrives, and does not end the process") {
  asio::io_context io;
  Task<int> waiting(io, net::wait_for_signal({SIGTERM, SIGINT}));
  while (io.poll() > 0) {
  }
  std::raise(SIGTERM);
  CHECK(waiting.result() == SIGTERM);
}

TEST_CASE("raises the soft limit of open files to the hard limit") {
  const auto limit = net::raise_open_files_limit();
  CHECK(limit >= 256);
  CHECK(net::raise_open_files_limit() == limit);
}

}  // namespace lastgood::wire
