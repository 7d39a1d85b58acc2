#include "simulation/invariants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace lastgood::simulation {

using api::Verb;
using codec::Json;
using Pointer = Json::json_pointer;

namespace {

constexpr const char* rolled_back_by = "/metadata/annotations/lastgood.dev~1rolled-back-by";
constexpr std::array writable_kinds{"deployments",
                                    "controllerrevisions",
                                    "rollbackpolicies",
                                    "deploymentguards",
                                    "rollbacks",
                                    "events",
                                    "leases"};
// Includes the fields that a patch only tests, such as the uid.
constexpr std::array patchable_fields{
    "/metadata/uid",
    "/metadata/generation",
    "/metadata/resourceVersion",
    "/metadata/managedFields",
    "/metadata/annotations",
    "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration",
    rolled_back_by,
    "/spec/template"};

// The longest time between a dry run and the write that relies on it.
constexpr std::chrono::seconds dry_run_lifetime{45};

std::string text(const Json& object, const char* pointer) {
  return object.value(Pointer(pointer), std::string());
}

Json without_template_hash(Json pod_template) {
  if (pod_template.contains(Pointer("/metadata/labels")))
    pod_template["metadata"]["labels"].erase("pod-template-hash");
  return pod_template;
}

// The patch without the name of the Rollback, which is not known yet in the dry run.
Json without_rollback_name(const std::string& body) {
  Json patch = Json::parse(body);
  for (Json& operation : patch) {
    if (operation["path"] == rolled_back_by) operation.erase("value");
  }
  return patch;
}

template <std::size_t N>
bool contains(const std::array<const char*, N>& list, const std::string& text) {
  return std::ranges::any_of(list, [&](const char* entry) { return text == entry; });
}

}  // namespace

void Invariants::check(const Write& write) {
  const Route& route = write.route;
  if (!is_controller(write.user)) {
    const Json* deployment = write.changed_template
                                 ? server_.find("deployments", {route.namespace_, route.name})
                                 : nullptr;
    if (deployment)
      user_generations_[text(*deployment, "/metadata/uid")] =
          (*deployment)["metadata"]["generation"];
    return;
  }
  if (!contains(writable_kinds, route.plural))
    add_violation(write, "a controller must not write this kind");
  if (route.plural == "leases") return;
  // The client cannot cancel a write that waits in the server.
  if (write.leader != write.user && !write.is_late)
    add_violation(write, fmt::format("the holder of the Lease was \"{}\"", write.leader));
  if (route.plural == "deployments") check_deployment(write);
}

void Invariants::check_deployment(const Write& write) {
  if (write.verb != Verb::Patch)
    return add_violation(write, "a controller must only patch Deployments");
  if (!write.route.subresource.empty())
    add_violation(write, "a controller must not write subresources of Deployments");
  for (const Json& operation : Json::parse(write.body)) {
    if (!contains(patchable_fields, operation["path"]))
      add_violation(write, "a controller must not patch " + operation["path"].get<std::string>());
  }
  const Key key{.namespace_ = write.route.namespace_, .name = write.route.name};
  if (write.route.is_dry_run() && write.status == 200)
    admitted_dry_runs_[key].push_back(
        {.user = write.user, .patch = without_rollback_name(write.body), .at = write.at});
  const Json* deployment = server_.find("deployments", key);
  if (!deployment || !write.changed_template) return;
  check_template(write, *deployment);
  check_dry_run(write);
}

void Invariants::check_dry_run(const Write& write) {
  const Json patch = without_rollback_name(write.body);
  const auto& dry_runs =
      admitted_dry_runs_[{.namespace_ = write.route.namespace_, .name = write.route.name}];
  const bool is_admitted = std::ranges::any_of(dry_runs, [&](const AdmittedDryRun& dry_run) {
    return dry_run.user == write.user && dry_run.patch == patch &&
           write.at - dry_run.at <= dry_run_lifetime;
  });
  if (!is_admitted)
    add_violation(write, "no dry run of this patch was admitted in the last 45 seconds");
}

void Invariants::check_template(const Write& write, const Json& deployment) {
  const std::string name = text(deployment, rolled_back_by);
  const Json* rollback = server_.find("rollbacks", {write.route.namespace_, name});
  if (!rollback)
    return add_violation(write, "changes a template without a record: no Rollback " + name);
  if (++template_changes_[name] > 1)
    add_violation(write, "changes a template a second time for Rollback " + name);
  if (text(*rollback, "/spec/deploymentUid") != text(deployment, "/metadata/uid"))
    add_violation(write, "Rollback " + name + " has the uid of another Deployment");
  const Json* snapshot = server_.find(
      "controllerrevisions", {write.route.namespace_, text(*rollback, "/spec/to/snapshot")});
  if (!snapshot || without_template_hash((*snapshot)["data"]["template"]) !=
                       without_template_hash(deployment["spec"]["template"])) {
    add_violation(write, "the template is not that of the snapshot in Rollback " + name);
  }
  const std::int64_t evaluated = rollback->value(Pointer("/spec/generation"), std::int64_t{0});
  const auto newest = user_generations_.find(text(deployment, "/metadata/uid"));
  if (newest != user_generations_.end() && evaluated < newest->second)
    add_violation(write, "overrides a newer template of a user");
}

void Invariants::add_violation(const Write& write, const std::string& rule) {
  violations_.push_back(fmt::format("{} {} {} {}/{}: {}", write.at.time_since_epoch().count(),
                                    write.user, write.route.plural, write.route.name,
                                    write.route.subresource, rule));
}

}  // namespace lastgood::simulation
