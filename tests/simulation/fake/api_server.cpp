#include "simulation/fake/api_server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "simulation/fake/managed_fields.hpp"

namespace lastgood::simulation {

using api::Verb;
using codec::Json;
using Pointer = Json::json_pointer;

namespace {

struct ResourceKind {
  const char* plural;
  const char* api_version;
  const char* kind;
  bool has_generation;
  bool has_status;  // as a subresource
};

constexpr std::array kinds{
    ResourceKind{"deployments", "apps/v1", "Deployment", true, true},
    ResourceKind{"replicasets", "apps/v1", "ReplicaSet", true, true},
    ResourceKind{"controllerrevisions", "apps/v1", "ControllerRevision", false, false},
    ResourceKind{"namespaces", "v1", "Namespace", false, true},
    ResourceKind{"pods", "v1", "Pod", false, true},
    ResourceKind{"services", "v1", "Service", false, false},
    ResourceKind{"configmaps", "v1", "ConfigMap", false, false},
    ResourceKind{"secrets", "v1", "Secret", false, false},
    ResourceKind{"serviceaccounts", "v1", "ServiceAccount", false, false},
    ResourceKind{"persistentvolumeclaims", "v1", "PersistentVolumeClaim", false, true},
    ResourceKind{"prometheusrules", "monitoring.coreos.com/v1", "PrometheusRule", true, false},
    ResourceKind{"rollbackpolicies", "lastgood.dev/v1alpha1", "RollbackPolicy", true, true},
    ResourceKind{"deploymentguards", "lastgood.dev/v1alpha1", "DeploymentGuard", true, true},
    ResourceKind{"rollbacks", "lastgood.dev/v1alpha1", "Rollback", true, true},
    ResourceKind{"events", "events.k8s.io/v1", "Event", false, false},
    ResourceKind{"leases", "coordination.k8s.io/v1", "Lease", false, false},
};

const ResourceKind* kind_of(const std::string& plural) {
  const auto found =
      std::ranges::find_if(kinds, [&](const ResourceKind& kind) { return plural == kind.plural; });
  return found == kinds.end() ? nullptr : &*found;
}

std::string text(const Json& object, const char* pointer) {
  return object.value(Pointer(pointer), std::string());
}

Key key_of(const Json& object) {
  return {.namespace_ = text(object, "/metadata/namespace"),
          .name = text(object, "/metadata/name")};
}

std::string manager_of(const Route& route) {
  const std::string manager = route.parameter("fieldManager");
  return manager.empty() ? "unknown" : manager;
}

Json without_keys(const Json& object, std::initializer_list<const char*> keys) {
  Json out = object;
  for (const char* key : keys) out.erase(key);
  return out;
}

// The object as it is stored after a write. A write of the status subresource changes only the
// status, and the annotations of a Deployment. Any other write changes everything but the status.
Json stored_after(const Route& route, const ResourceKind& kind, const Json& before, Json after) {
  if (!kind.has_status) return after;
  if (route.subresource == "status") {
    Json out = before;
    out.erase("status");
    if (after.contains("status")) out["status"] = after["status"];
    if (route.plural == "deployments" && after["metadata"].contains("annotations")) {
      out["metadata"]["annotations"] = after["metadata"]["annotations"];
    }
    return out;
  }
  after.erase("status");
  if (before.contains("status")) after["status"] = before["status"];
  return after;
}

// A change of the spec, or of the annotations of a Deployment, increments the generation.
bool increments_generation(const Route& route, const ResourceKind& kind, const Json& before,
                           const Json& after) {
  if (!kind.has_generation || route.subresource == "status") return false;
  if (without_keys(before, {"metadata", "status"}) != without_keys(after, {"metadata", "status"}))
    return true;
  return route.plural == "deployments" && before["metadata"].value("annotations", Json()) !=
                                              after["metadata"].value("annotations", Json());
}

Json without_version(const Json& object) {
  Json out = object;
  out["metadata"].erase("resourceVersion");
  return out;
}

ApiResponse not_found(const Route& route) {
  ApiResponse response =
      error_response(404, "NotFound", fmt::format("{} \"{}\" not found", route.plural, route.name));
  response.body["details"] = {{"name", route.name}, {"kind", route.plural}};
  return response;
}

ApiResponse conflict(const Route& route, const std::string& detail) {
  return error_response(409, "Conflict",
                        fmt::format("Operation cannot be fulfilled on {} \"{}\": {}", route.plural,
                                    route.name, detail));
}

constexpr const char* object_was_modified =
    "the object has been modified; please apply your changes to the latest version and try again";

}  // namespace

Labels labels_of(const Json& object) { return object["metadata"].value("labels", Labels()); }

ApiResponse error_response(int code, const std::string& reason, const std::string& message) {
  return {.status = code,
          .body = {{"kind", "Status"},
                   {"apiVersion", "v1"},
                   {"metadata", Json::object()},
                   {"status", "Failure"},
                   {"message", message},
                   {"reason", reason},
                   {"code", code}}};
}

ApiResponse ApiServer::handle(const std::string& user, const api::ApiCall& call, Arrival arrival) {
  if (forward) {
    if (auto response = forward(call)) return *std::move(response);
  }
  const auto route = parse_route(call.target);
  if (!route || !kind_of(route->plural))
    return error_response(404, "NotFound", "the server could not find the requested resource");
  if (call.verb == Verb::Get) return route->name.empty() ? list(*route) : get(*route);
  Write write = record(user, call, *route);
  const Json template_before = template_of(*route);
  ApiResponse response;
  switch (call.verb) {
    case Verb::Post: response = post(*route, call.body); break;
    case Verb::Put: response = put(*route, call.body); break;
    case Verb::Patch: response = patch(*route, call); break;
    case Verb::Delete: response = delete_object(*route, call.body); break;
    case Verb::Get: break;
  }
  if (warnings_of && response.status / 100 == 2)
    response.warnings = warnings_of(route->plural, response.body);
  write.status = response.status;
  write.is_late = arrival == Arrival::Late;
  write.changed_template = !template_before.is_null() && template_before != template_of(*route);
  writes_.push_back(write);
  if (on_write) on_write(write);
  return response;
}

Write ApiServer::record(const std::string& user, const api::ApiCall& call,
                        const Route& route) const {
  Write write{.user = user,
              .verb = call.verb,
              .route = route,
              .body = call.body,
              .at = clock_.monotonic_now()};
  for (const Json* lease : all("leases")) write.leader = text(*lease, "/spec/holderIdentity");
  return write;
}

Json ApiServer::template_of(const Route& route) const {
  const Json* deployment =
      route.plural == "deployments" ? find("deployments", {route.namespace_, route.name}) : nullptr;
  return deployment ? deployment->value(Pointer("/spec/template"), Json()) : Json();
}

ApiResponse ApiServer::get(const Route& route) {
  const Json* object = find(route.plural, {route.namespace_, route.name});
  return object ? ApiResponse{.body = *object} : not_found(route);
}

ApiResponse ApiServer::list(const Route& route) {
  const std::string version = route.parameter("resourceVersion");
  if (!version.empty() && std::stoull(version) > version_) {
    ApiResponse too_new = error_response(504, "Timeout", "Too large resource version");
    too_new.body["details"] = {{"causes", Json::array({{{"reason", "ResourceVersionTooLarge"}}})},
                               {"retryAfterSeconds", 1}};
    return too_new;
  }
  const std::string limit = route.parameter("limit");
  const std::string continue_ = route.parameter("continue");  // "version namespace/name"
  if (!continue_.empty() && watches_.is_expired(std::stoull(continue_))) {
    return error_response(410, "Expired", "The provided continue parameter is too old");
  }
  const std::size_t max_items = limit.empty() ? 0 : std::stoull(limit);
  const std::string after = continue_.empty() ? "" : continue_.substr(continue_.find(' ') + 1);
  constexpr std::string_view by_name = "metadata.name=";
  const std::string field_selector = route.parameter("fieldSelector");
  Json items = Json::array();
  Json metadata{{"resourceVersion", continue_.empty() ? std::to_string(version_)
                                                      : continue_.substr(0, continue_.find(' '))}};
  for (const Json* object : all(route.plural, route.namespace_)) {
    if (!matches_selector(route.parameter("labelSelector"), labels_of(*object))) continue;
    if (field_selector.starts_with(by_name) &&
        field_selector.substr(by_name.size()) != key_of(*object).name)
      continue;
    if (!after.empty() && key_of(*object).str() <= after) continue;
    if (max_items > 0 && items.size() == max_items) {
      metadata["continue"] = fmt::format("{} {}", version_, key_of(items.back()).str());
      break;
    }
    items.push_back(*object);
  }
  const ResourceKind& kind = *kind_of(route.plural);
  return {.body = {{"kind", fmt::format("{}List", kind.kind)},
                   {"apiVersion", kind.api_version},
                   {"metadata", std::move(metadata)},
                   {"items", std::move(items)}}};
}

ApiResponse ApiServer::post(const Route& route, const std::string& body) {
  auto object = codec::parse_json(body);
  if (!object || !object->is_object())
    return error_response(400, "BadRequest", "the body is not an object");
  Json& metadata = (*object)["metadata"];
  if (!metadata.is_object() || text(*object, "/metadata/name").empty()) {
    return error_response(422, "Invalid",
                          "metadata.name: Required value: name or generateName is required");
  }
  if (metadata.value("namespace", route.namespace_) != route.namespace_) {
    return error_response(
        400, "BadRequest",
        "the namespace of the provided object does not match the namespace sent on the request");
  }
  metadata["namespace"] = route.namespace_;
  const Key key = key_of(*object);
  if (find(route.plural, key))
    return error_response(409, "AlreadyExists",
                          fmt::format("{} \"{}\" already exists", route.plural, key.name));
  if (kind_of(route.plural)->has_status) object->erase("status");
  // Deployments and ReplicaSets always have a status, other kinds only after a write of it.
  if (std::string_view(kind_of(route.plural)->api_version) == "apps/v1" &&
      kind_of(route.plural)->has_status) {
    (*object)["status"] = Json::object();
  }
  set_server_fields(route.plural, *object);
  track_ownership(Json(), *object, manager_of(route), format_rfc3339(clock_.now()));
  if (!route.is_dry_run()) commit("ADDED", route.plural, *object);
  const Json* stored = find(route.plural, key);
  return {.status = 201, .body = stored ? *stored : *object};
}

ApiResponse ApiServer::put(const Route& route, const std::string& body) {
  auto object = codec::parse_json(body);
  if (!object || !object->is_object())
    return error_response(400, "BadRequest", "the body is not an object");
  const Json* before = find(route.plural, {route.namespace_, route.name});
  return before ? replace(route, *before, std::move(*object)) : not_found(route);
}

ApiResponse ApiServer::patch(const Route& route, const api::ApiCall& call) {
  const Json* before = find(route.plural, {route.namespace_, route.name});
  if (!before) return not_found(route);
  auto change = codec::parse_json(call.body);
  if (!change) return error_response(400, "BadRequest", change.error().message);
  Json after = *before;
  if (call.content_type == api::merge_patch) {
    after.merge_patch(*change);
  } else if (call.content_type == api::json_patch) {
    try {
      after = before->patch(*change);
    } catch (const Json::exception& error) {
      return error_response(
          422, "Invalid",
          std::string("the server rejected our request due to an error in our request: ") +
              error.what());
    }
  } else {
    return error_response(415, "UnsupportedMediaType",
                          "the body of the request was in an unknown format");
  }
  return replace(route, *before, std::move(after));
}

ApiResponse ApiServer::replace(const Route& route, const Json& before, Json after) {
  const std::string version = text(after, "/metadata/resourceVersion");
  if (!version.empty() && version != text(before, "/metadata/resourceVersion"))
    return conflict(route, object_was_modified);
  const std::string uid = text(after, "/metadata/uid");
  if (!uid.empty() && uid != text(before, "/metadata/uid"))
    return conflict(route, "Precondition failed: UID in precondition");
  if (text(after, "/metadata/name") != route.name)
    return error_response(400, "BadRequest", "the name of the object does not match");
  const ResourceKind& kind = *kind_of(route.plural);
  after = stored_after(route, kind, before, std::move(after));
  for (const char* key :
       {"uid", "creationTimestamp", "generation", "namespace", "resourceVersion"}) {
    if (before["metadata"].contains(key)) after["metadata"][key] = before["metadata"][key];
  }
  if (route.subresource.empty())
    track_ownership(before, after, manager_of(route), format_rfc3339(clock_.now()));
  if (without_version(before) == without_version(after)) return {.body = before};
  if (increments_generation(route, kind, before, after)) {
    after["metadata"]["generation"] = before["metadata"].value("generation", std::int64_t{0}) + 1;
  }
  if (route.is_dry_run()) return {.body = std::move(after)};
  commit("MODIFIED", route.plural, std::move(after));
  return {.body = *find(route.plural, {route.namespace_, route.name})};
}

ApiResponse ApiServer::delete_object(const Route& route, const std::string& body) {
  const Key key{.namespace_ = route.namespace_, .name = route.name};
  const Json* before = find(route.plural, key);
  if (!before) return not_found(route);
  const auto options =
      body.empty() ? Json::object() : codec::parse_json(body).value_or(Json::object());
  const std::string uid = text(options, "/preconditions/uid");
  if (!uid.empty() && uid != text(*before, "/metadata/uid"))
    return conflict(route, "Precondition failed: UID in precondition");
  remove(route.plural, key);
  return {.body = {{"kind", "Status"}, {"apiVersion", "v1"}, {"status", "Success"}}};
}

const Json* ApiServer::find(const std::string& plural, const Key& key) const {
  const auto of_kind = objects_.find(plural);
  if (of_kind == objects_.end()) return nullptr;
  const auto found = of_kind->second.find(key);
  return found == of_kind->second.end() ? nullptr : &found->second;
}

std::vector<const Json*> ApiServer::all(const std::string& plural,
                                        const std::string& namespace_) const {
  std::vector<const Json*> out;
  const auto of_kind = objects_.find(plural);
  if (of_kind == objects_.end()) return out;
  for (const auto& [key, object] : of_kind->second) {
    if (namespace_.empty() || key.namespace_ == namespace_) out.push_back(&object);
  }
  return out;
}

void ApiServer::set_server_fields(const std::string& plural, Json& object) {
  const ResourceKind& kind = *kind_of(plural);
  object["apiVersion"] = kind.api_version;
  object["kind"] = kind.kind;
  Json& metadata = object["metadata"];
  // No two uids have the same first 4 digits. The name of a Rollback contains only these digits of
  // the Deployment's uid, and must differ for a Deployment that is created again.
  metadata["uid"] =
      fmt::format("{:04x}0000-0000-4000-8000-{:012x}", (++uids_ * 40503U) & 0xFFFFU, uids_);
  metadata["creationTimestamp"] = format_rfc3339(clock_.now());
  if (kind.has_generation) metadata["generation"] = 1;
}

void ApiServer::create(const std::string& plural, Json object) {
  set_server_fields(plural, object);
  commit("ADDED", plural, std::move(object));
}

void ApiServer::change(const std::string& plural, const Key& key,
                       const std::function<void(Json&)>& edit) {
  const Json* before = find(plural, key);
  if (!before) return;
  Json after = *before;
  edit(after);
  if (after != *before) commit("MODIFIED", plural, std::move(after));
}

void ApiServer::remove(const std::string& plural, const Key& key) {
  const Json* found = find(plural, key);
  if (!found) return;
  commit("DELETED", plural, *found);
}

void ApiServer::restore(const Backup& backup) {
  version_ = backup.version;
  objects_ = backup.objects;
  watches_.restart_at(version_);
  watches_.close_all();
}

void ApiServer::commit(const std::string& type, const std::string& plural, Json object) {
  object["metadata"]["resourceVersion"] = std::to_string(++version_);
  const Json* before = find(plural, key_of(object));
  std::optional<Labels> labels_before;
  if (before) labels_before = labels_of(*before);
  std::optional<Labels> labels_after;
  if (type == "DELETED") {
    objects_[plural].erase(key_of(object));
  } else {
    labels_after = labels_of(object);
    objects_[plural].insert_or_assign(key_of(object), object);
  }
  if (on_change) on_change(plural, object);
  std::string namespace_ = key_of(object).namespace_;
  watches_.append({.version = version_,
                   .type = type,
                   .plural = plural,
                   .namespace_ = std::move(namespace_),
                   .object = std::move(object),
                   .labels_before = std::move(labels_before),
                   .labels_after = std::move(labels_after)});
}

}  // namespace lastgood::simulation
