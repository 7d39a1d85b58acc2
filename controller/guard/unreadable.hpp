// The DeploymentGuards and Rollbacks that this version cannot read, and the Deployments that are
// left alone because of them. Another version of Lastgood may have written a value that this
// version does not know. Its content is then not known: a rollback may be in progress.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/event.hpp"
#include "kube/stores.hpp"

namespace lastgood::guard {

struct UnreadableObject {
  std::string kind;  // "DeploymentGuard" or "Rollback"
  Key key;
  std::string problem;  // which field has which value
  bool operator==(const UnreadableObject&) const = default;
};

// One line for users: the object, the problem, what follows from it, and what to do.
[[nodiscard]] std::string text_of(const UnreadableObject& object);

// The Event on a Deployment that is left alone because of the object.
[[nodiscard]] api::EventRecord event_of(const UnreadableObject& object);

// True if the change may change the result of UnreadableObjects::update().
template <class T>
[[nodiscard]] bool concerns_unreadable(const kube::Delta<T>& delta) {
  return (delta.before && !delta.before->problem.empty()) ||
         (delta.after && !delta.after->problem.empty());
}

class UnreadableObjects {
 public:
  // Searches the stores again. Returns the objects that the last call did not find, or found with
  // another problem.
  std::vector<UnreadableObject> update(const kube::Stores& stores);

  [[nodiscard]] std::size_t guards() const { return guards_.size(); }
  [[nodiscard]] std::size_t rollbacks() const { return rollbacks_.size(); }

  // The object because of which nothing may be done with the Deployment. Empty: none. In this
  // order:
  // - its DeploymentGuard
  // - a Rollback that may be one of the Deployment: the guard or spec.deployment names it; or, if
  //   spec.deployment cannot be read, its owner is the Deployment, or its name begins with that of
  //   the Deployment and "-"
  // - the Rollback that started the group rollback in which the Deployment is rolled back
  [[nodiscard]] std::optional<UnreadableObject> blocks(const api::Deployment& deployment,
                                                       const kube::Stores& stores) const;

 private:
  std::map<Key, std::shared_ptr<const api::DeploymentGuard>> guards_;
  std::map<Key, std::shared_ptr<const api::Rollback>> rollbacks_;
};

}  // namespace lastgood::guard
