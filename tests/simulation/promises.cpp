#include "simulation/promises.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace lastgood::simulation {

using codec::Json;
using api::Verb;
using Pointer = Json::json_pointer;

namespace {

constexpr const char* rolled_back_by = "/metadata/annotations/lastgood.dev~1rolled-back-by";
constexpr std::array may_write{
    "deployments", "controllerrevisions", "rollbackpolicies", "deploymentguards", "rollbacks", "events", "leases"};
constexpr std::array may_patch{"/metadata/uid",
                               "/metadata/generation",
                               "/metadata/resourceVersion",
                               "/metadata/managedFields",
                               "/metadata/annotations",
                               "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration",
                               rolled_back_by,
                               "/spec/template"};

// What a dry run came to is acted upon that long.
constexpr std::chrono::seconds believed_for{30};

std::string text(const Json& object, const char* pointer) { return object.value(Pointer(pointer), std::string()); }

Json plain_template(Json pod_template) {
  if (pod_template.contains(Pointer("/metadata/labels"))) pod_template["metadata"]["labels"].erase("pod-template-hash");
  return pod_template;
}

// Which Rollback it is for is not known yet when the patch is tried.
Json without_mark(const std::string& body) {
  Json patch = Json::parse(body);
  for (Json& operation : patch) {
    if (operation["path"] == rolled_back_by) operation.erase("value");
  }
  return patch;
}

template <std::size_t N>
bool among(const std::array<const char*, N>& list, const std::string& one) {
  for (const char* other : list) {
    if (one == other) return true;
  }
  return false;
}

}  // namespace

void Promises::check(const Write& write) {
  const Route& route = write.route;
  if (!is_controller(write.user)) {
    const Json* deployment = write.changed_template ? server_.find("deployments", {route.namespace_, route.name}) : nullptr;
    if (deployment) chosen_[text(*deployment, "/metadata/uid")] = (*deployment)["metadata"]["generation"];
    return;
  }
  if (!among(may_write, route.plural)) broke(write, "is not ours to write");
  if (route.plural == "leases") return;
  if (write.leader != write.user) broke(write, fmt::format("was written while the Lease named \"{}\"", write.leader));
  if (route.plural == "deployments") check_deployment(write);
}

void Promises::check_deployment(const Write& write) {
  if (write.verb != Verb::Patch) return broke(write, "is more than a patch");
  if (!write.route.subresource.empty()) broke(write, "is a subresource that is not ours");
  for (const Json& operation : Json::parse(write.body)) {
    if (!among(may_patch, operation["path"])) broke(write, "patches " + operation["path"].get<std::string>());
  }
  const Key key{.namespace_ = write.route.namespace_, .name = write.route.name};
  const bool is_tried = write.route.asked("dryRun") == "All";
  if (is_tried && write.status == 200)
    tried_[key].push_back({.user = write.user, .patch = without_mark(write.body), .at = write.at});
  const Json* deployment = server_.find("deployments", key);
  if (!deployment || !write.changed_template) return;
  check_template(write, *deployment);
  check_tried(write);
}

void Promises::check_tried(const Write& write) {
  const Json patch = without_mark(write.body);
  const auto& tried = tried_[{.namespace_ = write.route.namespace_, .name = write.route.name}];
  const bool is_known = std::ranges::any_of(
      tried, [&](const Tried& one) { return one.user == write.user && one.patch == patch && write.at - one.at <= believed_for; });
  if (!is_known) broke(write, "changes a template by a patch that the server was not seen to admit just before");
}

void Promises::check_template(const Write& write, const Json& deployment) {
  const std::string mark = text(deployment, rolled_back_by);
  const Json* rollback = server_.find("rollbacks", {write.route.namespace_, mark});
  if (!rollback) return broke(write, "changes a template for a Rollback that was not recorded: " + mark);
  if (++restored_[mark] > 1) broke(write, "changes a template twice for Rollback " + mark);
  if (text(*rollback, "/spec/deploymentUid") != text(deployment, "/metadata/uid")) {
    broke(write, "is of another Deployment than Rollback " + mark);
  }
  const Json* kept = server_.find("controllerrevisions", {write.route.namespace_, text(*rollback, "/spec/to/keptAs")});
  if (!kept || plain_template((*kept)["data"]["template"]) != plain_template(deployment["spec"]["template"])) {
    broke(write, "puts back another template than Rollback " + mark + " recorded");
  }
  const std::int64_t judged = rollback->value(Pointer("/spec/generation"), std::int64_t{0});
  const auto chosen = chosen_.find(text(deployment, "/metadata/uid"));
  if (chosen != chosen_.end() && judged < chosen->second) broke(write, "overrides a newer choice of a person");
}

void Promises::broke(const Write& write, const std::string& what) {
  broken_.push_back(fmt::format("{} {} {} {}/{}: {}", write.at.time_since_epoch().count(), write.user, write.route.plural,
                                write.route.name, write.route.subresource, what));
}

}  // namespace lastgood::simulation
