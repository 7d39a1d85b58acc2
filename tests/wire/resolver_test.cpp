// Names and time: no name delays another, and no wait is longer than it may be.
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
using net::Trouble;

// A lookup that hangs for names that begin with "hang" until this is destroyed, as getaddrinfo does where the name's
// server does not answer.
struct Lookups {
  Lookups() { REQUIRE(::pipe(gate.data()) == 0); }
  ~Lookups() { release(); }
  Lookups(const Lookups&) = delete;
  Lookups& operator=(const Lookups&) = delete;

  void release() {
    if (gate[1] >= 0) ::close(gate[1]);
    gate[1] = -1;
  }

  [[nodiscard]] net::Lookup lookup() const {
    return [wait = gate[0]](const std::string& name) -> net::LookupAnswer {
      char byte = 0;
      if (name.starts_with("hang")) (void)!::read(wait, &byte, 1);
      if (name.starts_with("no")) return {.error = "Name or service not known"};
      return {.addresses = {asio::ip::make_address("10.1.2.3"), asio::ip::make_address("fd00::1")}};
    };
  }
  std::array<int, 2> gate{};
};

asio::awaitable<NetResult<Addresses>> resolve(asio::io_context& io, net::Resolver& resolver, std::string name, Duration timeout) {
  Deadline deadline(io.get_executor(), timeout);
  co_return co_await resolver.resolve(std::move(name), deadline);
}

constexpr Duration ample{10'000};
constexpr Duration brief{60};

}  // namespace

TEST_CASE("A name has the addresses that the system says, IPv4 and IPv6") {
  asio::io_context io;
  const Lookups lookups;
  net::Resolver resolver(io.get_executor(), lookups.lookup());
  const auto got = await(io, resolve(io, resolver, "web", ample));
  REQUIRE(got);
  CHECK(*got == Addresses{asio::ip::make_address("10.1.2.3"), asio::ip::make_address("fd00::1")});
}

TEST_CASE("The machine's own name resolves by the system") {
  asio::io_context io;
  net::Resolver resolver(io.get_executor());
  const auto got = await(io, resolve(io, resolver, "localhost", ample));
  REQUIRE(got);
  CHECK(got->front().is_loopback());
}

TEST_CASE("A name that does not exist is Unresolved in the system's words") {
  asio::io_context io;
  const Lookups lookups;
  net::Resolver resolver(io.get_executor(), lookups.lookup());
  const auto got = await(io, resolve(io, resolver, "nowhere", ample));
  REQUIRE_FALSE(got);
  CHECK(got.error().trouble == Trouble::Unresolved);
  CHECK(got.error().detail == "Name or service not known");
}

TEST_CASE("An address needs no lookup, even while every lookup hangs") {
  asio::io_context io;
  const Lookups lookups;
  net::Resolver resolver(io.get_executor(), lookups.lookup(), 0);
  CHECK(await(io, resolve(io, resolver, "10.0.0.7", ample)) == Addresses{asio::ip::make_address("10.0.0.7")});
  CHECK(await(io, resolve(io, resolver, "fd00::7", ample)) == Addresses{asio::ip::make_address("fd00::7")});
}

TEST_CASE("A name whose lookup hangs is Unresolved after its own time, and delays no other name") {
  asio::io_context io;
  const Lookups lookups;
  net::Resolver resolver(io.get_executor(), lookups.lookup());
  Task<NetResult<Addresses>> hanging(io, resolve(io, resolver, "hang", ample));
  CHECK(await(io, resolve(io, resolver, "web", ample)));
  const auto late = await(io, resolve(io, resolver, "hang2", brief));
  REQUIRE_FALSE(late);
  CHECK(late.error().trouble == Trouble::Unresolved);
  CHECK(late.error().detail == "the name was not resolved in time");
  CHECK_FALSE(hanging.done());
  hanging.cancel();
  CHECK(hanging.was_cancelled());
}

TEST_CASE("All who ask for a name that is being looked up share one lookup") {
  asio::io_context io;
  Lookups lookups;
  net::Resolver resolver(io.get_executor(), lookups.lookup(), 1);
  std::vector<Task<NetResult<Addresses>>> tasks;
  for (int i = 0; i < 10; ++i) tasks.emplace_back(io, resolve(io, resolver, "hang", ample));
  const auto other = await(io, resolve(io, resolver, "web", ample));
  REQUIRE_FALSE(other);
  CHECK_THAT(other.error().detail, Catch::Contains("still being looked up"));
  lookups.release();
  for (auto& task : tasks) CHECK(task.result());
  CHECK(await(io, resolve(io, resolver, "web", ample)));
}

TEST_CASE("A lookup that hangs and that nobody waits for any longer keeps nothing running") {
  asio::io_context io;
  Lookups lookups;
  net::Resolver resolver(io.get_executor(), lookups.lookup(), 1);
  REQUIRE_FALSE(await(io, resolve(io, resolver, "hang", brief)));
  io.restart();
  io.run_for(std::chrono::seconds(10));
  CHECK(io.stopped());
  // Asked again while it still hangs: the answer that comes in the end is taken.
  Task<NetResult<Addresses>> again(io, resolve(io, resolver, "hang", ample));
  while (io.poll() > 0) {
  }
  lookups.release();
  CHECK(again.result());
}

TEST_CASE("What cannot be a host name is never looked up") {
  asio::io_context io;
  net::Resolver resolver(io.get_executor(), [](const std::string&) -> net::LookupAnswer { std::abort(); });
  for (const auto& name :
       {std::string(), std::string("a b"), std::string("a\nb"), std::string(254, 'a'), std::string("a\0b", 3)}) {
    const auto got = await(io, resolve(io, resolver, name, ample));
    REQUIRE_FALSE(got);
    CHECK(got.error().trouble == Trouble::Unresolved);
  }
}

TEST_CASE("A deadline that was stopped before anything was waited for ends the wait at once") {
  asio::io_context io;
  const Lookups lookups;
  net::Resolver resolver(io.get_executor(), lookups.lookup());
  Deadline deadline(io.get_executor(), ample);
  deadline.stop();
  const auto got = await(io, resolver.resolve("hang", deadline));
  REQUIRE_FALSE(got);
  CHECK(got.error().trouble == Trouble::Stopped);
}

TEST_CASE("A deadline that is restarted earlier is over earlier, and one restarted later, later") {
  asio::io_context io;
  const auto over_after = [&io](Duration first, Duration second) {
    const auto started = std::chrono::steady_clock::now();
    Deadline deadline(io.get_executor(), first);
    bool over = false;
    const auto watch = deadline.watch([&over] { over = true; });
    deadline.restart(second);
    run_until(io, [&over] { return over; });
    CHECK(deadline.expired());
    return std::chrono::steady_clock::now() - started;
  };
  CHECK(over_after(ample, brief) < std::chrono::seconds(5));
  CHECK(over_after(Duration(10), brief) >= brief);
}

TEST_CASE("The clock sleeps at least until it should, and a cancelled sleep ends as cancelled") {
  asio::io_context io;
  net::SystemClock clock(io.get_executor());
  const auto when = clock.steady() + Duration(20);
  CHECK(await(io, ended(clock.sleep_until(when))));
  CHECK(clock.steady() >= when);
  CHECK(await(io, ended(clock.sleep_until(clock.steady() - Duration(1000)))));
  Task<bool> sleeper(io, ended(clock.sleep_until(Steady::max())));
  io.poll();
  sleeper.cancel();
  CHECK(sleeper.was_cancelled());
}

TEST_CASE("A signal to stop is waited for and does not kill") {
  asio::io_context io;
  Task<int> waiting(io, net::wait_for_signal({SIGTERM, SIGINT}));
  while (io.poll() > 0) {
  }
  std::raise(SIGTERM);
  CHECK(waiting.result() == SIGTERM);
}

TEST_CASE("The limit of open files is as high as it may be") {
  const auto limit = net::raise_open_files_limit();
  CHECK(limit >= 256);
  CHECK(net::raise_open_files_limit() == limit);
}

}  // namespace lastgood::wire
