// Parses the responses of LIST and WATCH requests into objects and events. Of a Deployment and of a
// pod, only the fields of api::Deployment and api::Pod are stored. No I/O; never throws.
//
// Protocol: metav1.WatchEvent and metav1.List in k8s.io/apimachinery/pkg/apis/meta/v1, and
// https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
//
// T is one of the five watched kinds: api::Deployment, api::Pod, api::RollbackPolicy,
// api::DeploymentGuard, api::Rollback. A Deployment or a pod that cannot be parsed becomes
// Unreadable. An object of Lastgood's own kinds is never missing: if it cannot be parsed, it has
// its metadata and a `problem`. All other objects are still read.
#pragma once

#include <cstdint>
#include <functional>
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
  Error error;  // the message has the kind, namespace and name
};

struct Bookmark {
  ResourceVersion version;
  // Annotation k8s.io/initial-events-end is "true": a WatchList has sent all objects.
  bool initial_events_end = false;
};

// Error is an ERROR event. Its ErrorKind follows from the code of the Status in the event: 410
// becomes ErrorKind::Expired.
template <class T>
using WatchEvent = std::variant<Changed<T>, Deleted, Unreadable, Bookmark, Error>;

template <class T>
struct ListPage {
  ResourceVersion version;
  std::string continue_;  // empty on the last page
  std::vector<T> items;
  std::vector<Unreadable> unreadable;  // items that cannot be parsed
  std::vector<Key> known;              // items that are not parsed, because they are known
};

// True if the caller has this version of the object already, so that it need not be parsed.
using IsKnown = std::function<bool(const Key&, const Uid&, const ResourceVersion&)>;

// Parses one line of a watch response. Returns Protocol if the line is not a watch event.
template <class T>
[[nodiscard]] Result<WatchEvent<T>> parse_event(std::string_view line);

// Parses the body of a LIST response. Returns Protocol if the body is not a list. Takes the string
// by value because the parser needs padding after its end. Without `is_known`, no item is known.
template <class T>
[[nodiscard]] Result<ListPage<T>> parse_list(std::string body, const IsKnown& is_known = {});

// NOLINTBEGIN(bugprone-macro-parentheses): the argument is a type, which parentheses would break.
#define LASTGOOD_WATCHED(T)                                                    \
  extern template Result<WatchEvent<T>> parse_event<T>(std::string_view line); \
  extern template Result<ListPage<T>> parse_list<T>(std::string body, const IsKnown& is_known);
// NOLINTEND(bugprone-macro-parentheses)
LASTGOOD_WATCHED(api::Deployment)
LASTGOOD_WATCHED(api::Pod)
LASTGOOD_WATCHED(api::RollbackPolicy)
LASTGOOD_WATCHED(api::DeploymentGuard)
LASTGOOD_WATCHED(api::Rollback)
#undef LASTGOOD_WATCHED

}  // namespace lastgood::kube
