// A WatchAction, as tests compare and print it.
#pragma once

#include <algorithm>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "kube/watch_machine.hpp"
#include "support.hpp"
#include "watch_harness.hpp"

namespace lastgood::kube::test {

struct ObjectVersion {
  std::string name;
  std::string version;

  bool operator==(const ObjectVersion&) const = default;
};

struct WatchStep {
  enum Kind : std::uint8_t { Read, List, WatchList, Watch, BackOff };

  // The parameters of a LIST.
  struct ListQuery {
    int limit = 0;
    std::string not_older_than = {};
    std::string continue_ = {};

    bool operator==(const ListQuery&) const = default;
  };

  Kind kind = Read;
  ListQuery list = {};
  std::string from = {};    // resource version at which a watch starts
  std::int64_t until = 0;   // of a BackOff, in milliseconds after the beginning of the test
  std::string reason = {};  // the restart_reason of the action
  std::optional<ObjectVersion> upsert = {};
  std::optional<std::string> removal = {};
  std::optional<std::vector<ObjectVersion>> replacement = {};
  bool is_rewound = false;

  bool operator==(const WatchStep&) const = default;

  [[nodiscard]] WatchStep restarted(std::string why) const {
    WatchStep step = *this;
    step.reason = std::move(why);
    return step;
  }
  [[nodiscard]] WatchStep upserting(std::string name, std::string version) const {
    WatchStep step = *this;
    step.upsert = ObjectVersion{.name = std::move(name), .version = std::move(version)};
    return step;
  }
  [[nodiscard]] WatchStep removing(std::string name) const {
    WatchStep step = *this;
    step.removal = std::move(name);
    return step;
  }
  [[nodiscard]] WatchStep replacing(std::vector<ObjectVersion> objects) const {
    WatchStep step = *this;
    step.replacement = std::move(objects);
    return step;
  }
  [[nodiscard]] WatchStep rewound() const {
    WatchStep step = *this;
    step.is_rewound = true;
    return step;
  }
};

inline WatchStep reads() { return {.kind = WatchStep::Read}; }
inline WatchStep lists(WatchStep::ListQuery query) {
  return {.kind = WatchStep::List, .list = std::move(query)};
}
inline WatchStep opens_watch_list(std::string from) {
  return {.kind = WatchStep::WatchList, .from = std::move(from)};
}
inline WatchStep opens_watch(std::string from) {
  return {.kind = WatchStep::Watch, .from = std::move(from)};
}
inline WatchStep backs_off_until(std::int64_t milliseconds) {
  return {.kind = WatchStep::BackOff, .until = milliseconds};
}

inline WatchStep watch_step_of(const WatchNext& next) {
  if (const auto* wait = std::get_if<BackoffWait>(&next))
    return backs_off_until(milliseconds(wait->until));
  if (const auto* open = std::get_if<OpenStream>(&next)) {
    const std::string& target = open->call.target;
    const std::string from = query_parameter(target, "resourceVersion");
    return target.contains("sendInitialEvents") ? opens_watch_list(from) : opens_watch(from);
  }
  if (const auto* list = std::get_if<ListCall>(&next)) {
    const std::string& target = list->call.target;
    const bool not_older = query_parameter(target, "resourceVersionMatch") == "NotOlderThan";
    const std::string version = query_parameter(target, "resourceVersion");
    return lists({.limit = static_cast<int>(number(query_parameter(target, "limit"))),
                  .not_older_than = not_older ? version : "",
                  .continue_ = query_parameter(target, "continue")});
  }
  return reads();
}

inline WatchStep watch_step_of(const WatchAction<Deployment>& action) {
  const auto version_of = [](const Deployment& object) {
    return ObjectVersion{.name = object.meta.key.name,
                         .version = object.meta.resource_version.value};
  };
  WatchStep step = watch_step_of(action.next).restarted(std::string(action.restart_reason));
  step.is_rewound = action.is_rewound;
  if (!action.change) return step;
  if (const auto* upsert = std::get_if<Upsert<Deployment>>(&*action.change))
    step.upsert = version_of(upsert->object);
  if (const auto* remove = std::get_if<Remove>(&*action.change)) step.removal = remove->key.name;
  if (const auto* replace = std::get_if<Replace<Deployment>>(&*action.change)) {
    step.replacement.emplace();
    std::ranges::transform(replace->objects, std::back_inserter(*step.replacement), version_of);
  }
  return step;
}

inline std::ostream& operator<<(std::ostream& out, const ObjectVersion& object) {
  return out << object.name << "@" << object.version;
}

inline std::ostream& operator<<(std::ostream& out, const WatchStep& step) {
  switch (step.kind) {
    case WatchStep::Read: out << "read"; break;
    case WatchStep::List:
      out << "list limit=" << step.list.limit << " notOlderThan='" << step.list.not_older_than
          << "' continue='" << step.list.continue_ << "'";
      break;
    case WatchStep::WatchList: out << "watch list from '" << step.from << "'"; break;
    case WatchStep::Watch: out << "watch from '" << step.from << "'"; break;
    case WatchStep::BackOff: out << "back off until " << step.until; break;
  }
  if (!step.reason.empty()) out << " because of " << step.reason;
  if (step.upsert) out << ", upsert " << *step.upsert;
  if (step.removal) out << ", remove " << *step.removal;
  if (step.replacement) {
    out << ", replace all with [";
    for (const ObjectVersion& object : *step.replacement) out << " " << object;
    out << " ]";
  }
  return out;
}

}  // namespace lastgood::kube::test
