#include "simulation/invariants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "codec/rollback.hpp"

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

// The policy is read before a change of a template, but the patch does not test it: the time from
// this read to the change, with slow calls and one that is carried out late.
constexpr std::chrono::seconds suspension_delay{60};

// The Rollback is read before a change of a template. The API server cannot test both objects in
// one write, so this is the time from this read to the change.
constexpr std::chrono::seconds deletion_delay{10};

const Key lease_key{.namespace_ = "lastgood-system", .name = "lastgood"};

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
  if (!is_controller(write.user)) return observe_user_write(write);
  if (!contains(writable_kinds, route.plural))
    add_violation(write, "a controller must not write this kind");
  if (route.plural == "leases") return;
  // The holder cannot know that its Lease was deleted until it renews the Lease.
  if (server_.find("leases", lease_key)) last_leader_ = write.leader;
  // The client cannot cancel a write that waits in the server.
  if (last_leader_ != write.user && !write.is_late)
    add_violation(write, fmt::format("the holder of the Lease was \"{}\"", last_leader_));
  if (route.plural == "deployments") check_deployment(write);
}

void Invariants::observe_user_write(const Write& write) {
  const Route& route = write.route;
  const Key key{.namespace_ = route.namespace_, .name = route.name};
  const Json* object = server_.find(route.plural, key);
  if (write.changed_template && object)
    user_generations_[text(*object, "/metadata/uid")] = (*object)["metadata"]["generation"];
  if (route.plural == "rollbacks" && write.verb == Verb::Delete) deleted_by_users_[key] = write.at;
  if (route.plural != "rollbackpolicies") return;
  if (object && object->value(Pointer("/spec/suspend"), false)) {
    suspended_since_.try_emplace(key, write.at);
  } else {
    suspended_since_.erase(key);
  }
}

void Invariants::forget_history() {
  user_generations_.clear();
  template_changes_.clear();
  rolled_back_.clear();
  suspended_since_.clear();
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
  if (!rollback) {
    const auto deleted = deleted_by_users_.find({write.route.namespace_, name});
    if (deleted == deleted_by_users_.end() || write.at - deleted->second > deletion_delay)
      add_violation(write, "changes a template without a record: no Rollback " + name);
    return;
  }
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
  const auto parsed = codec::parse_rollback(*rollback);
  if (!parsed || !api::is_manual(parsed->spec)) check_automatic(write, deployment, *rollback);
}

void Invariants::check_automatic(const Write& write, const Json& deployment, const Json& rollback) {
  const std::string& namespace_ = write.route.namespace_;
  const std::string uid = text(deployment, "/metadata/uid");
  const auto release = user_generations_.find(uid);
  if (!rolled_back_.emplace(uid, release == user_generations_.end() ? 0 : release->second).second)
    add_violation(write, "rolls back the same release a second time");
  if (deployment["spec"].value("paused", false))
    add_violation(write, "changes a Deployment that is paused");
  if (text(deployment, "/metadata/annotations/lastgood.dev~1enabled") == "false")
    add_violation(write, "changes a Deployment that is opted out");
  const std::string policy = text(rollback, "/spec/policy");
  const Key key{.namespace_ = namespace_, .name = policy.substr(policy.find('/') + 1)};
  const auto suspended = suspended_since_.find(key);
  if (suspended != suspended_since_.end() && write.at - suspended->second > suspension_delay)
    add_violation(write, "rolls back under a policy that is suspended");
  const Json* guard = server_.find("deploymentguards", {namespace_, write.route.name});
  if (!guard) return;
  for (const Json& revision : guard->value(Pointer("/status/revisions"), Json::array())) {
    if (revision.value("verdict", "") == "RolledBack" &&
        revision.value("hash", "") == text(rollback, "/spec/to/hash"))
      add_violation(write, "restores a revision that was rolled back");
  }
}

void Invariants::add_violation(const Write& write, const std::string& rule) {
  violations_.push_back(fmt::format("{} {} {} {}/{}: {}", write.at.time_since_epoch().count(),
                                    write.user, write.route.plural, write.route.name,
                                    write.route.subresource, rule));
}

}  // namespace lastgood::simulation
