// The watch cache of the fake API server: a log of all changes, and the open watches that read it.
// Tests can stall the watches of a kind, drop, delay, duplicate and reorder events, close all
// watches and compact the log.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "codec/objects.hpp"

namespace lastgood::simulation {

using Labels = std::map<std::string, std::string>;

struct LoggedEvent {
  std::uint64_t version = 0;
  std::string type;  // ADDED, MODIFIED, DELETED
  std::string plural;
  std::string namespace_;
  codec::Json object;
  std::optional<Labels> labels_before = {};  // before the change; empty: the object is new
  std::optional<Labels> labels_after = {};   // empty: the object was deleted
};

struct OpenWatch {
  std::string user;
  std::string plural;
  std::string namespace_;      // empty: all namespaces
  std::string label_selector;  // empty: all objects
  std::uint64_t seen = 0;      // the last version that was read
  bool is_closed = false;      // by the server
  bool is_silent = false;      // the connection is dead: nothing arrives any more
  bool is_delayed = false;     // nothing arrives until WatchCache::end_delays()
  // Lines of events with EventFault::Delay and EventFault::Reorder, which have not arrived yet.
  std::vector<std::string> delayed = {};
  std::vector<std::string> reordered = {};
  std::function<void()> on_news;  // called when the watch has new events or is closed
};

// A fault of an event on its way to one watch. No real API server does this.
enum class EventFault : std::uint8_t {
  None,
  Drop,       // it never arrives
  Duplicate,  // it arrives twice
  Delay,      // it and all later events of the watch arrive after end_delays()
  Reorder,    // it arrives after the next event of the watch, at the latest after end_delays()
};
std::ostream& operator<<(std::ostream& out, EventFault fault);

// Called once for each event of each watch.
using EventScript = std::function<EventFault(const OpenWatch& watch, const LoggedEvent& event)>;

class WatchCache {
 public:
  void append(LoggedEvent event);

  EventScript event_script;
  // The delayed events arrive now.
  void end_delays();

  // True if the log no longer has all events after `version`: a watch from this version gets 410.
  [[nodiscard]] bool is_expired(std::uint64_t version) const { return version < oldest_; }

  std::list<OpenWatch>::iterator open(OpenWatch watch);
  void close(std::list<OpenWatch>::iterator watch) { open_.erase(watch); }

  [[nodiscard]] int count_open(const std::string& user, const std::string& plural) const;

  // The new events for this watch, as lines of a watch response.
  std::vector<std::string> read(OpenWatch& watch);

  // Watches of the kind get no events until resume(): their readers see an old state.
  void stall(const std::string& plural) { stalled_.insert(plural); }
  void resume(const std::string& plural);
  [[nodiscard]] bool is_stalled(const std::string& plural) const {
    return stalled_.contains(plural);
  }

  // The open watches of the kind get nothing any more, not even the end of the connection.
  void silence_open(const std::string& plural);

  // No watch ever gets the next `count` events of the kind.
  void drop_events(const std::string& plural, int count) { to_drop_[plural] += count; }

  // Closes the connection of every open watch.
  void close_all();

  // As after etcd is restored from a backup: the log is empty, and each version before `version` is
  // expired. Open watches get no events of the time before.
  void restart_at(std::uint64_t version);

  // Drops all events up to `version` from the log, as etcd compaction does.
  void compact(std::uint64_t version);

 private:
  void notify_all();
  // Appends the line of the event to `lines`, as event_script says.
  void deliver(OpenWatch& watch, const LoggedEvent& event, std::string line,
               std::vector<std::string>& lines) const;

  std::deque<LoggedEvent> log_;
  std::uint64_t oldest_ = 1000;  // the version that the server starts with
  std::list<OpenWatch> open_;
  std::set<std::string> stalled_;
  std::map<std::string, int> to_drop_;
};

}  // namespace lastgood::simulation
