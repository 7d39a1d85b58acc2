#include "rollback/patch.hpp"

#include <catch2/catch.hpp>

#include "api/constants.hpp"
#include "unit/rollback/support.hpp"

namespace lastgood::rollback::test {
namespace {

Json live_deployment() {
  return {{"metadata",
           {{"name", "web.v2"},
            {"namespace", "shop"},
            {"uid", "u1"},
            {"generation", 5},
            {"annotations", {{"note", "x"}}}}},
          {"spec",
           {{"replicas", 3},
            {"paused", false},
            {"template", {{"spec", {{"containers", Json::array({"bad"})}}}}}}}};
}

Snapshot good_snapshot() {
  return {.name = "web-abc", .pod_template = {{"spec", {{"containers", Json::array({"good"})}}}}};
}

Json operation(const char* op, const char* path, Json value) {
  return {{"op", op}, {"path", path}, {"value", std::move(value)}};
}

const char* const last_applied_path =
    "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration";

std::optional<std::string> last_applied_after_patch(const std::optional<std::string>& live,
                                                    const std::optional<std::string>& in_snapshot) {
  auto deployment = live_deployment();
  if (live) deployment["metadata"]["annotations"][api::annotation::last_applied] = *live;
  auto target = good_snapshot();
  target.last_applied = in_snapshot;
  return last_applied_after(deployment, target);
}

}  // namespace

TEST_CASE("template_patch tests uid and generation, and changes only template and annotations") {
  const auto call = template_patch(live_deployment(), good_snapshot(), "web-5-1a2b");
  CHECK(call.verb == api::Verb::Patch);
  CHECK(call.target == "/apis/apps/v1/namespaces/shop/deployments/web.v2?fieldManager=lastgood");
  CHECK(call.content_type == "application/json-patch+json");
  CHECK(
      parse(call.body) ==
      Json::array(
          {operation("test", "/metadata/uid", "u1"), operation("test", "/metadata/generation", 5),
           operation("replace", "/spec/template", good_snapshot().pod_template),
           operation("add", "/metadata/annotations/lastgood.dev~1rolled-back-by", "web-5-1a2b")}));
}

TEST_CASE("template_patch adds the map of annotations when the Deployment has no annotations") {
  auto without_annotations = live_deployment();
  without_annotations["metadata"].erase("annotations");
  const auto after_patch = without_annotations.patch(
      parse(template_patch(without_annotations, good_snapshot(), "rb").body));
  CHECK(after_patch["metadata"]["annotations"] == Json{{"lastgood.dev/rolled-back-by", "rb"}});
  without_annotations["metadata"]["annotations"] = nullptr;
  CHECK(without_annotations.patch(
            parse(template_patch(without_annotations, good_snapshot(), "rb").body)) == after_patch);
}

TEST_CASE("template_patch restores the last-applied annotation of the snapshot") {
  auto target = good_snapshot();
  target.last_applied = "{\"a\":1}\n";
  const auto patch = parse(template_patch(live_deployment(), target, "rb").body);
  CHECK(patch[3] == operation("add", last_applied_path, "{\"a\":1}\n"));
}

TEST_CASE("template_patch encodes the name of the Deployment in its path") {
  auto unusual_name = live_deployment();
  unusual_name["metadata"]["name"] = "web/scale?x=%";
  CHECK(template_patch(unusual_name, good_snapshot(), "rb").target ==
        "/apis/apps/v1/namespaces/shop/deployments/web%2Fscale%3Fx%3D%25?fieldManager=lastgood");
}

TEST_CASE("last_applied_after has the live manifest with the template of the snapshot") {
  struct Row {
    const char* name;
    std::optional<std::string> live;
    std::optional<std::string> in_snapshot;
    std::optional<std::string> expected;  // nothing: the annotation does not change
  };
  const std::string v1 = R"({"spec":{"replicas":1,"template":{"v":1}}})"
                         "\n";
  const std::string v2 = R"({"spec":{"replicas":1,"template":{"v":2}}})"
                         "\n";
  const std::string v2_scaled = R"({"spec":{"replicas":9,"template":{"v":2}}})"
                                "\n";
  const std::string no_template = R"({"spec":{"replicas":9}})"
                                  "\n";
  const std::vector<Row> rows{
      {"only the template differs: the annotation of the snapshot, byte for byte", v2, v1, v1},
      {"both annotations are equal: the annotation of the snapshot", v1, v1, v1},
      {"the Deployment has no annotation: the annotation of the snapshot", std::nullopt, v1, v1},
      {"other fields differ: the live manifest with the template of the snapshot", v2_scaled, v1,
       R"({"spec":{"replicas":9,"template":{"v":1}}})"
       "\n"},
      {"the annotation of the snapshot has no template: the live manifest without a template",
       v2_scaled, R"({"spec":{}})", no_template},
      {"the snapshot has no annotation: the live manifest without its template", v2_scaled,
       std::nullopt, no_template},
      {"the snapshot has no annotation, and the live manifest has no template: no change",
       no_template, std::nullopt, std::nullopt},
      {"neither has an annotation: no change", std::nullopt, std::nullopt, std::nullopt},
      {"the live annotation is not JSON: the annotation of the snapshot", "{", v1, v1},
      {"the annotation of the snapshot is not JSON: the annotation of the snapshot", v2, "{", "{"},
      {"the live annotation is not an object, and the snapshot has no annotation: no change", "[1]",
       std::nullopt, std::nullopt},
      {"the spec in the live annotation is not an object: the live annotation, with a newline",
       R"({"spec":3})", v1,
       R"({"spec":3})"
       "\n"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(last_applied_after_patch(row.live, row.in_snapshot) == row.expected);
    }
  }
}

}  // namespace lastgood::rollback::test
