// Parsing of JSON text, metadata and the objects of Kubernetes.
#include <catch2/catch.hpp>

#include "base/digest.hpp"
#include "codec/objects.hpp"

using namespace lastgood;
using namespace lastgood::api;
using namespace lastgood::codec;

namespace {

Json json(const char* text) { return *parse_json(text); }

}  // namespace

TEST_CASE("parse_json returns Protocol and the position for text that is not JSON") {
  CHECK(parse_json("").error().kind == ErrorKind::Protocol);
  CHECK(parse_json(R"({"a": tru})").error().message == "not JSON at byte 10 of 10");
  CHECK(parse_json("{\"a\": \"\xff\"}").error().kind == ErrorKind::Protocol);
  CHECK(parse_json("[1e999]").error().kind == ErrorKind::Protocol);
  CHECK(parse_json("]]]]").error().kind == ErrorKind::Protocol);
}

TEST_CASE("parse_json rejects more than 64 levels of brackets, except in strings") {
  CHECK(parse_json(std::string(64, '[') + std::string(64, ']')));
  const auto too_deep = parse_json(std::string(10'000'000, '['));
  CHECK(too_deep.error().kind == ErrorKind::TooLarge);
  CHECK(too_deep.error().message == "JSON is nested deeper than 64 levels at byte 64");
  CHECK(parse_json("\"" + std::string(100, '[') + "\""));
  CHECK(parse_json(
      R"(["\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["])"));
}

TEST_CASE("parse_json rejects JSON above 64 MiB") {
  CHECK(parse_json(std::string((std::size_t{64} << 20) + 1, ' ')).error().kind ==
        ErrorKind::TooLarge);
}

TEST_CASE("parse_meta reads the metadata, with defaults for absent fields") {
  CHECK(*parse_meta(json("{}")) == ObjectMeta{});
  CHECK(*parse_meta(json(R"({"metadata": null})")) == ObjectMeta{});
  const auto meta = parse_meta(json(
      R"({"metadata": {"namespace": "shop", "name": "web", "uid": "u1", "resourceVersion": "42",
    "generation": 3, "creationTimestamp": "2026-11-24T12:00:00Z", "deletionTimestamp": "2026-11-24T12:00:01Z",
    "labels": {"app": "web"}, "annotations": {"lastgood.dev/enabled": "true"},
    "ownerReferences": [{"uid": "other"}, {"uid": "o1", "controller": true}], "managedFields": [{}]}})"));
  REQUIRE(meta);
  CHECK(meta->key == Key{"shop", "web"});
  CHECK(meta->uid == Uid("u1"));
  CHECK(meta->resource_version == ResourceVersion("42"));
  CHECK(meta->generation == 3);
  CHECK(meta->created == Time{Duration{1795521600000}});
  CHECK(meta->deleting);
  CHECK(meta->labels == StringMap{{"app", "web"}});
  CHECK(meta->annotations == StringMap{{"lastgood.dev/enabled", "true"}});
  CHECK(meta->owner == Uid("o1"));
}

TEST_CASE("parse_meta returns an error with the path of a field of the wrong type") {
  struct Row {
    const char* text;
    const char* message;
  };
  const Row row = GENERATE(values<Row>({
      {R"([])", "is a list, expected an object"},
      {R"({"metadata": "x"})", R"(metadata: is "x", expected an object)"},
      {R"({"metadata": {"name": 7}})", "metadata.name: is 7, expected a string"},
      {R"({"metadata": {"generation": "3"}})",
       R"(metadata.generation: is "3", expected a whole number)"},
      {R"({"metadata": {"generation": 1.5}})",
       "metadata.generation: is 1.5, expected a whole number"},
      {R"({"metadata": {"generation": 18446744073709551615}})",
       "metadata.generation: is 18446744073709551615, expected a whole number"},
      {R"({"metadata": {"labels": {"a": 1}}})", R"(metadata.labels["a"]: is 1, expected a string)"},
      {R"({"metadata": {"labels": []}})", "metadata.labels: is a list, expected an object"},
      {R"({"metadata": {"creationTimestamp": "now"}})",
       R"(metadata.creationTimestamp: is "now", expected a time such as "2026-11-24T12:00:00Z")"},
      {R"({"metadata": {"ownerReferences": [{}, 1]}})",
       "metadata.ownerReferences[1]: is 1, expected an object"},
      {R"({"metadata": {"ownerReferences": {}}})",
       "metadata.ownerReferences: is an object, expected a list"},
  }));
  const auto meta = parse_meta(json(row.text));
  REQUIRE_FALSE(meta);
  CHECK(meta.error().kind == ErrorKind::Protocol);
  CHECK(meta.error().message == row.message);
}

TEST_CASE("parse_deployment_text reads a Deployment and keeps only the annotations it needs") {
  const char* text =
      R"({"metadata": {"name": "web", "namespace": "shop", "generation": 2, "annotations": {
      "deployment.kubernetes.io/revision": "3", "lastgood.dev/policy": "web", "kubectl.kubernetes.io/last-applied-configuration": "{}"}},
    "spec": {"replicas": 3, "paused": true, "selector": {"matchLabels": {"app": "web"},
        "matchExpressions": [{"key": "tier", "operator": "In", "values": ["a", "b"]}]},
      "template": {"spec": {"containers": [ ]},"metadata":{"labels":{"app":"}\"web"}}} , "strategy": {}},
    "status": {"observedGeneration": 2, "replicas": 4, "updatedReplicas": 3, "readyReplicas": 2, "availableReplicas": 1,
      "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "m"}]}})";
  const auto deployment = parse_deployment_text(text);
  REQUIRE(deployment);
  CHECK(deployment->meta.annotations ==
        StringMap{{"deployment.kubernetes.io/revision", "3"}, {"lastgood.dev/policy", "web"}});
  CHECK(deployment->replicas == 3);
  CHECK(deployment->paused);
  CHECK(to_query(deployment->selector) == "app=web,tier in (a,b)");
  CHECK(deployment->template_digest ==
        TemplateDigest(
            digest_of(R"({"spec": {"containers": [ ]},"metadata":{"labels":{"app":"}\"web"}}})")));
  CHECK(deployment->observed_generation == 2);
  CHECK(deployment->status_replicas == 4);
  CHECK(deployment->updated_replicas == 3);
  CHECK(deployment->available_replicas == 1);
  REQUIRE(deployment->conditions.size() == 1);
  CHECK(deployment->conditions[0] == DeploymentCondition{"Progressing", ConditionStatus::False,
                                                         "ProgressDeadlineExceeded", "m"});

  const auto from_json = parse_deployment(json(text));
  REQUIRE(from_json);
  CHECK(from_json->template_digest != TemplateDigest{});
  CHECK(parse_deployment(json("{}"))->replicas == 1);
}

TEST_CASE("digest_of returns the FNV-1a hash") {
  CHECK(digest_of("") == "cbf29ce484222325");
  CHECK(digest_of("a") == "af63dc4c8601ec8c");
  CHECK(digest_of("foobar") == "85944171f73967e8");
}

namespace {

struct PodReadiness {
  bool ready = false;
  bool containers_ready = false;
  bool gates_passed = false;
  bool operator==(const PodReadiness&) const = default;
};

PodReadiness readiness_of(const std::string& gates, const std::string& conditions) {
  const std::string text = R"({"spec": {"readinessGates": [)" + gates +
                           R"(]}, "status": {"conditions": [)" + conditions + "]}}";
  const auto pod = parse_pod(Json::parse(text));
  REQUIRE(pod);
  return {pod->ready, pod->containers_ready, pod->gates_passed};
}

}  // namespace

TEST_CASE("parse_pod reads the readiness of the pod, its containers and its readiness gates") {
  const std::string only_containers_ready =
      R"({"type": "Ready", "status": "False"}, {"type": "ContainersReady", "status": "True"})";
  const std::string gate = R"({"conditionType": "example.com/reachable"})";
  const std::string gate_false = R"(, {"type": "example.com/reachable", "status": "False"})";
  const std::string gate_true = R"(, {"type": "example.com/reachable", "status": "True"})";
  const PodReadiness gates_passed{.containers_ready = true, .gates_passed = true};
  const PodReadiness gates_not_passed{.containers_ready = true, .gates_passed = false};
  CHECK(readiness_of("", "") == PodReadiness{.gates_passed = true});
  CHECK(readiness_of("", only_containers_ready) == gates_passed);
  CHECK(readiness_of(gate, only_containers_ready) == gates_not_passed);
  CHECK(readiness_of(gate, only_containers_ready + gate_false) == gates_not_passed);
  CHECK(readiness_of(gate, only_containers_ready + gate_true) == gates_passed);
}

TEST_CASE("parse_pod reads the start time, and since when the pod is not ready") {
  const auto has_unready_since = [](const char* status) {
    return parse_pod(json(status))->unready_since.has_value();
  };
  CHECK(has_unready_since(
      R"({"status": {"conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "2026-11-24T12:00:00Z"}]}})"));
  CHECK_FALSE(has_unready_since(
      R"({"status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-24T12:00:00Z"}]}})"));
  CHECK(parse_pod(json(R"({"status": {"startTime": "2026-11-24T12:00:00Z"}})"))->accepted_at ==
        parse_rfc3339("2026-11-24T12:00:00Z"));
}

TEST_CASE("parse_pod reads ports, readiness and container states") {
  const auto pod = parse_pod(json(R"({"metadata": {"name": "web-1"},
    "spec": {"containers": [{"ports": [{"name": "http", "containerPort": 8080}, {"containerPort": 9090}]}, {}],
             "initContainers": [{"ports": [{"name": "side", "containerPort": 1}]}]},
    "status": {"phase": "Running", "podIP": "10.0.0.7",
      "conditions": [{"type": "Initialized", "status": "True"},
                     {"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-24T12:00:00Z"}],
      "containerStatuses": [
        {"name": "app", "started": true, "ready": true, "restartCount": 0, "state": {"running": {}}},
        {"name": "bad", "started": false, "restartCount": 4,
         "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
         "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}},
        {"name": "gone", "state": {"terminated": {"reason": "Error", "exitCode": 1}},
         "lastState": {"terminated": {"reason": "Completed", "exitCode": 0}}}],
      "initContainerStatuses": [{"name": "init", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}]}})"));
  REQUIRE(pod);
  CHECK(pod->ip == "10.0.0.7");
  CHECK(pod->phase == "Running");
  CHECK(pod->port_names == StringMap{{"http", "8080"}, {"side", "1"}});
  CHECK(pod->ready);
  REQUIRE(pod->containers.size() == 3);
  CHECK(pod->containers[0] == ContainerState{.name = "app", .started = true, .ready = true});
  CHECK(pod->containers[1] == ContainerState{.name = "bad",
                                             .restarts = 4,
                                             .waiting_reason = "CrashLoopBackOff",
                                             .waiting_message = "back-off",
                                             .last_exit_reason = "OOMKilled",
                                             .last_exit_code = 137});
  CHECK(pod->containers[2] ==
        ContainerState{
            .name = "gone", .ended = true, .last_exit_reason = "Error", .last_exit_code = 1});
  CHECK(pod->init_containers.at(0).last_exit_reason == "Completed");
  CHECK_FALSE(parse_pod(json(R"({"status": {"containerStatuses": [{"restartCount": "many"}]}})")));
  CHECK(parse_pod(json("{}"))->phase.empty());
}

TEST_CASE("parse_service reads a target port that is a number, a name or absent") {
  const auto service = parse_service(json(R"({"spec": {"selector": {"app": "web"}, "ports": [
      {"name": "http", "port": 80, "targetPort": 8080}, {"port": 81, "targetPort": "http"}, {"port": 82}]}})"));
  REQUIRE(service);
  CHECK(service->selector == StringMap{{"app", "web"}});
  CHECK(service->ports ==
        std::vector<ServicePort>{{"http", 80, "8080"}, {"", 81, "http"}, {"", 82, ""}});
}

TEST_CASE("parse_config_map reads the data") {
  CHECK(parse_config_map(json(R"({"data": {"a": "1"}})"))->data == StringMap{{"a", "1"}});
  CHECK(parse_config_map(json(R"({"data": {"a": 1}})")).error().message ==
        R"(data["a"]: is 1, expected a string)");
}

TEST_CASE("parse_replica_set compares its template with the template of the Deployment") {
  struct Row {
    const char* name;
    const char* replica_set_template;
    const char* deployment_template;
    bool is_current;
  };
  const Row row = GENERATE(values<Row>({
      {"the templates differ only in the label pod-template-hash",
       R"({"metadata": {"labels": {"app": "web", "pod-template-hash": "abc"}}, "spec": {"containers": [{"image": "a"}]}})",
       R"({"spec": {"containers": [{"image": "a"}]}, "metadata": {"labels": {"app": "web"}}})",
       true},
      {"the templates differ only in a null creationTimestamp",
       R"({"metadata": {"creationTimestamp": null, "labels": {"app": "web", "pod-template-hash": "abc"}}, "spec": {}})",
       R"({"metadata": {"labels": {"app": "web"}}, "spec": {}})", true},
      {"the images differ",
       R"({"metadata": {"labels": {"pod-template-hash": "abc"}}, "spec": {"containers": [{"image": "a"}]}})",
       R"({"spec": {"containers": [{"image": "b"}]}})", false},
      {"the order of the containers differs",
       R"({"spec": {"containers": [{"name": "a"}, {"name": "b"}]}})",
       R"({"spec": {"containers": [{"name": "b"}, {"name": "a"}]}})", false},
      {"the labels differ",
       R"({"metadata": {"labels": {"app": "web", "pod-template-hash": "abc"}}, "spec": {}})",
       R"({"metadata": {"labels": {"app": "web", "v": "2"}}, "spec": {}})", false},
      {"the annotations differ",
       R"({"metadata": {"annotations": {"restartedAt": "1"}, "labels": {"pod-template-hash": "abc"}}, "spec": {}})",
       R"({"metadata": {}, "spec": {}})", false},
      {"the ReplicaSet has no template", "null", R"({"spec": {}})", false},
  }));
  INFO(row.name);
  Json object = json(R"({"metadata": {"labels": {"pod-template-hash": "abc"}, "annotations": {
      "deployment.kubernetes.io/revision": "7"}}, "spec": {"replicas": 3}})");
  object["spec"]["template"] = json(row.replica_set_template);
  const auto replica_set = parse_replica_set(object, json(row.deployment_template));
  REQUIRE(replica_set);
  CHECK(replica_set->hash == TemplateHash("abc"));
  CHECK(replica_set->revision == 7);
  CHECK(replica_set->is_current == row.is_current);
}

TEST_CASE("parse_replica_set returns revision 0 when the annotation is not a number") {
  const auto* text = GENERATE("", "x", "7x", "99999999999999999999");
  Json object = json("{}");
  object["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = text;
  CHECK(parse_replica_set(object, Json())->revision == 0);
}

TEST_CASE("parse_replica_set keeps the lastgood.dev annotations of the template") {
  const auto replica_set =
      parse_replica_set(json(R"({"metadata": {"annotations": {"lastgood.dev/enabled": "true"}},
      "spec": {"template": {"metadata": {"annotations": {"lastgood.dev/no-rollback-past": "true", "prometheus.io/scrape": "true",
        "deployment.kubernetes.io/revision": "7"}}}}})"),
                        Json());
  REQUIRE(replica_set);
  CHECK(replica_set->template_annotations == StringMap{{"lastgood.dev/no-rollback-past", "true"}});
  CHECK(parse_replica_set(json("{}"), Json())->template_annotations.empty());
  CHECK(parse_replica_set(
            json(R"({"spec": {"template": {"metadata": {"annotations": {"a": 1}}}}})"), Json())
            .error()
            .message == R"(spec.template.metadata.annotations["a"]: is 1, expected a string)");
}

TEST_CASE("parse_replica_set cuts the value of an annotation to 253 bytes") {
  Json object = json(
      R"({"spec": {"template": {"metadata": {"annotations": {"lastgood.dev/no-rollback-past": ""}}}}})");
  object["spec"]["template"]["metadata"]["annotations"]["lastgood.dev/no-rollback-past"] =
      std::string(200'000, 'x');
  CHECK(parse_replica_set(object, Json())
            ->template_annotations.at("lastgood.dev/no-rollback-past")
            .size() == 253);
}
