// Which scrape of a pod begins next. The number of scrapes at once is limited, because each one
// needs memory for its response. Each lane has its own places, and one Deployment can hold only a
// part of them:
//
//   lane      places   for one Deployment   scrapes
//   regular   32       at most 8            of pages up to 512 KiB
//   large      2       at most 1            of larger pages
//   silent     8       at most 2            of pods that did not respond to their last scrape
//
// In a lane, scrapes begin in the order of their arrival. Pods that do not respond do not block the
// regular lane for other Deployments: until their timeout they hold at most 8 places of it, and
// then only places of the silent lane.
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
  // The scrape that may take a place now. Nothing if no scrape waits, or none may take a place.
  [[nodiscard]] std::optional<Ticket> next() const;
  // Precondition: next() returns this ticket.
  void take(Ticket ticket);
  // The scrape gives its place back. If it has none, it stops waiting.
  void leave(Ticket ticket);

 private:
  LaneLimits limits_;
  Ticket last_ = 0;
  std::map<Ticket, std::string> waiting_ = {};  // the value is the Deployment
  std::map<Ticket, std::string> holding_ = {};
  std::map<std::string, std::size_t> places_of_ = {};
};

// The pods that did not respond to their last scrape. If there are more than max_size, the oldest
// is dropped.
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
