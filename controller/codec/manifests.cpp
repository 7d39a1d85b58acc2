#include "codec/manifests.hpp"

#include <fmt/format.h>

#include "api/constants.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"

namespace lastgood::codec {

using namespace api;

namespace {

constexpr const char* managed_by = "app.kubernetes.io/managed-by";

Json owner_references(const std::string& deployment, const Uid& uid) {
  return Json::array({{{"apiVersion", "apps/v1"},
                       {"kind", "Deployment"},
                       {"name", deployment},
                       {"uid", uid.value},
                       {"controller", true},
                       {"blockOwnerDeletion", false}}});
}

Json owner_references(const Deployment& deployment) {
  return owner_references(deployment.meta.key.name, deployment.meta.uid);
}

// The patch as text. Invalid UTF-8 is replaced, because dump() would throw.
std::string text_of(const Json& patch) {
  return patch.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json metadata(const Key& key, const Deployment& deployment) {
  return {{"name", key.name},
          {"namespace", key.namespace_},
          {"labels", {{managed_by, field_manager}}},
          {"ownerReferences", owner_references(deployment)}};
}

}  // namespace

Json guard_manifest(const Deployment& deployment) {
  return {{"apiVersion", group_version},
          {"kind", "DeploymentGuard"},
          {"metadata", metadata(deployment.meta.key, deployment)}};
}

std::string status_patch(const Uid& uid, const Json& status) {
  const Json patch = Json::array({{{"op", "test"}, {"path", "/metadata/uid"}, {"value", uid.value}},
                                  {{"op", "add"}, {"path", "/status"}, {"value", status}}});
  return text_of(patch);
}

std::string status_patch(const Uid& uid, const ResourceVersion& version, const Json& status) {
  const Json patch = Json::array(
      {{{"op", "test"}, {"path", "/metadata/uid"}, {"value", uid.value}},
       {{"op", "test"}, {"path", "/metadata/resourceVersion"}, {"value", version.value}},
       {{"op", "add"}, {"path", "/status"}, {"value", status}}});
  return text_of(patch);
}

std::string adopt_guard_patch(const DeploymentGuard& guard, const Deployment& deployment) {
  const Json patch =
      Json::array({{{"op", "test"}, {"path", "/metadata/uid"}, {"value", guard.meta.uid.value}},
                   {{"op", "add"},
                    {"path", "/metadata/ownerReferences"},
                    {"value", owner_references(deployment)}}});
  return patch.dump();
}

Json rollback_manifest(const Rollback& rollback, const Deployment& deployment) {
  return {{"apiVersion", group_version},
          {"kind", "Rollback"},
          {"metadata", metadata(rollback.meta.key, deployment)},
          {"spec", to_json(rollback.spec)}};
}

std::string rollback_binding_patch(const Rollback& rollback) {
  const ObjectMeta& meta = rollback.meta;
  const RollbackSpec& spec = rollback.spec;
  const Json patch =
      Json::array({{{"op", "test"}, {"path", "/metadata/uid"}, {"value", meta.uid.value}},
                   {{"op", "test"},
                    {"path", "/metadata/resourceVersion"},
                    {"value", meta.resource_version.value}},
                   {{"op", "replace"}, {"path", "/spec"}, {"value", to_json(spec)}},
                   {{"op", "add"},
                    {"path", "/metadata/ownerReferences"},
                    {"value", owner_references(spec.deployment, spec.deployment_uid)}}});
  return text_of(patch);
}

namespace {

Json event_about(const ObjectMeta& meta, const std::string& api_version, const char* kind,
                 const EventRecord& event, const std::string& instance, Time now) {
  constexpr std::size_t max_prefix_size = 230;  // the digest follows; a name has at most 253 bytes
  constexpr std::size_t max_note_size = 1024;   // bytes
  const Key& key = meta.key;
  const std::string identity = fmt::format("{}\n{}\n{}", event.reason, event.note, meta.uid.value);
  return {{"apiVersion", "events.k8s.io/v1"},
          {"kind", "Event"},
          {"metadata",
           {{"name",
             fmt::format("{}.{}", key.name.str().substr(0, max_prefix_size), digest_of(identity))},
            {"namespace", key.namespace_}}},
          {"eventTime", format_micro_time(now)},
          {"reportingController", "lastgood.dev/controller"},
          {"reportingInstance", instance},
          {"type", to_string(event.type)},
          {"reason", to_string(event.reason)},
          {"action", to_string(event.action)},
          {"note", clip(event.note, max_note_size)},
          {"regarding",
           {{"apiVersion", api_version},
            {"kind", kind},
            {"namespace", key.namespace_},
            {"name", key.name},
            {"uid", meta.uid.value}}}};
}

}  // namespace

Json event_manifest(const Deployment& deployment, const EventRecord& event,
                    const std::string& instance, Time now) {
  return event_about(deployment.meta, "apps/v1", "Deployment", event, instance, now);
}

Json event_manifest(const RollbackPolicy& policy, const EventRecord& event,
                    const std::string& instance, Time now) {
  return event_about(policy.meta, std::string(api::group_version), "RollbackPolicy", event,
                     instance, now);
}

Json event_series(int count, Time now) {
  return {{"series", {{"count", count}, {"lastObservedTime", format_micro_time(now)}}}};
}

}  // namespace lastgood::codec
