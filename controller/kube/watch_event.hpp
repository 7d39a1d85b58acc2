// Bytes of a LIST or a WATCH -> objects and events, projected while parsing: of a Deployment only what
// api::Deployment has is ever kept. Reads no socket, throws nothing.
// Protocol: metav1.WatchEvent, metav1.List, https://kubernetes.io/docs/reference/using-api/api-concepts/
//
// T is one of the four kinds that are watched: api::Deployment, api::RollbackPolicy, api::DeploymentGuard, api::Rollback.
// One object that cannot be read never hides the others: it is Unreadable, with its name, as if it were not there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/guard.hpp"
#include "api/policy.hpp"
#include "api/rollback.hpp"
#include "api/workload.hpp"
#include "base/names.hpp"
#include "base/result.hpp"

namespace lastgood::kube {

template <class T>
struct Changed {  // ADDED or MODIFIED
  T object;
};

struct Deleted {
  Key key;
  Uid uid;
  ResourceVersion version;
};

struct Unreadable {
  Key key;
  ResourceVersion version;
  Error error;  // its message names the object
};

struct Bookmark {
  ResourceVersion version;
  bool initial_events_end = false;  // annotation k8s.io/initial-events-end: a WatchList has sent every object
};

// Error: an ERROR event; its kind by the code of its Status (410 is Expired).
template <class T>
using WatchEvent = std::variant<Changed<T>, Deleted, Unreadable, Bookmark, Error>;

template <class T>
struct ListPage {
  ResourceVersion version;
  std::string continue_;  // empty on the last page
  std::vector<T> items;
  std::vector<Unreadable> unreadable;
};

// One line of a watch. The Error (Protocol) is for a line that is no event at all.
template <class T>
[[nodiscard]] Result<WatchEvent<T>> parse_event(std::string_view line);

// The body of a LIST; taken whole, because the parser wants room after its end.
template <class T>
[[nodiscard]] Result<ListPage<T>> parse_list(std::string body);

// NOLINTBEGIN(bugprone-macro-parentheses): the argument is a type, which parentheses would break.
#define LASTGOOD_WATCHED(T)                                                    \
  extern template Result<WatchEvent<T>> parse_event<T>(std::string_view line); \
  extern template Result<ListPage<T>> parse_list<T>(std::string body);
// NOLINTEND(bugprone-macro-parentheses)
LASTGOOD_WATCHED(api::Deployment)
LASTGOOD_WATCHED(api::RollbackPolicy)
LASTGOOD_WATCHED(api::DeploymentGuard)
LASTGOOD_WATCHED(api::Rollback)
#undef LASTGOOD_WATCHED

}  // namespace lastgood::kube
