#include "policy/template_author.hpp"

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

// An entry of metadata.managedFields.
Json entry(const std::string& manager, const std::string& time,
           const std::string& operation = "Update", const Json& fields = template_fields) {
  return {{"manager", manager},
          {"operation", operation},
          {"time", time},
          {"apiVersion", "apps/v1"},
          {"fieldsV1", fields}};
}

Json with_status_subresource(Json entry) {
  entry["subresource"] = "status";
  return entry;
}

// Three consecutive seconds.
const std::string t1 = "2026-11-24T12:00:01Z";
const std::string t2 = "2026-11-24T12:00:02Z";
const std::string t3 = "2026-11-24T12:00:03Z";

struct Row {
  const char* name;
  std::vector<Json> entries;
  std::optional<api::TemplateAuthor> expected;
  api::StringMap labels = {};
  api::StringMap annotations = {};
};

api::TemplateAuthor user(const std::string& name) { return {.name = name, .is_tool = false}; }
api::TemplateAuthor tool(const std::string& name) { return {.name = name, .is_tool = true}; }

void check_rows(const std::vector<Row>& rows) {
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
      CHECK(found->is_tool == row.expected->is_tool);
    }
  }
}

const api::StringMap argo_annotations = {
    {"argocd.argoproj.io/tracking-id", "shop:apps/Deployment:prod/web"}};
const api::StringMap helm_label = {{"app.kubernetes.io/managed-by", "Helm"}};
const api::StringMap helm_annotations = {{"meta.helm.sh/release-name", "web"},
                                         {"meta.helm.sh/release-namespace", "prod"}};

}  // namespace

TEST_CASE("author_of returns a user for the field managers of kubectl and dashboards") {
  const std::string manager =
      GENERATE("kubectl", "kubectl-client-side-apply", "kubectl-edit", "kubectl-set",
               "kubectl-patch", "kubectl-rollout", "kubectl-replace", "kubectl-create", "k9s",
               "Lens", "OpenLens", "headlamp", "dashboard", "Mozilla", "argocd-server");
  CHECK(author_of({{"metadata", {{"managedFields", {entry(manager, t1)}}}}}) == user(manager));
}

TEST_CASE("author_of returns a tool with its name and its application") {
  check_rows({
      {"Argo CD with server-side apply",
       {entry("argocd-controller", t1, "Apply")},
       tool("Argo CD (argocd-controller, application shop)"),
       {},
       argo_annotations},
      {"Argo CD with client-side apply",
       {entry("argocd-application-controller", t1)},
       tool("Argo CD (argocd-application-controller, application shop)"),
       {{"argocd.argoproj.io/instance", "shop"}}},
      {"Argo CD without a tracking annotation",
       {entry("argocd-controller", t1)},
       tool("Argo CD (argocd-controller)")},
      {"Flux with a Kustomization",
       {entry("kustomize-controller", t1, "Apply")},
       tool("Flux (kustomize-controller, Kustomization apps)"),
       {{"kustomize.toolkit.fluxcd.io/name", "apps"}}},
      {"Flux with a HelmRelease",
       {entry("helm-controller", t1)},
       tool("Flux (helm-controller, HelmRelease web)"),
       {{"helm.toolkit.fluxcd.io/name", "web"}, {"app.kubernetes.io/managed-by", "Helm"}},
       helm_annotations},
      {"Helm",
       {entry("helm", t1, "Apply")},
       tool("Helm (helm, release web)"),
       helm_label,
       helm_annotations},
      {"Helm without the label managed-by",
       {entry("helm", t1)},
       tool("Helm (helm)"),
       {},
       helm_annotations},
      {"an unknown manager", {entry("web-operator", t1)}, tool("web-operator")},
      {"an unknown manager with server-side apply",
       {entry("ci-robot", t1, "Apply")},
       tool("ci-robot")},
      {"an unknown manager on a Deployment of Argo CD",
       {entry("ci-robot", t1)},
       tool("ci-robot (tracked by Argo CD, application shop)"),
       {},
       argo_annotations},
      {"an unknown manager whose name begins like kubectl",
       {entry("kubectlbot", t1)},
       tool("kubectlbot")},
      {"an unknown manager whose name ends like k9s", {entry("my-k9s", t1)}, tool("my-k9s")},
  });
}

TEST_CASE("author_of returns the last manager that wrote to the template") {
  const Json entry_without_time = [] {
    Json out = entry("web-operator", "");
    out.erase("time");
    return out;
  }();
  check_rows({
      {"a user edits a release of Argo CD",
       {entry("argocd-controller", t1, "Apply"), entry("kubectl-edit", t2)},
       user("kubectl-edit"),
       {},
       argo_annotations},
      {"a user edits a release of Helm",
       {entry("helm", t1), entry("kubectl-set", t2)},
       user("kubectl-set"),
       helm_label,
       helm_annotations},
      {"Argo CD applies its state again after an edit",
       {entry("argocd-controller", t3, "Apply"), entry("kubectl-edit", t2)},
       tool("Argo CD (argocd-controller, application shop)"),
       {},
       argo_annotations},
      {"Helm writes after Argo CD",
       {entry("argocd-controller", t1), entry("helm", t2)},
       tool("Helm (helm)"),
       {},
       argo_annotations},
      {"a user and a tool write in the same second",
       {entry("kubectl-edit", t2), entry("argocd-controller", t2)},
       tool("Argo CD (argocd-controller)")},
      {"a tool and a user write in the same second",
       {entry("argocd-controller", t2), entry("kubectl-edit", t2)},
       tool("Argo CD (argocd-controller)")},
      {"a later manager owns only the replicas",
       {entry("kubectl-edit", t1), entry("autoscaler", t2, "Update", replica_fields)},
       user("kubectl-edit")},
      {"a later manager writes only the status",
       {entry("kubectl-edit", t1), with_status_subresource(entry("kube-controller-manager", t2))},
       user("kubectl-edit")},
      {"Lastgood is ignored beside another manager",
       {entry("kubectl-edit", t1), entry("lastgood", t3)},
       user("kubectl-edit")},
      {"Lastgood is the only manager", {entry("lastgood", t3)}, tool("lastgood")},
      {"an entry without a time is the oldest",
       {entry_without_time, entry("kubectl-edit", t1)},
       user("kubectl-edit")},
      {"the only entry has no time", {entry_without_time}, tool("web-operator")},
      {"an invalid time counts as no time",
       {entry("web-operator", "soon"), entry("kubectl-edit", t1)},
       user("kubectl-edit")},
      {"before-first-apply is ignored",
       {entry("kubectl", t2, "Apply"), entry("before-first-apply", t2)},
       user("kubectl")},
      {"no manager owns the template",
       {entry("kubectl-edit", t1, "Update", replica_fields)},
       std::nullopt},
      {"no managed fields", {}, std::nullopt},
  });
}

TEST_CASE("author_of returns nothing for JSON that is not a Deployment") {
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

TEST_CASE("author_of cuts the name to one short line of valid UTF-8") {
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

TEST_CASE("author_of reads at most 512 entries") {
  const auto author_after = [](int tool_entries) {
    Json entries = Json::array();
    for (int i = 0; i < tool_entries; ++i) entries.push_back(entry("robot", t1));
    entries.push_back(entry("kubectl-edit", t2));
    return author_of({{"metadata", {{"managedFields", entries}}}});
  };
  CHECK(author_after(511) == user("kubectl-edit"));
  CHECK(author_after(512) == tool("robot"));
}
