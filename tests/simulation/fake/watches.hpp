// What happened to the objects, in order, and the watches that are told of it; and what can go wrong on the way to them.
// Must not know what an object means.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "codec/objects.hpp"

namespace lastgood::simulation {

struct WatchedEvent {
  std::uint64_t version = 0;
  std::string type;  // ADDED, MODIFIED, DELETED
  std::string plural;
  std::string namespace_;
  codec::Json object;
};

struct Watch {
  std::string user;
  std::string plural;
  std::string namespace_;  // empty: all
  std::uint64_t seen = 0;  // the last version that was looked at
  bool broken = false;
  std::function<void()> wake;  // something is there to be taken
};

class Watches {
 public:
  void append(WatchedEvent event);

  [[nodiscard]] bool expired(std::uint64_t version) const { return version < oldest_; }
  [[nodiscard]] std::uint64_t oldest() const { return oldest_; }

  std::list<Watch>::iterator open(Watch watch);
  void close(std::list<Watch>::iterator watch) { open_.erase(watch); }
  std::vector<std::string> take(Watch& watch);
  [[nodiscard]] bool is_held(const Watch& watch) const { return held_.contains(watch.plural); }

  // The watches of a kind stand still until they are released: whoever reads only them sees an old world.
  void hold(const std::string& plural) { held_.insert(plural); }
  void release(const std::string& plural);
  // The next `count` events of a kind reach nobody.
  void lose(const std::string& plural, int count) { lost_[plural] += count; }
  void break_all();
  // Forgets what happened until now: who asks for it gets 410.
  void compact(std::uint64_t version);

 private:
  void wake_all();

  std::deque<WatchedEvent> log_;
  std::uint64_t oldest_ = 1000;  // what was before is history
  std::list<Watch> open_;
  std::set<std::string> held_;
  std::map<std::string, int> lost_;
};

}  // namespace lastgood::simulation
