// Field ownership given back: small made-up cases, one rule each, and properties over random ones.
#include "rollback/ownership.hpp"

#include <catch2/catch.hpp>

#include "rollback/managers.hpp"
#include "unit/rollback/support.hpp"

namespace lastgood::rollback::test {
namespace {

Json entry(const std::string& manager, const Json& fields, const std::string& operation = "Update",
           const std::string& subresource = "") {
  Json out{{"manager", manager},       {"operation", operation},
           {"apiVersion", "apps/v1"},  {"time", "2026-11-24T12:00:00Z"},
           {"fieldsType", "FieldsV1"}, {"fieldsV1", fields}};
  if (!subresource.empty()) out["subresource"] = subresource;
  return out;
}

Json owns_template(const Json& fields) { return {{"f:spec", {{"f:template", fields}}}}; }

Json leaf() { return Json::object(); }

Json live(const std::vector<Json>& managed_fields, bool annotated = false) {
  Json out{{"metadata",
            {{"name", "web"},
             {"namespace", "shop"},
             {"uid", "u1"},
             {"resourceVersion", "41"},
             {"managedFields", managed_fields}}},
           {"spec", {{"template", {{"spec", {{"containers", Json::array()}}}}}}}};
  if (annotated)
    out["metadata"]["annotations"] = {{"kubectl.kubernetes.io/last-applied-configuration", "{}\n"}};
  return out;
}

Snapshot kept(const std::vector<Json>& managers, bool annotated = false) {
  Snapshot out{.name = "web-abc", .pod_template = Json::object(), .managers = managers};
  if (annotated) out.last_applied = "{}\n";
  return out;
}

struct Row {
  const char* name;
  std::vector<Json> managers_then;
  std::vector<Json> managers_now;
  std::vector<Json> expected;
  bool annotated = false;
};

const Json annotation_owned{
    {"f:metadata",
     {{"f:annotations", {{"f:kubectl.kubernetes.io/last-applied-configuration", leaf()}}}}}};

std::vector<Row> template_rows() {
  const auto image = owns_template({{"f:image", leaf()}});
  const auto env = owns_template({{"f:env", leaf()}});
  const Json replicas{{"f:spec", {{"f:replicas", leaf()}}}};
  const Json both{{"f:spec", {{"f:replicas", leaf()}, {"f:template", {{"f:image", leaf()}}}}}};
  const Json mark{{"f:metadata", {{"f:annotations", {{"f:lastgood.dev/rolled-back-by", leaf()}}}}}};
  const Json marked_and_image = joined(mark, image);
  return {
      {"what we took with the patch goes back to its owner, and the mark stays ours",
       {entry("helm", image, "Apply")},
       {entry("helm", replicas, "Apply"), entry("lastgood", marked_and_image)},
       {entry("helm", both, "Apply"), entry("lastgood", mark)}},
      {"an entry of ours that owned nothing but the template is dropped",
       {entry("helm", image, "Apply")},
       {entry("helm", replicas, "Apply"), entry("lastgood", image)},
       {entry("helm", both, "Apply")}},
      {"a manager that came with the bad release goes when it owned nothing else",
       {entry("helm", image, "Apply")},
       {entry("helm", replicas, "Apply"), entry("kubectl-set", env)},
       {entry("helm", both, "Apply")}},
      {"a manager that vanished comes back with its part of the template",
       {entry("kubectl-edit", image)},
       {entry("helm", replicas, "Apply")},
       {entry("helm", replicas, "Apply"), entry("kubectl-edit", image)}},
      {"the same manager's Apply and Update are two owners",
       {entry("kubectl", image, "Apply")},
       {entry("kubectl", env)},
       {entry("kubectl", image, "Apply")}},
      {"an entry of the scale subresource is as it was",
       {},
       {entry("kube-controller-manager", replicas, "Update", "scale")},
       {entry("kube-controller-manager", replicas, "Update", "scale")}},
      {"an entry of the status subresource is never ours to touch",
       {entry("odd", env, "Update", "status")},
       {entry("odd", image, "Update", "status")},
       {entry("odd", image, "Update", "status")}},
      {"what was kept as ours, after an undo that was cut short, is nobody's",
       {entry("lastgood", image)},
       {entry("lastgood", marked_and_image)},
       {entry("lastgood", mark)}},
  };
}

std::vector<Row> annotation_rows() {
  const Json replicas{{"f:spec", {{"f:replicas", leaf()}}}};
  const Json mark{{"f:metadata", {{"f:annotations", {{"f:lastgood.dev/rolled-back-by", leaf()}}}}}};
  const Json node_and_annotation{
      {"f:metadata",
       {{"f:annotations",
         {{".", leaf()}, {"f:kubectl.kubernetes.io/last-applied-configuration", leaf()}}}}}};
  const Json node_alone{{"f:metadata", {{"f:annotations", leaf()}}}};
  return {
      {"the annotation goes back to kubectl, which then still owns the map around it",
       {entry("kubectl-client-side-apply", annotation_owned)},
       {entry("kubectl-client-side-apply", node_alone),
        entry("lastgood", joined(mark, annotation_owned))},
       {entry("kubectl-client-side-apply", node_and_annotation), entry("lastgood", mark)},
       true},
      {"the map around an annotation stays with whoever owns it as a node",
       {},
       {entry("someone", node_and_annotation)},
       {entry("someone", node_alone)},
       true},
      {"an annotation that is gone from the Deployment is nobody's",
       {entry("kubectl-client-side-apply", annotation_owned)},
       {entry("helm", replicas, "Apply")},
       {entry("helm", replicas, "Apply")},
       false},
  };
}

void check(const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(restored_managers(live(row.managers_now, row.annotated),
                              kept(row.managers_then, true)) == Json(row.expected));
    }
  }
}

}  // namespace

TEST_CASE("each manager gets back of the template what it owned when the target was good") {
  check(template_rows());
}
TEST_CASE("kubectl's annotation goes back to whoever wrote it") { check(annotation_rows()); }

TEST_CASE("the ownership patch is fenced by the resourceVersion and changes managedFields alone") {
  const auto call = ownership_patch(live({entry("lastgood", owns_template(leaf()))}), kept({}));
  REQUIRE(call);
  CHECK(call->verb == api::Verb::Patch);
  CHECK(call->target == "/apis/apps/v1/namespaces/shop/deployments/web?fieldManager=lastgood");
  CHECK(call->content_type == "application/json-patch+json");
  const Json expected = Json::array(
      {{{"op", "test"}, {"path", "/metadata/resourceVersion"}, {"value", "41"}},
       {{"op", "replace"}, {"path", "/metadata/managedFields"}, {"value", Json::array()}}});
  CHECK(parse(call->body) == expected);
}

TEST_CASE(
    "nothing is sent when every field is with its owner, in whatever order the entries stand") {
  const auto a = entry("helm", owns_template(leaf()), "Apply");
  const auto b = entry("kubectl-edit", owns_template({{"f:metadata", leaf()}}));
  CHECK_FALSE(ownership_patch(live({a, b}), kept({b, a})).has_value());
}

TEST_CASE("an annotation that was not kept stays with whoever owns it now, unless that is us") {
  const std::vector<Json> now{entry("kubectl-client-side-apply", annotation_owned),
                              entry("lastgood", annotation_owned)};
  CHECK(restored_managers(live(now, true), kept({})) ==
        Json::array({entry("kubectl-client-side-apply", annotation_owned)}));
}

}  // namespace lastgood::rollback::test
