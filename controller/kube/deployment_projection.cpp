#include "kube/deployment_projection.hpp"

#include "base/digest.hpp"
#include "base/text.hpp"
#include "codec/objects.hpp"

namespace lastgood::kube {
namespace {

using walk::Code;
using walk::Trail;
using walk::Value;

constexpr std::size_t max_message_bytes = 512;  // of a condition's message

bool is_stored_annotation(std::string_view annotation) {
  return annotation.starts_with("lastgood.dev/") ||
         annotation == "deployment.kubernetes.io/revision";
}

Code read_annotations(Value value, api::StringMap& annotations, Trail& trail) {
  return walk::fields(value, trail, [&](std::string_view name, Value text) -> Code {
    if (!is_stored_annotation(name)) return simdjson::SUCCESS;
    return walk::read(text, annotations[std::string(name)]);
  });
}

Code read_time(Value value, std::optional<Time>& out) {
  std::string_view text;
  if (const Code code = value.get_string().get(text)) return code;
  out = parse_rfc3339(text);
  return out ? simdjson::SUCCESS : simdjson::INCORRECT_TYPE;
}

Code read_owner(Value references, Uid& owner, Trail& trail) {
  return walk::elements(references, [&](Value reference) {
    Uid uid;
    bool controller = false;
    const Code code =
        walk::fields(reference, trail, [&](std::string_view name, Value value) -> Code {
          if (name == "uid") return walk::read(value, uid.value);
          if (name == "controller") return walk::read(value, controller);
          return simdjson::SUCCESS;
        });
    if (controller) owner = std::move(uid);
    return code;
  });
}

Code read_meta(Value metadata, api::ObjectMeta& meta, Trail& trail) {
  return walk::fields(metadata, trail, [&](std::string_view name, Value value) -> Code {
    if (name == "name") return walk::read(value, meta.key.name);
    if (name == "namespace") return walk::read(value, meta.key.namespace_);
    if (name == "uid") return walk::read(value, meta.uid.value);
    if (name == "resourceVersion") return walk::read(value, meta.resource_version.value);
    if (name == "generation") return walk::read(value, meta.generation);
    if (name == "creationTimestamp") return read_time(value, meta.created);
    if (name == "labels") return walk::read(value, meta.labels, trail);
    if (name == "annotations") return read_annotations(value, meta.annotations, trail);
    if (name == "ownerReferences") return read_owner(value, meta.owner, trail);
    if (name == "deletionTimestamp") meta.deleting = true;
    return simdjson::SUCCESS;
  });
}

Code read_requirement(Value value, api::LabelRequirement& requirement, Trail& trail) {
  return walk::fields(value, trail, [&](std::string_view name, Value field) -> Code {
    if (name == "key") return walk::read(field, requirement.key);
    if (name == "operator") return walk::read(field, requirement.op);
    if (name != "values") return simdjson::SUCCESS;
    return walk::elements(
        field, [&](Value text) { return walk::read(text, requirement.values.emplace_back()); });
  });
}

Code read_selector(Value value, api::LabelSelector& selector, Trail& trail) {
  return walk::fields(value, trail, [&](std::string_view name, Value field) -> Code {
    if (name == "matchLabels") return walk::read(field, selector.match_labels, trail);
    if (name != "matchExpressions") return simdjson::SUCCESS;
    return walk::elements(field, [&](Value requirement) {
      return read_requirement(requirement, selector.match_expressions.emplace_back(), trail);
    });
  });
}

Code read_spec(Value spec, api::Deployment& deployment, Trail& trail) {
  return walk::fields(spec, trail, [&](std::string_view name, Value value) -> Code {
    if (name == "replicas") return walk::read(value, deployment.replicas);
    if (name == "paused") return walk::read(value, deployment.paused);
    if (name == "selector") return read_selector(value, deployment.selector, trail);
    if (name != "template") return simdjson::SUCCESS;
    std::string_view bytes;
    if (const Code code = walk::read_raw(value, bytes)) return code;
    deployment.template_digest = TemplateDigest(digest_of(bytes));
    return simdjson::SUCCESS;
  });
}

Code read_condition(Value value, api::DeploymentCondition& condition, Trail& trail) {
  return walk::fields(value, trail, [&](std::string_view name, Value field) -> Code {
    if (name == "type") return walk::read(field, condition.type);
    if (name == "reason") return walk::read(field, condition.reason);
    if (name == "lastUpdateTime") return read_time(field, condition.last_update);
    std::string_view text;
    if (name != "message" && name != "status") return simdjson::SUCCESS;
    if (const Code code = field.get_string().get(text)) return code;
    if (name == "message") {
      condition.message = clip(text, max_message_bytes);
    } else {
      condition.status = text == "True"    ? api::ConditionStatus::True
                         : text == "False" ? api::ConditionStatus::False
                                           : api::ConditionStatus::Unknown;
    }
    return simdjson::SUCCESS;
  });
}

Code read_status(Value status, api::Deployment& deployment, Trail& trail) {
  return walk::fields(status, trail, [&](std::string_view name, Value value) -> Code {
    if (name == "observedGeneration") return walk::read(value, deployment.observed_generation);
    if (name == "replicas") return walk::read(value, deployment.status_replicas);
    if (name == "updatedReplicas") return walk::read(value, deployment.updated_replicas);
    if (name == "readyReplicas") return walk::read(value, deployment.ready_replicas);
    if (name == "availableReplicas") return walk::read(value, deployment.available_replicas);
    if (name != "conditions") return simdjson::SUCCESS;
    return walk::elements(value, [&](Value item) {
      return read_condition(item, deployment.conditions.emplace_back(), trail);
    });
  });
}

}  // namespace

Result<api::Deployment> project_deployment(walk::Parser& parser, const walk::Padded& bytes) {
  api::Deployment deployment;
  Trail trail;
  const Code code =
      walk::document(parser, bytes, trail, [&](std::string_view name, Value value) -> Code {
        if (name == "metadata") return read_meta(value, deployment.meta, trail);
        if (name == "spec") return read_spec(value, deployment, trail);
        if (name == "status") return read_status(value, deployment, trail);
        return simdjson::SUCCESS;
      });
  if (code) return fail(ErrorKind::Protocol, trail.text() + ": " + simdjson::error_message(code));
  if (deployment.meta.key.name.empty())
    return fail(ErrorKind::Protocol, "metadata.name is missing");
  return deployment;
}

}  // namespace lastgood::kube
