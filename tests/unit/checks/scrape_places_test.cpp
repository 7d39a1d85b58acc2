#include "checks/scrape_places.hpp"

#include <catch2/catch.hpp>
#include <vector>

namespace lastgood::checks::test {
namespace {

// Gives places to the scrapes that may begin. Returns their tickets.
std::vector<ScrapeLane::Ticket> begin_all(ScrapeLane& lane) {
  std::vector<ScrapeLane::Ticket> begun;
  while (const auto next = lane.next()) {
    lane.take(*next);
    begun.push_back(*next);
  }
  return begun;
}

std::vector<ScrapeLane::Ticket> join(ScrapeLane& lane, const std::string& deployment, int count) {
  std::vector<ScrapeLane::Ticket> tickets;
  for (int i = 0; i < count; ++i) tickets.push_back(lane.join(deployment));
  return tickets;
}

using Tickets = std::vector<ScrapeLane::Ticket>;

}  // namespace

TEST_CASE("ScrapeLane gives one Deployment only its share, and the others the rest") {
  ScrapeLane lane({.places = 4, .of_one_deployment = 2});
  const Tickets web = join(lane, "shop/web", 3);
  const Tickets cart = join(lane, "shop/cart", 1);
  CHECK(begin_all(lane) == Tickets{web[0], web[1], cart[0]});
  lane.leave(web[1]);
  CHECK(begin_all(lane) == Tickets{web[2]});
}

TEST_CASE("ScrapeLane gives places in the order of arrival when all are taken") {
  ScrapeLane lane({.places = 2, .of_one_deployment = 1});
  const Tickets first{lane.join("a"), lane.join("b"), lane.join("c"), lane.join("a")};
  CHECK(begin_all(lane) == Tickets{first[0], first[1]});
  lane.leave(first[0]);
  CHECK(begin_all(lane) == Tickets{first[2]});
  lane.leave(first[1]);
  CHECK(begin_all(lane) == Tickets{first[3]});
}

TEST_CASE("ScrapeLane gives no place to a scrape that has left the queue") {
  ScrapeLane lane({.places = 1, .of_one_deployment = 1});
  const Tickets all{lane.join("a"), lane.join("b"), lane.join("c")};
  CHECK(begin_all(lane) == Tickets{all[0]});
  lane.leave(all[1]);
  CHECK(begin_all(lane).empty());
  lane.leave(all[0]);
  lane.leave(all[0]);
  CHECK(begin_all(lane) == Tickets{all[2]});
}

TEST_CASE("SilentPods has a pod until it responds, and forgets the oldest of too many") {
  using enum api::ProbeOutcome;
  SilentPods pods;
  pods.update("10.0.0.1", TimedOut);
  pods.update("10.0.0.1", TimedOut);
  CHECK(pods.contains("10.0.0.1"));
  const api::ProbeOutcome response = GENERATE(Answered, ConnectionRefused, InvalidResponse);
  pods.update("10.0.0.1", response);
  pods.update("10.0.0.1", response);
  CHECK_FALSE(pods.contains("10.0.0.1"));
  for (std::size_t i = 0; i <= SilentPods::max_size; ++i) pods.update(std::to_string(i), TimedOut);
  CHECK_FALSE(pods.contains("0"));
  CHECK(pods.contains("1"));
  CHECK(pods.contains(std::to_string(SilentPods::max_size)));
}

}  // namespace lastgood::checks::test
