// One rule in each case. properties_test.cpp has random cases, and recorded_test.cpp recorded ones.
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

Snapshot snapshot(const std::vector<Json>& managers, bool annotated = false) {
  Snapshot out{.name = "web-abc", .pod_template = Json::object(), .managers = managers};
  if (annotated) out.last_applied = "{}\n";
  return out;
}

struct Row {
  const char* name;
  std::vector<Json> managers_before;
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
      {"the patched template returns to its owner, and Lastgood keeps the mark",
       {entry("helm", image, "Apply")},
       {entry("helm", replicas, "Apply"), entry("lastgood", marked_and_image)},
       {entry("helm", both, "Apply"), entry("lastgood", mark)}},
      {"an entry of Lastgood with only the template is removed",
       {entry("helm", image, "Apply")},
       {entry("helm", replicas, "Apply"), entry("lastgood", image)},
       {entry("helm", both, "Apply")}},
      {"a manager with only fields of the bad template is removed",
       {entry("helm", image, "Apply")},
       {entry("helm", replicas, "Apply"), entry("kubectl-set", env)},
       {entry("helm", both, "Apply")}},
      {"a manager that lost all its fields is added again",
       {entry("kubectl-edit", image)},
       {entry("helm", replicas, "Apply")},
       {entry("helm", replicas, "Apply"), entry("kubectl-edit", image)}},
      {"Apply and Update of one manager are different owners",
       {entry("kubectl", image, "Apply")},
       {entry("kubectl", env)},
       {entry("kubectl", image, "Apply")}},
      {"an entry of the scale subresource does not change",
       {},
       {entry("kube-controller-manager", replicas, "Update", "scale")},
       {entry("kube-controller-manager", replicas, "Update", "scale")}},
      {"an entry of the status subresource does not change",
       {entry("odd", env, "Update", "status")},
       {entry("odd", image, "Update", "status")},
       {entry("odd", image, "Update", "status")}},
      {"an entry of Lastgood in the snapshot is ignored",
       {entry("lastgood", image)},
       {entry("lastgood", marked_and_image)},
       {entry("lastgood", mark)}},
  };
}

std::vector<Row> annotation_rows() {
  const Json replicas{{"f:spec", {{"f:replicas", leaf()}}}};
  const Json mark{{"f:metadata", {{"f:annotations", {{"f:lastgood.dev/rolled-back-by", leaf()}}}}}};
  const Json map_and_annotation{
      {"f:metadata",
       {{"f:annotations",
         {{".", leaf()}, {"f:kubectl.kubernetes.io/last-applied-configuration", leaf()}}}}}};
  const Json only_map{{"f:metadata", {{"f:annotations", leaf()}}}};
  return {
      {"the annotation returns to kubectl, which also owns the map",
       {entry("kubectl-client-side-apply", annotation_owned)},
       {entry("kubectl-client-side-apply", only_map),
        entry("lastgood", joined(mark, annotation_owned))},
       {entry("kubectl-client-side-apply", map_and_annotation), entry("lastgood", mark)},
       true},
      {"the owner of the map keeps it without the annotation",
       {},
       {entry("someone", map_and_annotation)},
       {entry("someone", only_map)},
       true},
      {"an annotation that the Deployment does not have gets no owner",
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
                              snapshot(row.managers_before, true)) == Json(row.expected));
    }
  }
}

}  // namespace

TEST_CASE("restored_managers restores the owners of the template") { check(template_rows()); }
TEST_CASE("restored_managers restores the owner of the last-applied annotation") {
  check(annotation_rows());
}

TEST_CASE("ownership_patch tests the resourceVersion and changes only managedFields") {
  const auto call = ownership_patch(live({entry("lastgood", owns_template(leaf()))}), snapshot({}));
  REQUIRE(call);
  CHECK(call->verb == api::Verb::Patch);
  CHECK(call->target == "/apis/apps/v1/namespaces/shop/deployments/web?fieldManager=lastgood");
  CHECK(call->content_type == "application/json-patch+json");
  const Json expected = Json::array(
      {{{"op", "test"}, {"path", "/metadata/resourceVersion"}, {"value", "41"}},
       {{"op", "replace"}, {"path", "/metadata/managedFields"}, {"value", Json::array()}}});
  CHECK(parse(call->body) == expected);
}

TEST_CASE("ownership_patch is absent when the owners are right, in any order") {
  const auto a = entry("helm", owns_template(leaf()), "Apply");
  const auto b = entry("kubectl-edit", owns_template({{"f:metadata", leaf()}}));
  CHECK_FALSE(ownership_patch(live({a, b}), snapshot({b, a})).has_value());
}

TEST_CASE("restored_managers removes only Lastgood from an annotation without a snapshot") {
  const std::vector<Json> now{entry("kubectl-client-side-apply", annotation_owned),
                              entry("lastgood", annotation_owned)};
  CHECK(restored_managers(live(now, true), snapshot({})) ==
        Json::array({entry("kubectl-client-side-apply", annotation_owned)}));
}

}  // namespace lastgood::rollback::test
