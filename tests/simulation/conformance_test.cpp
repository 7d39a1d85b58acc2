// The server in memory against the same claims as the real one.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "conformance/suite.hpp"
#include "simulation/fake/client.hpp"

namespace lastgood::simulation {

TEST_CASE("the API server in memory keeps every claim that the real one is held to") {
  boost::asio::io_context io(1);
  VirtualClock clock;
  Server server(clock);
  const Script nothing_goes_wrong;
  Client client(server, clock, "tester", nothing_goes_wrong);
  std::vector<conformance::Finding> findings;
  boost::asio::co_spawn(io, conformance::examine(client, "conformance", "run-1"),
                        [&](const std::exception_ptr& error, std::vector<conformance::Finding> found) {
                          if (error) std::rethrow_exception(error);
                          findings = std::move(found);
                        });
  while (findings.empty()) {
    io.restart();
    io.poll();
    REQUIRE((!findings.empty() || clock.next()));
    clock.advance();
  }
  CHECK(findings.size() >= 20);
  for (const auto& finding : findings) {
    INFO(finding.claim);
    CHECK(finding.wrong == std::string());
  }
}

}  // namespace lastgood::simulation
