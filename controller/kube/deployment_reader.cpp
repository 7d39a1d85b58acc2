#include "kube/deployment_reader.hpp"

#include "base/digest.hpp"
#include "base/text.hpp"
#include "codec/objects.hpp"

namespace lastgood::kube {
namespace {

using walk::ErrorCode;
using walk::ErrorPath;
using walk::Value;

constexpr std::size_t max_message_bytes = 512;  // of a condition

bool is_stored_annotation(std::string_view annotation) {
  return annotation.starts_with("lastgood.dev/") ||
         annotation == "deployment.kubernetes.io/revision";
}

ErrorCode read_annotations(Value value, api::StringMap& annotations, ErrorPath& error_path) {
  return walk::fields(value, error_path, [&](std::string_view name, Value text) -> ErrorCode {
    if (!is_stored_annotation(name)) return simdjson::SUCCESS;
    return walk::read(text, annotations[name]);
  });
}

ErrorCode read_time(Value value, std::optional<Time>& out) {
  std::string_view text;
  if (const ErrorCode code = value.get_string().get(text)) return code;
  out = parse_rfc3339(text);
  return out ? simdjson::SUCCESS : simdjson::STRING_ERROR;
}

ErrorCode read_owner(Value references, Uid& owner, ErrorPath& error_path) {
  return walk::elements(references, [&](Value reference) {
    Uid uid;
    bool controller = false;
    const ErrorCode code =
        walk::fields(reference, error_path, [&](std::string_view name, Value value) -> ErrorCode {
          if (name == "uid") return walk::read(value, uid.value);
          if (name == "controller") return walk::read(value, controller);
          return simdjson::SUCCESS;
        });
    if (controller) owner = std::move(uid);
    return code;
  });
}

ErrorCode read_meta(Value metadata, api::ObjectMeta& meta, ErrorPath& error_path) {
  return walk::fields(metadata, error_path, [&](std::string_view name, Value value) -> ErrorCode {
    if (name == "name") return walk::read(value, meta.key.name);
    if (name == "namespace") return walk::read(value, meta.key.namespace_);
    if (name == "uid") return walk::read(value, meta.uid.value);
    if (name == "resourceVersion") return walk::read(value, meta.resource_version.value);
    if (name == "generation") return walk::read(value, meta.generation);
    if (name == "creationTimestamp") return read_time(value, meta.created);
    if (name == "labels") return walk::read(value, meta.labels, error_path);
    if (name == "annotations") return read_annotations(value, meta.annotations, error_path);
    if (name == "ownerReferences") return read_owner(value, meta.owner, error_path);
    if (name == "deletionTimestamp") meta.deleting = true;
    return simdjson::SUCCESS;
  });
}

ErrorCode read_requirement(Value value, api::LabelRequirement& requirement, ErrorPath& error_path) {
  return walk::fields(value, error_path, [&](std::string_view name, Value field) -> ErrorCode {
    if (name == "key") return walk::read(field, requirement.key);
    if (name == "operator") return walk::read(field, requirement.op);
    if (name != "values") return simdjson::SUCCESS;
    return walk::elements(
        field, [&](Value text) { return walk::read(text, requirement.values.emplace_back()); });
  });
}

ErrorCode read_selector(Value value, api::LabelSelector& selector, ErrorPath& error_path) {
  return walk::fields(value, error_path, [&](std::string_view name, Value field) -> ErrorCode {
    if (name == "matchLabels") return walk::read(field, selector.match_labels, error_path);
    if (name != "matchExpressions") return simdjson::SUCCESS;
    return walk::elements(field, [&](Value requirement) {
      return read_requirement(requirement, selector.match_expressions.emplace_back(), error_path);
    });
  });
}

ErrorCode read_progress_deadline(Value value, Duration& out) {
  std::int64_t seconds = 0;
  if (const ErrorCode code = walk::read(value, seconds)) return code;
  out = api::progress_deadline_of(seconds);
  return simdjson::SUCCESS;
}

ErrorCode read_strategy(Value strategy, api::Deployment& deployment, ErrorPath& error_path) {
  return walk::fields(strategy, error_path, [&](std::string_view name, Value value) -> ErrorCode {
    if (name != "type") return simdjson::SUCCESS;
    std::string_view type;
    if (const ErrorCode code = value.get_string().get(type)) return code;
    deployment.recreates = type == "Recreate";
    return simdjson::SUCCESS;
  });
}

ErrorCode read_spec(Value spec, api::Deployment& deployment, ErrorPath& error_path) {
  return walk::fields(spec, error_path, [&](std::string_view name, Value value) -> ErrorCode {
    if (name == "replicas") return walk::read(value, deployment.replicas);
    if (name == "paused") return walk::read(value, deployment.paused);
    if (name == "progressDeadlineSeconds")
      return read_progress_deadline(value, deployment.progress_deadline);
    if (name == "selector") return read_selector(value, deployment.selector, error_path);
    if (name == "strategy") return read_strategy(value, deployment, error_path);
    if (name != "template") return simdjson::SUCCESS;
    std::string_view bytes;
    if (const ErrorCode code = walk::read_raw(value, bytes)) return code;
    deployment.template_digest = TemplateDigest(digest_of(bytes));
    return simdjson::SUCCESS;
  });
}

ErrorCode read_condition(Value value, api::DeploymentCondition& condition, ErrorPath& error_path) {
  return walk::fields(value, error_path, [&](std::string_view name, Value field) -> ErrorCode {
    if (name == "type") return walk::read(field, condition.type);
    if (name == "reason") return walk::read(field, condition.reason);
    if (name == "lastUpdateTime") return read_time(field, condition.last_update);
    std::string_view text;
    if (name != "message" && name != "status") return simdjson::SUCCESS;
    if (const ErrorCode code = field.get_string().get(text)) return code;
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

ErrorCode read_status(Value status, api::Deployment& deployment, ErrorPath& error_path) {
  return walk::fields(status, error_path, [&](std::string_view name, Value value) -> ErrorCode {
    if (name == "observedGeneration") return walk::read(value, deployment.observed_generation);
    if (name == "replicas") return walk::read(value, deployment.status_replicas);
    if (name == "updatedReplicas") return walk::read(value, deployment.updated_replicas);
    if (name == "availableReplicas") return walk::read(value, deployment.available_replicas);
    if (name != "conditions") return simdjson::SUCCESS;
    return walk::elements(value, [&](Value item) {
      return read_condition(item, deployment.conditions.emplace_back(), error_path);
    });
  });
}

}  // namespace

Result<api::Deployment> read_deployment(walk::Parser& parser, const walk::Padded& bytes) {
  api::Deployment deployment;
  ErrorPath error_path;
  const ErrorCode code = walk::document(parser, bytes, error_path,
                                        [&](std::string_view name, Value value) -> ErrorCode {
                                          if (name == "metadata")
                                            return read_meta(value, deployment.meta, error_path);
                                          if (name == "spec")
                                            return read_spec(value, deployment, error_path);
                                          if (name == "status")
                                            return read_status(value, deployment, error_path);
                                          return simdjson::SUCCESS;
                                        });
  if (code)
    return fail(ErrorKind::Protocol, error_path.text() + ": " + simdjson::error_message(code));
  if (deployment.meta.key.name.empty())
    return fail(ErrorKind::Protocol, "metadata.name is missing");
  return deployment;
}

}  // namespace lastgood::kube
