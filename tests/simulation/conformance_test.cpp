// The fake API server passes the same conformance suite as a real API server.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "conformance/suite.hpp"
#include "simulation/fake/api_client.hpp"

namespace lastgood::simulation {

TEST_CASE("the fake API server has all behaviors of the conformance suite") {
  boost::asio::io_context io(1);
  VirtualClock clock;
  ApiServer server(clock);
  const FaultScript no_faults;
  ApiClient client(server, clock, "tester", no_faults);
  std::vector<conformance::BehaviorResult> results;
  boost::asio::co_spawn(
      io, conformance::check_behaviors(client, "conformance", "run-1"),
      [&](const std::exception_ptr& error, std::vector<conformance::BehaviorResult> found) {
        if (error) std::rethrow_exception(error);
        results = std::move(found);
      });
  while (results.empty()) {
    io.restart();
    io.poll();
    REQUIRE((!results.empty() || clock.next()));
    clock.advance();
  }
  CHECK(results.size() >= 20);
  for (const auto& result : results) {
    INFO(result.description);
    CHECK(result.failure == std::string());
  }
}

}  // namespace lastgood::simulation
