// An API server of one kind in memory, and a reflector that drives the real WatchMachine and ObjectStore against it, with a
// failure in place of any one answer. For tests: no sockets, no clock; time jumps to the next thing that is due.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "kube/object_store.hpp"
#include "kube/watch_machine.hpp"
#include "support.hpp"

namespace lastgood::machines {

using api::Deployment;
using Input = kube::WatchInput<Deployment>;

inline std::int64_t number(const std::string& text) { return text.empty() ? 0 : std::stoll(text); }

inline std::string parameter(const std::string& target, const std::string& name) {
  auto begin = target.find("?" + name + "=");
  if (begin == std::string::npos) begin = target.find("&" + name + "=");
  if (begin == std::string::npos) return "";
  begin += name.size() + 2;
  return target.substr(begin, target.find('&', begin) - begin);
}

class Server {
 public:
  void put(const std::string& name) {
    auto& slot = objects_[name];
    if (slot.meta.uid.empty()) slot = deployment(name, "", "u" + std::to_string(version_ + 1));
    slot.meta.resource_version = ResourceVersion(std::to_string(++version_));
    log_.emplace_back(version_, kube::Changed<Deployment>{slot});
    history_[version_] = objects_;
  }
  void remove(const std::string& name) {
    const auto found = objects_.find(name);
    if (found == objects_.end()) return;
    ++version_;
    log_.emplace_back(version_, kube::Deleted{.key = found->second.meta.key,
                                              .uid = found->second.meta.uid,
                                              .version = ResourceVersion(std::to_string(version_))});
    objects_.erase(found);
    history_[version_] = objects_;
  }
  void compact() { oldest_ = version_; }  // no watch and no list can start before here any more
  void restore() {                        // from an old backup: other objects, lower versions
    objects_.clear();
    log_.clear();
    history_.clear();
    version_ = 3;
    oldest_ = 0;
    put("restored");
  }

  Result<kube::ListPage<Deployment>> list(const std::string& target) const {
    if (number(parameter(target, "resourceVersion")) > version_) return std::unexpected(error(ErrorKind::VersionTooLarge, 504));
    // A continue token is "version-name": the pages of one list are all of the version of its first.
    const std::string token = parameter(target, "continue");
    const std::int64_t version = token.empty() ? version_ : number(token.substr(0, token.find('-')));
    if (version < oldest_ || !history_.contains(version)) return std::unexpected(error(ErrorKind::Expired, 410));
    const auto& objects = history_.at(version);
    kube::ListPage<Deployment> page{.version = ResourceVersion(std::to_string(version))};
    auto next = token.empty() ? objects.begin() : objects.lower_bound(token.substr(token.find('-') + 1));
    const auto limit = static_cast<std::size_t>(number(parameter(target, "limit")));
    for (; next != objects.end() && page.items.size() < limit; ++next) page.items.push_back(next->second);
    if (next != objects.end()) page.continue_ = std::to_string(version) + "-" + next->first;
    return page;
  }

  // What a new watch sends at once.
  std::deque<kube::WatchEvent<Deployment>> watch(const std::string& target, bool knows_watch_list) const {
    std::deque<kube::WatchEvent<Deployment>> events;
    const bool initial = target.contains("sendInitialEvents");
    if (initial && !knows_watch_list) return {error(ErrorKind::Invalid, 422)};
    if (initial) {
      for (const auto& [name, object] : objects_) events.emplace_back(kube::Changed<Deployment>{object});
      events.emplace_back(kube::Bookmark{.version = ResourceVersion(std::to_string(version_)), .initial_events_end = true});
      return events;
    }
    const std::int64_t from = number(parameter(target, "resourceVersion"));
    if (from < oldest_) return {error(ErrorKind::Expired, 410)};
    return since(from);
  }

  std::deque<kube::WatchEvent<Deployment>> since(std::int64_t version) const {
    std::deque<kube::WatchEvent<Deployment>> events;
    for (const auto& [at_version, event] : log_) {
      if (at_version > version) events.push_back(event);
    }
    return events;
  }

  [[nodiscard]] const std::map<std::string, Deployment>& objects() const { return objects_; }
  [[nodiscard]] std::int64_t version() const { return version_; }

 private:
  std::map<std::string, Deployment> objects_;
  std::map<std::int64_t, std::map<std::string, Deployment>> history_;
  std::deque<std::pair<std::int64_t, kube::WatchEvent<Deployment>>> log_;
  std::int64_t version_ = 10;
  std::int64_t oldest_ = 0;
};

class Reflector {
 public:
  Reflector(Server& server, bool knows_watch_list)
      : server_(&server), knows_watch_list_(knows_watch_list), machine_({.collection = "/d", .page_size = 2}, no_chance) {
    give(kube::Started{});
  }

  // One answer of the server, or `instead` of it. False when the stream is open and silent.
  bool turn(std::optional<Error> instead = std::nullopt) {
    if (const auto* wait = std::get_if<kube::Wait>(&next_)) {
      now_ = wait->until;
      give(kube::TimerFired{});
      return true;
    }
    if (instead) {
      give(std::move(*instead));
      return true;
    }
    if (const auto* fetch = std::get_if<kube::Fetch>(&next_)) {
      auto page = server_->list(fetch->call.target);
      page ? give(std::move(*page)) : give(page.error());
      return true;
    }
    if (!stream_) open();
    if (stream_->empty()) *stream_ = server_->since(std::max(sent_, number(machine_.version().value)));
    if (stream_->empty()) return false;
    auto event = std::move(stream_->front());
    stream_->pop_front();
    give(std::move(event));
    return true;
  }

  void end_stream() { give(kube::StreamEnded{}); }
  void pass(Duration time) { now_ += time; }

  [[nodiscard]] bool holds_what_the_server_has() const {
    std::map<std::string, Deployment> mine;
    store_.for_each([&](const auto& object) { mine.emplace(object->meta.key.name, *object); });
    return mine == server_->objects() && told_ == uids(server_->objects());
  }
  [[nodiscard]] bool synced() const { return machine_.synced(); }
  [[nodiscard]] int syncs() const { return syncs_; }

 private:
  static std::set<std::string> uids(const std::map<std::string, Deployment>& objects) {
    std::set<std::string> all;
    for (const auto& [name, object] : objects) all.insert(object.meta.uid.value);
    return all;
  }

  void open() {
    const std::string& target = std::get<kube::Open>(opened_).call.target;
    stream_ = server_->watch(target, knows_watch_list_);
    sent_ = target.contains("sendInitialEvents") ? server_->version() : number(parameter(target, "resourceVersion"));
  }

  void give(Input input) {
    now_ += Duration(1);
    auto action = machine_.step(std::move(input), now_);
    if (action.change) {
      if (std::holds_alternative<kube::Replace<Deployment>>(*action.change)) ++syncs_;
      for (const auto& delta : store_.apply(std::move(*action.change))) {
        if (delta.before && !delta.after) told_.erase(delta.before->meta.uid.value);
        if (delta.after && !delta.before) told_.insert(delta.after->meta.uid.value);
      }
    }
    next_ = action.next;
    if (std::holds_alternative<kube::Read>(next_)) return;
    stream_.reset();
    opened_ = next_;
  }

  Server* server_;
  bool knows_watch_list_;
  kube::WatchMachine<Deployment> machine_;
  kube::ObjectStore<Deployment> store_;
  std::set<std::string> told_;  // uids of the objects that a listener believes to exist
  Steady now_ = at(0);
  kube::WatchNext next_;
  kube::WatchNext opened_;
  std::optional<std::deque<kube::WatchEvent<Deployment>>> stream_;
  std::int64_t sent_ = 0;
  int syncs_ = 0;
};

}  // namespace lastgood::machines
