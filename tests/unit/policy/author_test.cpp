// Who put the present template there, as metadata.managedFields and the marks of Argo CD, Flux and
// Helm tell.
#include "policy/author.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace lastgood;
using codec::Json;
using policy::author_of;

namespace {

const Json template_fields =
    Json::parse(R"({"f:spec": {"f:template": {"f:spec": {"f:containers": {}}}}})");
const Json replica_fields = Json::parse(R"({"f:spec": {"f:replicas": {}}})");

Json entry(const std::string& manager, const std::string& time,
           const std::string& operation = "Update", const Json& fields = template_fields) {
  return {{"manager", manager},
          {"operation", operation},
          {"time", time},
          {"apiVersion", "apps/v1"},
          {"fieldsV1", fields}};
}

Json of_status(Json one) {
  one["subresource"] = "status";
  return one;
}

const std::string t1 = "2026-11-24T12:00:01Z";
const std::string t2 = "2026-11-24T12:00:02Z";
const std::string t3 = "2026-11-24T12:00:03Z";

struct Row {
  const char* name;
  std::vector<Json> entries;
  std::optional<api::Author> expected;
  api::StringMap labels = {};
  api::StringMap annotations = {};
};

api::Author person(const std::string& name) { return {.name = name, .is_machine = false}; }
api::Author machine(const std::string& name) { return {.name = name, .is_machine = true}; }

void check(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const Json live = {{"metadata",
                          {{"managedFields", row.entries},
                           {"labels", row.labels},
                           {"annotations", row.annotations}}}};
      const auto found = author_of(live);
      REQUIRE(found.has_value() == row.expected.has_value());
      if (!found) continue;
      CHECK(found->name == row.expected->name);
      CHECK(found->is_machine == row.expected->is_machine);
    }
  }
}

const api::StringMap argo_tracking = {
    {"argocd.argoproj.io/tracking-id", "shop:apps/Deployment:prod/web"}};
const api::StringMap helm_label = {{"app.kubernetes.io/managed-by", "Helm"}};
const api::StringMap helm_release = {{"meta.helm.sh/release-name", "web"},
                                     {"meta.helm.sh/release-namespace", "prod"}};

}  // namespace

TEST_CASE("A person is known by the tool") {
  const std::string manager =
      GENERATE("kubectl", "kubectl-client-side-apply", "kubectl-edit", "kubectl-set",
               "kubectl-patch", "kubectl-rollout", "kubectl-replace", "kubectl-create", "k9s",
               "Lens", "OpenLens", "headlamp", "dashboard", "Mozilla", "argocd-server");
  CHECK(author_of({{"metadata", {{"managedFields", {entry(manager, t1)}}}}}) == person(manager));
}

TEST_CASE(
    "A tool that puts back what it has is named as people call it, with what it calls its own") {
  check({
      {"Argo CD, which applies on the server",
       {entry("argocd-controller", t1, "Apply")},
       machine("Argo CD (argocd-controller, application shop)"),
       {},
       argo_tracking},
      {"Argo CD, which applies as kubectl does",
       {entry("argocd-application-controller", t1)},
       machine("Argo CD (argocd-application-controller, application shop)"),
       {{"argocd.argoproj.io/instance", "shop"}}},
      {"Argo CD without a mark",
       {entry("argocd-controller", t1)},
       machine("Argo CD (argocd-controller)")},
      {"Flux, by a Kustomization",
       {entry("kustomize-controller", t1, "Apply")},
       machine("Flux (kustomize-controller, Kustomization apps)"),
       {{"kustomize.toolkit.fluxcd.io/name", "apps"}}},
      {"Flux, by a HelmRelease",
       {entry("helm-controller", t1)},
       machine("Flux (helm-controller, HelmRelease web)"),
       {{"helm.toolkit.fluxcd.io/name", "web"}, {"app.kubernetes.io/managed-by", "Helm"}},
       helm_release},
      {"Helm",
       {entry("helm", t1, "Apply")},
       machine("Helm (helm, release web)"),
       helm_label,
       helm_release},
      {"a release name without the label that goes with it",
       {entry("helm", t1)},
       machine("Helm (helm)"),
       {},
       helm_release},
      {"an operator that nobody knows", {entry("web-operator", t1)}, machine("web-operator")},
      {"one that nobody knows and that applies",
       {entry("ci-robot", t1, "Apply")},
       machine("ci-robot")},
      {"one that nobody knows, on what Argo CD tracks",
       {entry("ci-robot", t1)},
       machine("ci-robot (tracked by Argo CD, application shop)"),
       {},
       argo_tracking},
      {"a name that only begins like a person's tool",
       {entry("kubectlbot", t1)},
       machine("kubectlbot")},
      {"a name that only ends like one", {entry("my-k9s", t1)}, machine("my-k9s")},
  });
}

TEST_CASE("The hand that wrote to the template last decides, whoever tracks the Deployment") {
  const Json undated = [] {
    Json out = entry("web-operator", "");
    out.erase("time");
    return out;
  }();
  check({
      {"a person edits what Argo CD brought",
       {entry("argocd-controller", t1, "Apply"), entry("kubectl-edit", t2)},
       person("kubectl-edit"),
       {},
       argo_tracking},
      {"a person edits what Helm brought",
       {entry("helm", t1), entry("kubectl-set", t2)},
       person("kubectl-set"),
       helm_label,
       helm_release},
      {"Argo CD puts back what a person edited",
       {entry("argocd-controller", t3, "Apply"), entry("kubectl-edit", t2)},
       machine("Argo CD (argocd-controller, application shop)"),
       {},
       argo_tracking},
      {"Helm brings a chart that Argo CD brought before",
       {entry("argocd-controller", t1), entry("helm", t2)},
       machine("Helm (helm)"),
       {},
       argo_tracking},
      {"in the same second it is the machine",
       {entry("kubectl-edit", t2), entry("argocd-controller", t2)},
       machine("Argo CD (argocd-controller)")},
      {"and in whatever order they are listed",
       {entry("argocd-controller", t2), entry("kubectl-edit", t2)},
       machine("Argo CD (argocd-controller)")},
      {"an autoscaler that owns replicas alone",
       {entry("kubectl-edit", t1), entry("autoscaler", t2, "Update", replica_fields)},
       person("kubectl-edit")},
      {"the status is nobody's release",
       {entry("kubectl-edit", t1), of_status(entry("kube-controller-manager", t2))},
       person("kubectl-edit")},
      {"our own hand is passed over",
       {entry("kubectl-edit", t1), entry("lastgood", t3)},
       person("kubectl-edit")},
      {"our own hand alone", {entry("lastgood", t3)}, machine("lastgood")},
      {"an entry without a time is before all others",
       {undated, entry("kubectl-edit", t1)},
       person("kubectl-edit")},
      {"an entry without a time alone", {undated}, machine("web-operator")},
      {"a time that is none is no time",
       {entry("web-operator", "soon"), entry("kubectl-edit", t1)},
       person("kubectl-edit")},
      {"what was there before accounts were kept was brought by nobody",
       {entry("kubectl", t2, "Apply"), entry("before-first-apply", t2)},
       person("kubectl")},
      {"nobody owns the template",
       {entry("kubectl-edit", t1, "Update", replica_fields)},
       std::nullopt},
      {"nobody owns anything", {}, std::nullopt},
  });
}

TEST_CASE("JSON that is no Deployment has no author") {
  const char* text = GENERATE(
      "null", "[]", "3", "\"x\"", "{}", R"({"metadata": null})", R"({"metadata": []})",
      R"({"metadata": {"managedFields": {}}})", R"({"metadata": {"managedFields": "x"}})",
      R"({"metadata": {"managedFields": [null, 1, "x", [], {}]}})",
      R"({"metadata": {"managedFields": [{"manager": 7, "fieldsV1": {"f:spec": {"f:template": {}}}}]}})",
      R"({"metadata": {"managedFields": [{"manager": "", "fieldsV1": {"f:spec": {"f:template": {}}}}]}})",
      R"({"metadata": {"managedFields": [{"manager": "helm", "fieldsV1": []}]}})",
      R"({"metadata": {"managedFields": [{"manager": "helm", "fieldsV1": {"f:spec": "f:template"}}]}})",
      R"({"metadata": {"managedFields": [{"manager": "helm", "fieldsV1": {"f:spec": {"f:template": null}}}]}})");
  INFO(text);
  CHECK_FALSE(author_of(Json::parse(text)));
}

TEST_CASE("An author's name is short, on one line and valid UTF-8, whatever the marks say") {
  const std::string long_name(100000, 'x');
  const Json live = {
      {"metadata",
       {{"managedFields", {entry("argocd-controller", t1)}},
        {"labels", 7},
        {"annotations",
         {{"argocd.argoproj.io/tracking-id", "a\nb\xff" + long_name + ":apps/Deployment"}}}}}};
  const auto found = author_of(live);
  REQUIRE(found);
  CHECK(found->name.size() < 128);
  CHECK_THAT(found->name, Catch::StartsWith("Argo CD (argocd-controller, application a?b?xxx"));
  const auto unknown = author_of({{"metadata", {{"managedFields", {entry(long_name, t1)}}}}});
  REQUIRE(unknown);
  CHECK(unknown->name.size() <= 128);
}

TEST_CASE("Very many entries are read only so far") {
  Json entries = Json::array();
  for (int i = 0; i < 100000; ++i) entries.push_back(entry("robot-" + std::to_string(i), t1));
  CHECK(author_of({{"metadata", {{"managedFields", entries}}}})->is_machine);
}
