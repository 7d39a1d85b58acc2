// The watch cache of the fake API server: a log of all changes, and the open watches that read it.
// Tests can stall the watches of a kind, drop events, close all watches and compact the log.
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

struct LoggedEvent {
  std::uint64_t version = 0;
  std::string type;  // ADDED, MODIFIED, DELETED
  std::string plural;
  std::string namespace_;
  codec::Json object;
};

struct OpenWatch {
  std::string user;
  std::string plural;
  std::string namespace_;         // empty: all namespaces
  std::uint64_t seen = 0;         // the last version that was read
  bool is_closed = false;         // by the server
  std::function<void()> on_news;  // called when the watch has new events or is closed
};

class WatchCache {
 public:
  void append(LoggedEvent event);

  // True if events after `version` were dropped from the log: a watch from there gets 410 Gone.
  [[nodiscard]] bool is_expired(std::uint64_t version) const { return version < oldest_; }

  std::list<OpenWatch>::iterator open(OpenWatch watch);
  void close(std::list<OpenWatch>::iterator watch) { open_.erase(watch); }

  // The new events for this watch, as lines of a watch response.
  std::vector<std::string> read(OpenWatch& watch);

  // Watches of the kind get no events until resume(): their readers see an old state.
  void stall(const std::string& plural) { stalled_.insert(plural); }
  void resume(const std::string& plural);
  [[nodiscard]] bool is_stalled(const std::string& plural) const {
    return stalled_.contains(plural);
  }

  // No watch ever gets the next `count` events of the kind.
  void drop_events(const std::string& plural, int count) { to_drop_[plural] += count; }

  // Closes the connection of every open watch.
  void close_all();

  // Drops all events up to `version` from the log, as etcd compaction does.
  void compact(std::uint64_t version);

 private:
  void notify_all();

  std::deque<LoggedEvent> log_;
  std::uint64_t oldest_ = 1000;  // the version that the server starts with
  std::list<OpenWatch> open_;
  std::set<std::string> stalled_;
  std::map<std::string, int> to_drop_;
};

}  // namespace lastgood::simulation
