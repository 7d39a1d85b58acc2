// A fake API server with the Deployments of one collection, and a harness that drives the real
// WatchMachine and ObjectStore against it. Any response can be replaced by an error. No sockets and
// no clock: time jumps to the next action.
#pragma once

#include <algorithm>
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

namespace lastgood::kube::test {

using api::Deployment;

inline std::int64_t number(const std::string& text) { return text.empty() ? 0 : std::stoll(text); }

// The value of a query parameter. Empty if `target` does not have the parameter.
inline std::string query_parameter(const std::string& target, const std::string& name) {
  auto begin = target.find("?" + name + "=");
  if (begin == std::string::npos) begin = target.find("&" + name + "=");
  if (begin == std::string::npos) return "";
  begin += name.size() + 2;
  return target.substr(begin, target.find('&', begin) - begin);
}

class FakeWatchServer {
 public:
  void put(const std::string& name) {
    auto& slot = objects_[name];
    if (slot.meta.uid.empty()) slot = deployment(name, "", "u" + std::to_string(version_ + 1));
    slot.meta.resource_version = ResourceVersion(std::to_string(++version_));
    events_.emplace_back(version_, Changed<Deployment>{slot});
    history_[version_] = objects_;
  }
  void remove(const std::string& name) {
    const auto found = objects_.find(name);
    if (found == objects_.end()) return;
    ++version_;
    events_.emplace_back(version_, Deleted{.key = found->second.meta.key,
                                           .uid = found->second.meta.uid,
                                           .version = ResourceVersion(std::to_string(version_))});
    objects_.erase(found);
    history_[version_] = objects_;
  }
  // From now on, the server answers 410 Expired to requests for a version that is older than its
  // version at this moment.
  void compact() { oldest_version_ = version_; }
  // Restores the storage from an old backup: other objects, lower versions.
  void restore() {
    objects_.clear();
    events_.clear();
    history_.clear();
    version_ = 3;
    oldest_version_ = 0;
    put("restored");
  }

  Result<ListPage<Deployment>> list(const std::string& target) const {
    if (number(query_parameter(target, "resourceVersion")) > version_)
      return std::unexpected(error(ErrorKind::VersionTooLarge, 504));
    // A continue token is "version-name": all pages of a list have the version of the first page.
    const std::string token = query_parameter(target, "continue");
    const std::int64_t version =
        token.empty() ? version_ : number(token.substr(0, token.find('-')));
    if (version < oldest_version_ || !history_.contains(version))
      return std::unexpected(error(ErrorKind::Expired, 410));
    const auto& objects = history_.at(version);
    ListPage<Deployment> page{.version = ResourceVersion(std::to_string(version))};
    auto next =
        token.empty() ? objects.begin() : objects.lower_bound(token.substr(token.find('-') + 1));
    const auto limit = static_cast<std::size_t>(number(query_parameter(target, "limit")));
    for (; next != objects.end() && page.items.size() < limit; ++next)
      page.items.push_back(next->second);
    if (next != objects.end()) page.continue_ = std::to_string(version) + "-" + next->first;
    return page;
  }

  // The events that a new watch receives immediately.
  std::deque<WatchEvent<Deployment>> watch(const std::string& target,
                                           bool supports_watch_list) const {
    std::deque<WatchEvent<Deployment>> events;
    const bool initial_events = target.contains("sendInitialEvents");
    if (initial_events && !supports_watch_list) return {error(ErrorKind::Invalid, 422)};
    if (initial_events) {
      for (const auto& [name, object] : objects_) events.emplace_back(Changed<Deployment>{object});
      events.emplace_back(Bookmark{.version = ResourceVersion(std::to_string(version_)),
                                   .initial_events_end = true});
      return events;
    }
    const std::int64_t from = number(query_parameter(target, "resourceVersion"));
    if (from < oldest_version_) return {error(ErrorKind::Expired, 410)};
    return events_after(from);
  }

  std::deque<WatchEvent<Deployment>> events_after(std::int64_t version) const {
    std::deque<WatchEvent<Deployment>> events;
    for (const auto& [at_version, event] : events_) {
      if (at_version > version) events.push_back(event);
    }
    return events;
  }

  [[nodiscard]] const std::map<std::string, Deployment>& objects() const { return objects_; }
  [[nodiscard]] std::int64_t version() const { return version_; }

 private:
  std::map<std::string, Deployment> objects_;
  std::map<std::int64_t, std::map<std::string, Deployment>> history_;   // objects_ by version
  std::deque<std::pair<std::int64_t, WatchEvent<Deployment>>> events_;  // with their versions
  std::int64_t version_ = 10;                                           // of the newest change
  std::int64_t oldest_version_ = 0;                                     // older ones are expired
};

class WatchHarness {
 public:
  WatchHarness(FakeWatchServer& server, bool supports_watch_list)
      : server_(&server),
        supports_watch_list_(supports_watch_list),
        machine_({.collection = "/d", .page_size = 2}, no_jitter) {
    step(StartWatch{});
  }

  // Performs the current action. If the action is a call or a read, `injected` replaces the
  // server's response. Returns false if the stream is open and has no event.
  bool perform(std::optional<Error> injected = std::nullopt) {
    if (const auto* wait = std::get_if<BackoffWait>(&next_)) {
      now_ = wait->until;
      step(WaitElapsed{});
      return true;
    }
    if (injected) {
      step(std::move(*injected));
      return true;
    }
    if (const auto* list = std::get_if<ListCall>(&next_)) {
      auto page = server_->list(list->call.target);
      page ? step(std::move(*page)) : step(page.error());
      return true;
    }
    if (!stream_) open_stream();
    if (stream_->empty())
      *stream_ = server_->events_after(std::max(sent_version_, number(machine_.version().value)));
    if (stream_->empty()) return false;
    auto event = std::move(stream_->front());
    stream_->pop_front();
    step(std::move(event));
    return true;
  }

  void end_stream() { step(StreamEnded{}); }
  void advance(Duration time) { now_ += time; }

  // True if the store has the objects of the server, and the deltas add up to the same objects.
  [[nodiscard]] bool is_in_sync() const {
    std::map<std::string, Deployment> stored;
    store_.for_each([&](const auto& object) { stored.emplace(object->meta.key.name, *object); });
    return stored == server_->objects() && reported_ == uids(server_->objects());
  }
  // How often a list or a watch list has replaced the content of the store.
  [[nodiscard]] int syncs() const { return syncs_; }

 private:
  static std::set<std::string> uids(const std::map<std::string, Deployment>& objects) {
    std::set<std::string> all;
    for (const auto& [name, object] : objects) all.insert(object.meta.uid.value);
    return all;
  }

  void open_stream() {
    const std::string& target = std::get<OpenStream>(last_call_).call.target;
    stream_ = server_->watch(target, supports_watch_list_);
    sent_version_ = target.contains("sendInitialEvents")
                        ? server_->version()
                        : number(query_parameter(target, "resourceVersion"));
  }

  void step(WatchInput<Deployment> input) {
    now_ += Duration(1);
    auto action = machine_.step(std::move(input), now_);
    if (action.change) {
      if (std::holds_alternative<Replace<Deployment>>(*action.change)) ++syncs_;
      for (const auto& delta : store_.apply(std::move(*action.change))) {
        if (delta.before && !delta.after) reported_.erase(delta.before->meta.uid.value);
        if (delta.after && !delta.before) reported_.insert(delta.after->meta.uid.value);
      }
    }
    next_ = action.next;
    if (std::holds_alternative<ReadStream>(next_)) return;
    stream_.reset();
    last_call_ = next_;
  }

  FakeWatchServer* server_;
  bool supports_watch_list_;
  WatchMachine<Deployment> machine_;
  ObjectStore<Deployment> store_;
  std::set<std::string> reported_;  // uids of the objects that exist according to the deltas
  MonotonicTime now_ = at(0);
  WatchNext next_;
  WatchNext last_call_;
  std::optional<std::deque<WatchEvent<Deployment>>> stream_;
  std::int64_t sent_version_ = 0;  // changes up to this version are not sent again
  int syncs_ = 0;
};

}  // namespace lastgood::kube::test
