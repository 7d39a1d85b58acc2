#include "simulation/fake/cluster.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.hpp"
#include "simulation/fake/object_fields.hpp"

namespace lastgood::simulation {

using codec::Json;
using Pointer = Json::json_pointer;
using std::chrono::seconds;

namespace {

constexpr Duration controller_delay = std::chrono::milliseconds(20);
constexpr int default_revision_history_limit = 10;
constexpr const char* revision_annotation = "deployment.kubernetes.io/revision";

std::int64_t revision_of(const Json& object) {
  const std::string number = object["metadata"]
                                 .value("annotations", Json::object())
                                 .value(revision_annotation, std::string("0"));
  return std::stoll(number);
}

Json template_of(const Json& object) {
  Json out = object["spec"]["template"];
  if (out.contains(Pointer("/metadata/labels")))
    out["metadata"]["labels"].erase("pod-template-hash");
  return out;
}

std::string image_of(const Json& pod_template) {
  return text(pod_template, "/spec/containers/0/image");
}

Json condition(const char* type, bool holds, const char* reason, const std::string& message) {
  return {{"type", type},
          {"status", holds ? "True" : "False"},
          {"reason", reason},
          {"message", message}};
}

// Adds the time of the last change of the condition's status.
Json with_update_time(Json condition, const Json& old_conditions, const std::string& now) {
  condition["lastUpdateTime"] = now;
  for (const Json& old_condition : old_conditions) {
    if (old_condition["type"] == condition["type"] &&
        old_condition["status"] == condition["status"])
      condition["lastUpdateTime"] = old_condition.value("lastUpdateTime", now);
  }
  return condition;
}

std::int64_t sum(const std::vector<Json>& sets, const char* pointer) {
  std::int64_t total = 0;
  for (const Json& set : sets) total += number_at(set, pointer);
  return total;
}

}  // namespace

Cluster::Cluster(ApiServer& server, VirtualClock& clock)
    : nodes(server, clock), server_(server), clock_(clock) {}

const ImageHealth& Cluster::health_of(const Json& object) const {
  static const ImageHealth healthy;
  const auto found = health.find(
      image_of(object.contains(Pointer("/spec/template")) ? object["spec"]["template"] : object));
  return found == health.end() ? healthy : found->second;
}

ImageHealth Cluster::health_at(const std::string& ip) const {
  const Json* pod = find_pod(ip);
  if (!pod) return {.status = 0};
  ImageHealth found = health_of(*pod);
  const auto started =
      parse_rfc3339(text(*pod, "/status/containerStatuses/0/state/running/startedAt"));
  if (started && clock_.now() - *started < found.startup) found.status = found.startup_status;
  if (nodes.dead.contains(text(*pod, "/spec/nodeName"))) found.is_blocked = true;
  return found;
}

const Json* Cluster::find_pod(const std::string& ip) const {
  for (const Json* pod : server_.all("pods"))
    if (text(*pod, "/status/podIP") == ip) return pod;
  return nullptr;
}

void Cluster::on_change(const std::string& plural, const Json& object) {
  if (plural == "deployments") {
    if (!server_.find(plural, key_of(object)))
      return garbage_collect_owned_by(text(object, "/metadata/uid"));
    if (number_at(object, "/status/observedGeneration") !=
        number_at(object, "/metadata/generation"))
      enqueue(key_of(object));
  } else if (plural == "replicasets" || plural == "pods") {
    if (plural == "replicasets" && !server_.find(plural, key_of(object)))
      garbage_collect_owned_by(text(object, "/metadata/uid"));
    const std::string deployment_name = text(object, "/metadata/labels/app");
    enqueue({.namespace_ = key_of(object).namespace_, .name = deployment_name});
  }
}

void Cluster::enqueue(const Key& deployment) {
  if (!queued_.insert(deployment).second) return;
  clock_.call_at(clock_.monotonic_now() + controller_delay, [this, deployment] {
    queued_.erase(deployment);
    sync(deployment);
  });
}

std::vector<Json> Cluster::owned(const std::string& plural, const Json& owner) const {
  std::vector<Json> out;
  const std::string uid = text(owner, "/metadata/uid");
  for (const Json* object : server_.all(plural, key_of(owner).namespace_)) {
    if (text(*object, "/metadata/ownerReferences/0/uid") == uid) out.push_back(*object);
  }
  return out;
}

void Cluster::sync(const Key& key) {
  std::vector<Key> set_keys;
  for (const Json* set : server_.all("replicasets", key.namespace_)) {
    if (text(*set, "/metadata/labels/app") == key.name) set_keys.push_back(key_of(*set));
  }
  for (const Key& set : set_keys) sync_pods(set);
  const Json* found = server_.find("deployments", key);
  if (!found) return;
  const Json deployment = *found;
  std::vector<Json> sets = owned("replicasets", deployment);
  const Json current = find_or_create_set(deployment, sets);
  if (!current.is_null()) {
    set_revision_number(deployment, current, sets);
    scale(deployment, current, sets);
    apply_revision_history_limit(deployment, current, sets);
  }
  write_status(*server_.find("deployments", key), current, owned("replicasets", deployment));
}

Json Cluster::find_or_create_set(const Json& deployment, std::vector<Json>& sets) {
  const Json wanted = template_of(deployment);
  for (const Json& set : sets) {
    if (template_of(set) == wanted) return set;
  }
  if (deployment["spec"].value("paused", false)) return {};
  const std::string hash = digest_of(wanted.dump()).substr(0, 10);
  const Key key{.namespace_ = key_of(deployment).namespace_,
                .name = key_of(deployment).name + "-" + hash};
  // The name is used by a ReplicaSet of a deleted Deployment: try again until it is deleted.
  if (server_.find("replicasets", key)) {
    enqueue(key_of(deployment));
    return {};
  }
  Json labels = deployment.value(Pointer("/spec/template/metadata/labels"), Json::object());
  labels["pod-template-hash"] = hash;
  Json spec{{"replicas", 0}, {"selector", {{"matchLabels", labels}}}, {"template", wanted}};
  spec["template"]["metadata"]["labels"] = labels;
  server_.create("replicasets",
                 {{"metadata",
                   {{"name", key.name},
                    {"namespace", key.namespace_},
                    {"labels", labels},
                    {"ownerReferences", owner_references(deployment, "apps/v1", "Deployment")}}},
                  {"spec", spec}});
  progressed_[key_of(deployment)] = clock_.monotonic_now();
  sets.push_back(*server_.find("replicasets", key));
  return sets.back();
}

void Cluster::set_revision_number(const Json& deployment, const Json& set,
                                  const std::vector<Json>& sets) {
  std::int64_t highest = 0;
  for (const Json& other : sets) highest = std::max(highest, revision_of(other));
  const std::int64_t number = revision_of(set) == highest && highest > 0 ? highest : highest + 1;
  const auto annotate = [&](Json& object) {
    object["metadata"]["annotations"][revision_annotation] = std::to_string(number);
  };
  if (revision_of(set) != number) server_.change("replicasets", key_of(set), annotate);
  if (revision_of(deployment) != number)
    server_.change("deployments", key_of(deployment), annotate);
}

void Cluster::set_replicas(const Json& set, std::int64_t replicas) {
  if (number_at(set, "/spec/replicas") == replicas) return;
  server_.change("replicasets", key_of(set),
                 [&](Json& object) { object["spec"]["replicas"] = replicas; });
}

// Rolling updates use the default maxSurge and maxUnavailable of 25%. With strategy Recreate, the
// new ReplicaSet is scaled up when all old pods are gone.
void Cluster::scale(const Json& deployment, const Json& current, const std::vector<Json>& sets) {
  const std::int64_t wanted = number_at(deployment, "/spec/replicas", 1);
  const bool is_recreate = text(deployment, "/spec/strategy/type") == "Recreate";
  const std::int64_t max_pods = wanted + (is_recreate || wanted == 0 ? 0 : (wanted + 3) / 4);
  const std::int64_t min_available = wanted - wanted / 4;
  const std::int64_t all_replicas = sum(sets, "/spec/replicas");
  const std::int64_t current_replicas = number_at(current, "/spec/replicas");
  const bool others_gone = all_replicas == current_replicas &&
                           sum(sets, "/status/replicas") == number_at(current, "/status/replicas");
  if (!is_recreate || others_gone)
    set_replicas(current, std::min(wanted, current_replicas +
                                               std::max<std::int64_t>(max_pods - all_replicas, 0)));
  std::int64_t max_healthy_to_remove =
      is_recreate ? all_replicas : sum(sets, "/status/availableReplicas") - min_available;
  for (const Json& set : sets) {
    if (key_of(set) == key_of(current)) continue;
    const std::int64_t replicas = number_at(set, "/spec/replicas");
    const std::int64_t unhealthy =
        std::max<std::int64_t>(replicas - number_at(set, "/status/availableReplicas"), 0);
    const std::int64_t healthy_to_remove =
        std::clamp<std::int64_t>(max_healthy_to_remove, 0, replicas - unhealthy);
    max_healthy_to_remove -= healthy_to_remove;
    set_replicas(set, replicas - unhealthy - healthy_to_remove);
  }
}

void Cluster::write_status(const Json& deployment, const Json& current,
                           const std::vector<Json>& sets) {
  const Key key = key_of(deployment);
  Json current_set;
  for (const Json& set : sets) {
    if (!current.is_null() && key_of(set) == key_of(current)) current_set = set;
  }
  const std::int64_t wanted = number_at(deployment, "/spec/replicas", 1);
  const std::int64_t available = sum(sets, "/status/availableReplicas");
  const std::int64_t updated =
      current_set.is_null() ? 0 : number_at(current_set, "/status/replicas");
  const std::int64_t current_available =
      current_set.is_null() ? 0 : number_at(current_set, "/status/availableReplicas");
  const Json old_status = deployment.value("status", Json::object());
  // A complete rollout restarts the progress deadline for the next template.
  const bool was_complete = std::ranges::any_of(
      old_status.value("conditions", Json::array()), [](const Json& old_condition) {
        return old_condition.value("reason", std::string()) == "NewReplicaSetAvailable";
      });
  if (was_complete || old_status.value("updatedReplicas", std::int64_t{0}) < updated ||
      old_status.value("availableReplicas", std::int64_t{0}) < available) {
    progressed_[key] = clock_.monotonic_now();
  }
  const bool is_complete =
      current_available == wanted && updated == wanted && sum(sets, "/status/replicas") == wanted;
  const Duration progress_deadline =
      seconds(number_at(deployment, "/spec/progressDeadlineSeconds", 600));
  const MonotonicTime deadline = progressed_[key] + progress_deadline;
  const bool is_late = !is_complete && clock_.monotonic_now() >= deadline;
  if (!is_complete && !is_late) clock_.call_at(deadline, [this, key] { enqueue(key); });
  const std::string name = current_set.is_null() ? "" : key_of(current_set).name;
  const Json failures = current_set.is_null()
                            ? Json::array()
                            : current_set.value(Pointer("/status/conditions"), Json::array());
  Json conditions = Json::array({with_update_time(
      condition("Available", available >= wanted - wanted / 4, "MinimumReplicas", ""),
      old_status.value("conditions", Json::array()), format_rfc3339(clock_.now()))});
  conditions.push_back(
      is_complete ? condition("Progressing", true, "NewReplicaSetAvailable",
                              fmt::format("ReplicaSet \"{}\" has successfully progressed.", name))
      : is_late   ? condition("Progressing", false, "ProgressDeadlineExceeded",
                              fmt::format("ReplicaSet \"{}\" has timed out progressing.", name))
                  : condition("Progressing", true, "ReplicaSetUpdated",
                              fmt::format("ReplicaSet \"{}\" is progressing.", name)));
  for (const Json& failure : failures) conditions.push_back(failure);
  const Json status{{"observedGeneration", number_at(deployment, "/metadata/generation")},
                    {"replicas", sum(sets, "/status/replicas")},
                    {"updatedReplicas", updated},
                    {"readyReplicas", sum(sets, "/status/readyReplicas")},
                    {"availableReplicas", available},
                    {"conditions", conditions}};
  server_.change("deployments", key, [&](Json& object) { object["status"] = status; });
}

void Cluster::apply_revision_history_limit(const Json& deployment, const Json& current,
                                           const std::vector<Json>& sets) {
  const std::int64_t limit =
      number_at(deployment, "/spec/revisionHistoryLimit", default_revision_history_limit);
  std::vector<Json> old;
  for (const Json& set : sets) {
    const bool is_empty =
        number_at(set, "/spec/replicas") == 0 && number_at(set, "/status/replicas") == 0;
    if (is_empty && key_of(set) != key_of(current)) old.push_back(set);
  }
  std::ranges::sort(old, {}, revision_of);
  for (std::size_t i = 0; i + static_cast<std::size_t>(limit) < old.size(); ++i)
    server_.remove("replicasets", key_of(old[i]));
}

void Cluster::sync_pods(const Key& set_key) {
  const Json* found = server_.find("replicasets", set_key);
  if (!found) return;
  const Json set = *found;
  std::vector<Json> pods = owned("pods", set);
  const auto wanted = static_cast<std::size_t>(number_at(set, "/spec/replicas"));
  bool is_over_quota = false;
  for (std::size_t i = pods.size(); i < wanted && !is_over_quota; ++i) {
    is_over_quota = pod_quota > 0 && server_.all("pods").size() >= pod_quota;
    if (!is_over_quota) create_pod(set);
  }
  for (std::size_t i = wanted; i < pods.size(); ++i) server_.remove("pods", key_of(pods[i]));
  pods = owned("pods", set);
  const auto ready = std::ranges::count_if(
      pods, [](const Json& pod) { return text(pod, "/status/conditions/0/status") == "True"; });
  const auto available = count_available(set, pods);
  server_.change("replicasets", set_key, [&](Json& object) {
    object["status"] = {
        {"replicas", pods.size()}, {"readyReplicas", ready}, {"availableReplicas", available}};
  });
  report_creation(set_key, is_over_quota);
}

std::int64_t Cluster::count_available(const Json& set, const std::vector<Json>& pods) {
  const Key deployment{.namespace_ = key_of(set).namespace_,
                       .name = text(set, "/metadata/labels/app")};
  const Json* const found = server_.find("deployments", deployment);
  const seconds min_ready(found ? number_at(*found, "/spec/minReadySeconds") : 0);
  std::int64_t available = 0;
  for (const Json& pod : pods) {
    if (text(pod, "/status/conditions/0/status") != "True") continue;
    const auto since = parse_rfc3339(text(pod, "/status/conditions/0/lastTransitionTime"));
    if (min_ready == seconds(0) || !since || *since + min_ready <= clock_.now()) {
      ++available;
    } else {
      const Duration rest = *since + min_ready - clock_.now();
      clock_.call_at(clock_.monotonic_now() + rest, [this, deployment] { enqueue(deployment); });
    }
  }
  return available;
}

void Cluster::report_creation(const Key& set_key, bool is_over_quota) {
  if (!is_over_quota) return;
  server_.change("replicasets", set_key, [&](Json& object) {
    const std::string message = fmt::format(
        "pods \"{}-x2x4z\" is forbidden: exceeded quota: pods, requested: pods=1, used: pods={}, "
        "limited: pods={}",
        set_key.name, pod_quota, pod_quota);
    object["status"]["conditions"] =
        Json::array({condition("ReplicaFailure", true, "FailedCreate", message)});
  });
  const Key deployment{.namespace_ = set_key.namespace_,
                       .name = text(*server_.find("replicasets", set_key), "/metadata/labels/app")};
  clock_.call_at(clock_.monotonic_now() + seconds(5), [this, deployment] { enqueue(deployment); });
}

void Cluster::garbage_collect_owned_by(const std::string& owner_uid) {
  for (const char* plural :
       {"replicasets", "pods", "controllerrevisions", "deploymentguards", "rollbacks"}) {
    for (const Json* object : server_.all(plural)) {
      if (text(*object, "/metadata/ownerReferences/0/uid") != owner_uid) continue;
      clock_.call_at(clock_.monotonic_now() + seconds(1),
                     [this, plural, key = key_of(*object), uid = text(*object, "/metadata/uid")] {
                       const Json* found = server_.find(plural, key);
                       if (!found || text(*found, "/metadata/uid") != uid) return;
                       server_.remove(plural, key);
                       if (std::string_view(plural) == "replicasets") garbage_collect_owned_by(uid);
                     });
    }
  }
}

}  // namespace lastgood::simulation
