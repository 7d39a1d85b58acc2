#include "codec/workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "api/constants.hpp"
#include "base/digest.hpp"
#include "codec/raw_json.hpp"
#include "codec/shared_fields.hpp"

namespace lastgood::codec {

using namespace api;
namespace {

constexpr std::size_t max_elements = 4096;  // of any list of a pod, a Service or a status
constexpr const char* hash_label = "pod-template-hash";

Deployment read_deployment(const Reader& root) {
  Deployment out;
  out.meta = read_meta(root.object("metadata"));
  keep_needed_annotations(out.meta);
  const Reader spec = root.object("spec");
  out.replicas = spec.integer("replicas", 1);
  out.paused = spec.boolean("paused");
  if (spec.has("progressDeadlineSeconds"))
    out.progress_deadline = progress_deadline_of(spec.integer("progressDeadlineSeconds"));
  out.recreates = spec.object("strategy").text("type", max_name) == "Recreate";
  out.selector = read_selector(spec.object("selector"));
  const Reader status = root.object("status");
  out.observed_generation = status.integer("observedGeneration");
  out.status_replicas = status.integer("replicas");
  out.updated_replicas = status.integer("updatedReplicas");
  out.available_replicas = status.integer("availableReplicas");
  status.each("conditions", max_elements, [&](const Reader& condition) {
    out.conditions.push_back(
        DeploymentCondition{.type = condition.text("type"),
                            .status = parse_condition_status(condition.text("status")),
                            .reason = condition.text("reason"),
                            .message = condition.text("message", max_text),
                            .last_update = condition.time("lastUpdateTime")});
  });
  return out;
}

ContainerState read_container(const Reader& status) {
  ContainerState out;
  out.name = status.text("name");
  out.started = status.boolean("started");
  out.ready = status.boolean("ready");
  out.restarts = status.integer("restartCount");
  out.image = status.text("image", max_kubelet_text);
  out.image_id = status.text("imageID", max_kubelet_text);
  out.started_at = status.object("state").object("running").time("startedAt");
  const Reader waiting = status.object("state").object("waiting");
  out.waiting_reason = waiting.text("reason");
  out.waiting_message = waiting.text("message", max_kubelet_text);
  const Reader terminated = status.object("state").object("terminated");
  out.ended = terminated.has("exitCode") || terminated.has("reason");
  const Reader exit = out.ended ? terminated : status.object("lastState").object("terminated");
  out.last_exit_reason = exit.text("reason");
  out.last_exit_code = exit.int_or("exitCode", 0);
  return out;
}

void mark_sidecars(const Reader& spec, std::vector<ContainerState>& init_containers) {
  spec.each("initContainers", max_elements, [&](const Reader& container) {
    if (container.text("restartPolicy") != "Always") return;
    const auto found =
        std::ranges::find(init_containers, container.text("name"), &ContainerState::name);
    if (found != init_containers.end()) found->is_sidecar = true;
  });
}

// Adds the named ports of the containers in the list `key`.
void read_ports(const Reader& spec, const char* key, StringMap& out) {
  spec.each(key, max_elements, [&](const Reader& container) {
    container.each("ports", max_elements, [&](const Reader& port) {
      const std::string name = port.text("name");
      if (!name.empty()) out.emplace(name, fmt::format("{}", port.integer("containerPort")));
    });
  });
}

// The port of a probe, which is a number or the name of a port of `container`. 0 if it is invalid.
std::uint16_t port_of_probe(const Reader& container, const Reader& action) {
  std::int64_t port = 0;
  if (action.raw("port").is_string()) {
    const std::string name = action.text("port");
    container.each("ports", max_elements, [&](const Reader& candidate) {
      if (candidate.text("name") == name) port = candidate.integer("containerPort");
    });
  } else {
    port = action.integer("port");
  }
  const bool is_valid = port > 0 && port <= std::numeric_limits<std::uint16_t>::max();
  return is_valid ? static_cast<std::uint16_t>(port) : 0;
}

void read_probes(const Reader& container, std::vector<KubeletProbe>& out) {
  constexpr std::array kinds{std::pair{"readinessProbe", ProbeKind::Readiness},
                             std::pair{"livenessProbe", ProbeKind::Liveness},
                             std::pair{"startupProbe", ProbeKind::Startup}};
  for (const auto& [key, kind] : kinds) {
    if (!container.has(key)) continue;
    KubeletProbe probe{.container = container.text("name"), .kind = kind};
    for (const char* action : {"httpGet", "tcpSocket", "grpc"}) {
      const Reader target = container.object(key).object(action);
      const bool goes_to_pod = target.has("port") && target.text("host").empty();
      if (goes_to_pod) probe.port = port_of_probe(container, target);
    }
    out.push_back(std::move(probe));
  }
}

// The metadata of a template without the fields that Kubernetes adds to that of a ReplicaSet.
Json normalized_metadata(const Json& pod_template) {
  Json meta =
      pod_template.is_object() ? pod_template.value("metadata", Json::object()) : Json::object();
  if (!meta.is_object()) return meta;
  if (meta.contains("creationTimestamp") && meta["creationTimestamp"].is_null())
    meta.erase("creationTimestamp");
  const auto labels = meta.find("labels");
  if (labels != meta.end() && labels->is_object()) {
    labels->erase(hash_label);
    if (labels->empty()) meta.erase("labels");
  }
  return meta;
}

bool same_template(const Json& a, const Json& b) {
  if (!a.is_object() || !b.is_object()) return false;
  return a.value("spec", Json()) == b.value("spec", Json()) &&
         normalized_metadata(a) == normalized_metadata(b);
}

void keep_scrape_annotations(ObjectMeta& meta) {
  std::erase_if(meta.annotations,
                [](const auto& entry) { return !is_scrape_annotation(entry.first); });
  for (auto& [name, value] : meta.annotations) value = clip(value, max_name);
}

// The annotations of Lastgood. A value longer than max_name is invalid, also when it is cut.
StringMap own_annotations(const Reader& meta) {
  StringMap out;
  for (const auto& [key, value] : meta.strings("annotations")) {
    if (is_own_key(key)) out.emplace(key, clip(value, max_name));
  }
  return out;
}

template <class T>
Result<T> value_or_error(T value, const std::optional<Error>& error) {
  if (error) return std::unexpected(*error);
  return value;
}

}  // namespace

bool is_scrape_annotation(std::string_view key) {
  return key == api::annotation::scrape || key == api::annotation::scrape_port ||
         key == api::annotation::scrape_path || key == api::annotation::scrape_scheme;
}

Result<Deployment> parse_deployment(const Json& object) {
  std::optional<Error> error;
  const Reader root(object, "", error);
  Deployment out = read_deployment(root);
  const Reader spec = root.object("spec");
  const Json& pod_template = spec.raw("template");
  out.template_digest =
      TemplateDigest(digest_of(pod_template.dump(-1, ' ', false, Json::error_handler_t::replace)));
  return value_or_error(std::move(out), error);
}

Result<Deployment> parse_deployment_text(std::string_view text) {
  const auto json = parse_json(text);
  if (!json) return std::unexpected(json.error());
  auto out = parse_deployment(*json);
  if (!out) return out;
  // As in kube/: without a template, there is no digest.
  const auto pod_template = raw_member(text, {"spec", "template"});
  const bool is_absent = !pod_template || *pod_template == "null";
  out->template_digest = is_absent ? TemplateDigest() : TemplateDigest(digest_of(*pod_template));
  return out;
}

Result<Pod> parse_pod(const Json& object) {
  std::optional<Error> error;
  const Reader root(object, "", error);
  Pod out;
  out.meta = read_meta(root.object("metadata"));
  keep_scrape_annotations(out.meta);
  root.object("metadata").each("ownerReferences", max_elements, [&](const Reader& owner) {
    if (owner.boolean("controller") && owner.text("kind") == "ReplicaSet")
      out.replica_set = owner.text("name");
  });
  const Reader spec = root.object("spec");
  read_ports(spec, "containers", out.port_names);
  read_ports(spec, "initContainers", out.port_names);
  spec.each("containers", max_elements,
            [&](const Reader& container) { read_probes(container, out.probes); });
  out.node = spec.text("nodeName");
  const Reader status = root.object("status");
  out.ip = status.text("podIP");
  out.phase = status.text("phase");
  StringMap conditions;
  out.accepted_at = status.time("startTime");
  status.each("conditions", max_elements, [&](const Reader& condition) {
    conditions.emplace(condition.text("type"), condition.text("status"));
    const std::string type = condition.text("type");
    const bool is_true = condition.text("status") == "True";
    if (type == "Ready" && !is_true) out.unready_since = condition.time("lastTransitionTime");
    if (type == "PodScheduled" && !is_true)
      out.unscheduled_message = condition.text("message", max_text);
  });
  out.ready = conditions["Ready"] == "True";
  out.containers_ready = conditions["ContainersReady"] == "True";
  spec.each("readinessGates", max_elements, [&](const Reader& gate) {
    out.gates_passed = out.gates_passed && conditions[gate.text("conditionType")] == "True";
  });
  status.each("containerStatuses", max_elements, [&](const Reader& container) {
    out.containers.push_back(read_container(container));
  });
  status.each("initContainerStatuses", max_elements, [&](const Reader& container) {
    out.init_containers.push_back(read_container(container));
  });
  mark_sidecars(spec, out.init_containers);
  return value_or_error(std::move(out), error);
}

Result<Service> parse_service(const Json& object) {
  std::optional<Error> error;
  const Reader root(object, "", error);
  Service out{.meta = read_meta(root.object("metadata"))};
  const Reader spec = root.object("spec");
  out.selector = spec.strings("selector");
  spec.each("ports", max_elements, [&](const Reader& port) {
    ServicePort read{.name = port.text("name"), .port = port.integer("port")};
    read.target_port = port.raw("targetPort").is_number()
                           ? fmt::format("{}", port.integer("targetPort"))
                           : port.text("targetPort");
    out.ports.push_back(std::move(read));
  });
  return value_or_error(std::move(out), error);
}

Result<ConfigMap> parse_config_map(const Json& object) {
  std::optional<Error> error;
  const Reader root(object, "", error);
  ConfigMap out{.meta = read_meta(root.object("metadata")), .data = root.strings("data")};
  return value_or_error(std::move(out), error);
}

Result<ReplicaSet> parse_replica_set(const Json& object, const Json& deployment_template) {
  std::optional<Error> error;
  const Reader root(object, "", error);
  ReplicaSet out;
  out.meta = read_meta(root.object("metadata"));
  keep_needed_annotations(out.meta);
  const auto hash = out.meta.labels.find(hash_label);
  if (hash != out.meta.labels.end()) out.hash = TemplateHash(hash->second);
  out.revision = revision_of(out.meta);
  out.is_current = same_template(root.object("spec").raw("template"), deployment_template);
  out.template_annotations =
      own_annotations(root.object("spec").object("template").object("metadata"));
  return value_or_error(std::move(out), error);
}

}  // namespace lastgood::codec
