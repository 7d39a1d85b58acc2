#include "rollback/references.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "rollback/deployment_json.hpp"

namespace lastgood::rollback {

using codec::Json;

namespace {

// The API server does not admit longer names.
constexpr std::size_t max_name = 253;

class Collector {
 public:
  void add(ReferenceKind kind, std::string name, bool optional) {
    if (name.empty() || name.size() > max_name) return;
    const auto [entry, is_new] = found_.try_emplace({kind, std::move(name)}, optional);
    if (!is_new) entry->second = entry->second && optional;
  }

  void add_required(ReferenceKind kind, std::string name) { add(kind, std::move(name), false); }
  void add_optional(ReferenceKind kind, std::string name) { add(kind, std::move(name), true); }

  // `source` is {name: ..., optional: ...}: a key reference, an envFrom or a projected source.
  void add_named(ReferenceKind kind, const Json& source) {
    add(kind, text_at(source, {"name"}), is_optional(source));
  }

  [[nodiscard]] std::vector<Reference> references() const {
    std::vector<Reference> out;
    out.reserve(found_.size());
    for (const auto& [object, optional] : found_)
      out.push_back({.kind = object.first, .name = object.second, .optional = optional});
    std::ranges::sort(out, {}, [](const Reference& reference) {
      return std::tie(reference.optional, reference.kind, reference.name);
    });
    if (out.size() > max_references) out.resize(max_references);
    return out;
  }

  [[nodiscard]] static bool is_optional(const Json& source) {
    const auto* flag = find(source, {"optional"});
    return flag && flag->is_boolean() && flag->get<bool>();
  }

 private:
  std::map<std::pair<ReferenceKind, std::string>, bool> found_;
};

void collect_container(const Json& container, Collector& out) {
  for (const auto& variable : array_at(container, {"env"})) {
    out.add_named(ReferenceKind::ConfigMap, object_at(variable, {"valueFrom", "configMapKeyRef"}));
    out.add_named(ReferenceKind::Secret, object_at(variable, {"valueFrom", "secretKeyRef"}));
  }
  for (const auto& source : array_at(container, {"envFrom"})) {
    out.add_named(ReferenceKind::ConfigMap, object_at(source, {"configMapRef"}));
    out.add_named(ReferenceKind::Secret, object_at(source, {"secretRef"}));
  }
}

void collect_volume(const Json& volume, Collector& out) {
  const auto& secret = object_at(volume, {"secret"});
  out.add(ReferenceKind::Secret, text_at(secret, {"secretName"}), Collector::is_optional(secret));
  out.add_named(ReferenceKind::ConfigMap, object_at(volume, {"configMap"}));
  out.add_required(ReferenceKind::PersistentVolumeClaim,
                   text_at(volume, {"persistentVolumeClaim", "claimName"}));
  for (const auto& source : array_at(volume, {"projected", "sources"})) {
    out.add_named(ReferenceKind::ConfigMap, object_at(source, {"configMap"}));
    out.add_named(ReferenceKind::Secret, object_at(source, {"secret"}));
  }
  out.add_required(ReferenceKind::Secret, text_at(volume, {"csi", "nodePublishSecretRef", "name"}));
  out.add_required(ReferenceKind::Secret, text_at(volume, {"azureFile", "secretName"}));
  for (const auto* driver :
       {"cephfs", "cinder", "flexVolume", "iscsi", "rbd", "scaleIO", "storageos"})
    out.add_required(ReferenceKind::Secret, text_at(volume, {driver, "secretRef", "name"}));
}

}  // namespace

const char* to_string(ReferenceKind kind) {
  switch (kind) {
    case ReferenceKind::ConfigMap: return "ConfigMap";
    case ReferenceKind::Secret: return "Secret";
    case ReferenceKind::ServiceAccount: return "ServiceAccount";
    case ReferenceKind::PersistentVolumeClaim: return "PersistentVolumeClaim";
  }
  return "";
}

std::vector<Reference> references_of(const Json& pod_template) {
  Collector out;
  const auto& spec = object_at(pod_template, {"spec"});
  for (const auto* list : {"initContainers", "containers"})
    for (const auto& container : array_at(spec, {list})) collect_container(container, out);
  for (const auto& volume : array_at(spec, {"volumes"})) collect_volume(volume, out);
  // Optional, because the image may be public or already on the node.
  for (const auto& secret : array_at(spec, {"imagePullSecrets"}))
    out.add_optional(ReferenceKind::Secret, text_at(secret, {"name"}));
  out.add_required(ReferenceKind::ServiceAccount, text_at(spec, {"serviceAccountName"}));
  return out.references();
}

}  // namespace lastgood::rollback
