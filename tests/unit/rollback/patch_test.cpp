#include "rollback/patch.hpp"

#include <catch2/catch.hpp>

#include "api/constants.hpp"
#include "unit/rollback/support.hpp"

namespace lastgood::rollback::test {
namespace {

Json live() {
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

Snapshot snapshot() {
  return {.name = "web-abc", .pod_template = {{"spec", {{"containers", Json::array({"good"})}}}}};
}

Json op(const char* op, const char* path, Json value) {
  return {{"op", op}, {"path", path}, {"value", std::move(value)}};
}

const char* const last_applied_path =
    "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration";

std::optional<std::string> after(const std::optional<std::string>& now,
                                 const std::optional<std::string>& in_snapshot) {
  auto deployment = live();
  if (now) deployment["metadata"]["annotations"][api::annotation::last_applied] = *now;
  auto target = snapshot();
  target.last_applied = in_snapshot;
  return last_applied_after(deployment, target);
}

}  // namespace

TEST_CASE("template_patch tests uid and generation, and changes only template and annotations") {
  const auto call = template_patch(live(), snapshot(), "web-5-1a2b");
  CHECK(call.verb == api::Verb::Patch);
  CHECK(call.target == "/apis/apps/v1/namespaces/shop/deployments/web.v2?fieldManager=lastgood");
  CHECK(call.content_type == "application/json-patch+json");
  CHECK(
      parse(call.body) ==
      Json::array({op("test", "/metadata/uid", "u1"), op("test", "/metadata/generation", 5),
                   op("replace", "/spec/template", snapshot().pod_template),
                   op("add", "/metadata/annotations/lastgood.dev~1rolled-back-by", "web-5-1a2b")}));
}

TEST_CASE("template_patch adds the map of annotations when there is none") {
  auto bare = live();
  bare["metadata"].erase("annotations");
  const auto after_patch = bare.patch(parse(template_patch(bare, snapshot(), "rb").body));
  CHECK(after_patch["metadata"]["annotations"] == Json{{"lastgood.dev/rolled-back-by", "rb"}});
  bare["metadata"]["annotations"] = nullptr;
  CHECK(bare.patch(parse(template_patch(bare, snapshot(), "rb").body)) == after_patch);
}

TEST_CASE("template_patch restores the last-applied annotation of the snapshot") {
  auto target = snapshot();
  target.last_applied = "{\"a\":1}\n";
  const auto patch = parse(template_patch(live(), target, "rb").body);
  CHECK(patch[3] == op("add", last_applied_path, "{\"a\":1}\n"));
}

TEST_CASE("template_patch encodes the name, so that it cannot address another object") {
  auto odd = live();
  odd["metadata"]["name"] = "web/scale?x=%";
  CHECK(template_patch(odd, snapshot(), "rb").target ==
        "/apis/apps/v1/namespaces/shop/deployments/web%2Fscale%3Fx%3D%25?fieldManager=lastgood");
}

TEST_CASE("last_applied_after combines the present manifest with the template of the snapshot") {
  struct Row {
    const char* name;
    std::optional<std::string> now;
    std::optional<std::string> in_snapshot;
    std::optional<std::string> expected;
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
      {"only the template differs: the annotation of the snapshot, to the byte", v2, v1, v1},
      {"nothing differs", v1, v1, v1},
      {"the Deployment has none: the annotation of the snapshot", std::nullopt, v1, v1},
      {"other fields differ: the present one with the template of the snapshot", v2_scaled, v1,
       R"({"spec":{"replicas":9,"template":{"v":1}}})"
       "\n"},
      {"the annotation of the snapshot has no template: the result has none either", v2_scaled,
       R"({"spec":{}})", no_template},
      {"none in the snapshot: the present one without its template", v2_scaled, std::nullopt,
       no_template},
      {"none in the snapshot, and the present one has no template: no change", no_template,
       std::nullopt, std::nullopt},
      {"none in both", std::nullopt, std::nullopt, std::nullopt},
      {"the present one is not JSON: the annotation of the snapshot", "{", v1, v1},
      {"the annotation of the snapshot is not JSON: it is restored anyway", v2, "{", "{"},
      {"the present one is not a manifest, and none in the snapshot: no change", "[1]",
       std::nullopt, std::nullopt},
      {"the spec of the present one is not an object: the present one, with a newline",
       R"({"spec":3})", v1,
       R"({"spec":3})"
       "\n"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) { CHECK(after(row.now, row.in_snapshot) == row.expected); }
  }
}

}  // namespace lastgood::rollback::test
