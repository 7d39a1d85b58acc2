// Each row tests one rule of the field ownership after a rollback. properties_test.cpp tests random
// field ownership, and recorded_test.cpp tests that of recorded Deployments.
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

// The end of a path in FieldsV1.
Json leaf() { return Json::object(); }

enum class LastApplied : std::uint8_t { Absent, Present };

Json live_deployment(const std::vector<Json>& managed_fields,
                     LastApplied last_applied = LastApplied::Absent) {
  Json out{{"metadata",
            {{"name", "web"},
             {"namespace", "shop"},
             {"uid", "u1"},
             {"resourceVersion", "41"},
             {"managedFields", managed_fields}}},
           {"spec", {{"template", {{"spec", {{"containers", Json::array()}}}}}}}};
  if (last_applied == LastApplied::Present)
    out["metadata"]["annotations"] = {{"kubectl.kubernetes.io/last-applied-configuration", "{}\n"}};
  return out;
}

Snapshot snapshot_with(const std::vector<Json>& managers,
                       LastApplied last_applied = LastApplied::Absent) {
  Snapshot out{.name = "web-abc", .pod_template = Json::object(), .managers = managers};
  if (last_applied == LastApplied::Present) out.last_applied = "{}\n";
  return out;
}

struct Row {
  const char* name;
  std::vector<Json> managers_in_snapshot;
  std::vector<Json> live_managers;
  std::vector<Json> expected;
  LastApplied live_last_applied = LastApplied::Absent;
};

const Json last_applied_fields{
    {"f:metadata",
     {{"f:annotations", {{"f:kubectl.kubernetes.io/last-applied-configuration", leaf()}}}}}};

std::vector<Row> template_rows() {
  const auto image = owns_template({{"f:image", leaf()}});
  const auto env = owns_template({{"f:env", leaf()}});
  const Json replicas{{"f:spec", {{"f:replicas", leaf()}}}};
  const Json replicas_and_image{
      {"f:spec", {{"f:replicas", leaf()}, {"f:template", {{"f:image", leaf()}}}}}};
  const Json mark{{"f:metadata", {{"f:annotations", {{"f:lastgood.dev/rolled-back-by", leaf()}}}}}};
  const Json mark_and_image = joined(mark, image);
  return {
      {"the old owner owns the template again, and Lastgood keeps only the mark",
       {entry("helm", image, "Apply")},
       {entry("helm", replicas, "Apply"), entry("lastgood", mark_and_image)},
       {entry("helm", replicas_and_image, "Apply"), entry("lastgood", mark)}},
      {"the entry of Lastgood is removed if it has only template fields",
       {entry("helm", image, "Apply")},
       {entry("helm", replicas, "Apply"), entry("lastgood", image)},
       {entry("helm", replicas_and_image, "Apply")}},
      {"a manager is removed if it has only fields of the bad template",
       {entry("helm", image, "Apply")},
       {entry("helm", replicas, "Apply"), entry("kubectl-set", env)},
       {entry("helm", replicas_and_image, "Apply")}},
      {"a manager is added again if the live Deployment does not have its entry",
       {entry("kubectl-edit", image)},
       {entry("helm", replicas, "Apply")},
       {entry("helm", replicas, "Apply"), entry("kubectl-edit", image)}},
      {"the operations Apply and Update of one manager are different owners",
       {entry("kubectl", image, "Apply")},
       {entry("kubectl", env)},
       {entry("kubectl", image, "Apply")}},
      {"an entry of the scale subresource does not change",
       {},
       {entry("kube-controller-manager", replicas, "Update", "scale")},
       {entry("kube-controller-manager", replicas, "Update", "scale")}},
      {"an entry of the status subresource does not change",
       {entry("someone", env, "Update", "status")},
       {entry("someone", image, "Update", "status")},
       {entry("someone", image, "Update", "status")}},
      {"an entry of Lastgood in the snapshot is ignored",
       {entry("lastgood", image)},
       {entry("lastgood", mark_and_image)},
       {entry("lastgood", mark)}},
  };
}

std::vector<Row> last_applied_rows() {
  const Json replicas{{"f:spec", {{"f:replicas", leaf()}}}};
  const Json mark{{"f:metadata", {{"f:annotations", {{"f:lastgood.dev/rolled-back-by", leaf()}}}}}};
  const Json map_and_last_applied{
      {"f:metadata",
       {{"f:annotations",
         {{".", leaf()}, {"f:kubectl.kubernetes.io/last-applied-configuration", leaf()}}}}}};
  const Json only_map{{"f:metadata", {{"f:annotations", leaf()}}}};
  return {
      {"kubectl owns last-applied again, and still owns the map of annotations",
       {entry("kubectl-client-side-apply", last_applied_fields)},
       {entry("kubectl-client-side-apply", only_map),
        entry("lastgood", joined(mark, last_applied_fields))},
       {entry("kubectl-client-side-apply", map_and_last_applied), entry("lastgood", mark)},
       LastApplied::Present},
      {"a manager that owned last-applied only after the good revision keeps only the map",
       {},
       {entry("someone", map_and_last_applied)},
       {entry("someone", only_map)},
       LastApplied::Present},
      {"last-applied gets no owner if the Deployment does not have it",
       {entry("kubectl-client-side-apply", last_applied_fields)},
       {entry("helm", replicas, "Apply")},
       {entry("helm", replicas, "Apply")},
       LastApplied::Absent},
  };
}

void check_rows(const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(restored_managers(live_deployment(row.live_managers, row.live_last_applied),
                              snapshot_with(row.managers_in_snapshot, LastApplied::Present)) ==
            Json(row.expected));
    }
  }
}

}  // namespace

TEST_CASE("restored_managers restores the owners of the template") { check_rows(template_rows()); }
TEST_CASE("restored_managers restores the owner of the last-applied annotation") {
  check_rows(last_applied_rows());
}

TEST_CASE("ownership_patch tests the resourceVersion and changes only managedFields") {
  const auto call = ownership_patch(live_deployment({entry("lastgood", owns_template(leaf()))}),
                                    snapshot_with({}));
  REQUIRE(call);
  CHECK(call->verb == api::Verb::Patch);
  CHECK(call->target == "/apis/apps/v1/namespaces/shop/deployments/web?fieldManager=lastgood");
  CHECK(call->content_type == "application/json-patch+json");
  const Json expected = Json::array(
      {{{"op", "test"}, {"path", "/metadata/resourceVersion"}, {"value", "41"}},
       {{"op", "replace"}, {"path", "/metadata/managedFields"}, {"value", Json::array()}}});
  CHECK(parse(call->body) == expected);
}

TEST_CASE("ownership_patch is absent when the owners are restored already, but in another order") {
  const auto helm = entry("helm", owns_template(leaf()), "Apply");
  const auto kubectl_edit = entry("kubectl-edit", owns_template({{"f:metadata", leaf()}}));
  CHECK_FALSE(
      ownership_patch(live_deployment({helm, kubectl_edit}), snapshot_with({kubectl_edit, helm}))
          .has_value());
}

TEST_CASE("removes only Lastgood as owner of last-applied when the snapshot does not have it") {
  const std::vector<Json> managers{entry("kubectl-client-side-apply", last_applied_fields),
                                   entry("lastgood", last_applied_fields)};
  CHECK(restored_managers(live_deployment(managers, LastApplied::Present), snapshot_with({})) ==
        Json::array({entry("kubectl-client-side-apply", last_applied_fields)}));
}

}  // namespace lastgood::rollback::test
