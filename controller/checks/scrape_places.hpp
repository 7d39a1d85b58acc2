// Which scrape of a pod begins next. The number of scrapes at once is limited, because each one
// needs memory for its response. Each lane has its own places:
//
//   lane      places   of one Deployment   for
//   regular   32       8                   pages up to 512 KiB
//   large      2       1                   larger pages
//   silent     8       2                   pods that did not respond to their last scrape
//
// Scrapes begin in the order of their arrival, but not more of one Deployment than that. So the
// pods of a Deployment that do not respond delay no other one: until their timeout they hold a part
// of the regular places, and from then on only places of the silent lane.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "api/call.hpp"

namespace lastgood::checks {

struct LaneLimits {
  std::size_t places;
  std::size_t of_one_deployment;
};
inline constexpr LaneLimits regular_lane{.places = 32, .of_one_deployment = 8};
inline constexpr LaneLimits large_lane{.places = 2, .of_one_deployment = 1};
inline constexpr LaneLimits silent_lane{.places = 8, .of_one_deployment = 2};

class ScrapeLane {
 public:
  using Ticket = std::uint64_t;  // of one scrape

  explicit ScrapeLane(LaneLimits limits) : limits_(limits) {}

  // The scrape waits for a place.
  [[nodiscard]] Ticket join(const std::string& deployment);
  // The scrape that may take a place now. Nothing: each one has to wait, or there is none.
  [[nodiscard]] std::optional<Ticket> next() const;
  // Precondition: it is the next one.
  void take(Ticket ticket);
  // Gives its place back, or waits no longer.
  void leave(Ticket ticket);

 private:
  LaneLimits limits_;
  Ticket last_ = 0;
  std::map<Ticket, std::string> waiting_ = {};  // the value is the Deployment
  std::map<Ticket, std::string> holding_ = {};
  std::map<std::string, std::size_t> places_of_ = {};
};

// The pods that did not respond to their last scrape. Forgets the oldest of more than max_size.
class SilentPods {
 public:
  static constexpr std::size_t max_size = 2000;

  // The outcome of a scrape: the pod is silent after TimedOut, and not after any other.
  void update(const std::string& address, api::ProbeOutcome outcome);
  [[nodiscard]] bool contains(const std::string& address) const;

 private:
  std::set<std::string> addresses_ = {};
  std::deque<std::string> order_ = {};
};

}  // namespace lastgood::checks
