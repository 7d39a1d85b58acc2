#include "simulation/fake/managed_fields.hpp"

#include <algorithm>

namespace lastgood::simulation {

using codec::Json;

namespace {

bool is_map_list(const Json& value) {
  return value.is_array() && !value.empty() && std::ranges::all_of(value, [](const Json& element) {
           return element.is_object() && element.contains("name");
         });
}

// The children of an object or a map list, by the keys that fieldsV1 gives them.
Json children(const Json& value) {
  Json out = Json::object();
  if (is_map_list(value)) {
    for (const Json& element : value) out[R"(k:{"name":)" + element["name"].dump() + "}"] = element;
  } else {
    for (const auto& [key, child] : value.items()) out["f:" + key] = child;
  }
  return out;
}

bool has_children(const Json& value) {
  return (value.is_object() && !value.empty()) || is_map_list(value);
}

// The fields of `after` whose value in `before` is missing or different.
Json changed_fields(const Json& before, const Json& after) {
  Json out = Json::object();
  const Json old = has_children(before) ? children(before) : Json::object();
  for (const auto& [key, child] : children(after).items()) {
    const auto old_child = old.find(key);
    if (old_child != old.end() && *old_child == child) continue;
    out[key] = has_children(child)
                   ? changed_fields(old_child == old.end() ? Json() : *old_child, child)
                   : Json::object();
  }
  return out;
}

// The part of `fields` that `after` still has, without `taken`: the fields that another manager has
// just changed.
Json fields_still_owned(const Json& fields, const Json& after, const Json& taken) {
  Json out = Json::object();
  const Json now = has_children(after) ? children(after) : Json::object();
  for (const auto& [key, subfields] : fields.items()) {
    const auto child = now.find(key);
    if (child == now.end()) continue;
    const auto taken_child = taken.find(key);
    if (taken_child != taken.end() && taken_child->empty()) continue;
    if (subfields.empty()) {
      out[key] = subfields;
    } else if (Json rest = fields_still_owned(
                   subfields, *child, taken_child == taken.end() ? Json::object() : *taken_child);
               !rest.empty()) {
      out[key] = std::move(rest);
    }
  }
  return out;
}

void merge(Json& into, const Json& more) {
  for (const auto& [key, child] : more.items()) {
    if (!into.contains(key)) into[key] = Json::object();
    merge(into[key], child);
  }
}

// The object without the fields that the server itself writes.
Json owned_part(const Json& object) {
  Json out = object.is_object() ? object : Json::object();
  out.erase("status");
  out.erase("apiVersion");
  out.erase("kind");
  if (out.contains("metadata")) {
    for (const char* key : {"managedFields", "resourceVersion", "generation", "uid",
                            "creationTimestamp", "name", "namespace"}) {
      out["metadata"].erase(key);
    }
  }
  return out;
}

Json entry(const std::string& manager, const std::string& time, Json fields) {
  return {{"manager", manager}, {"operation", "Update"},    {"apiVersion", "apps/v1"},
          {"time", time},       {"fieldsType", "FieldsV1"}, {"fieldsV1", std::move(fields)}};
}

}  // namespace

void track_ownership(const Json& before, Json& after, const std::string& manager,
                     const std::string& time) {
  const Json old_list =
      before.is_object() ? before["metadata"].value("managedFields", Json::array()) : Json::array();
  const Json requested = after["metadata"].value("managedFields", Json::array());
  if (before.is_object() && requested != old_list) return;
  const Json now = owned_part(after);
  const Json changed = changed_fields(owned_part(before), now);
  Json list = Json::array();
  bool found = false;
  for (const Json& old_entry : old_list) {
    Json updated = old_entry;
    if (old_entry["manager"] == manager && old_entry["operation"] == "Update") {
      found = true;
      merge(updated["fieldsV1"], changed);
      updated["fieldsV1"] = fields_still_owned(updated["fieldsV1"], now, Json::object());
      if (!changed.empty()) updated["time"] = time;
    } else {
      updated["fieldsV1"] = fields_still_owned(old_entry["fieldsV1"], now, changed);
    }
    if (!updated["fieldsV1"].empty()) list.push_back(std::move(updated));
  }
  if (!found && !changed.empty()) list.push_back(entry(manager, time, changed));
  after["metadata"]["managedFields"] = std::move(list);
}

}  // namespace lastgood::simulation
