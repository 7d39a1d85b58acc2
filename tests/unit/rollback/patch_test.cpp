// The template patch, operation by operation.
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

Snapshot kept() {
  return {.name = "web-abc", .pod_template = {{"spec", {{"containers", Json::array({"good"})}}}}};
}

Json op(const char* op, const char* path, Json value) {
  return {{"op", op}, {"path", path}, {"value", std::move(value)}};
}

const char* const annotation =
    "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration";

std::optional<std::string> after(const std::optional<std::string>& now,
                                 const std::optional<std::string>& then) {
  auto deployment = live();
  if (now) deployment["metadata"]["annotations"][api::annotation::last_applied] = *now;
  auto target = kept();
  target.last_applied = then;
  return last_applied_after(deployment, target);
}

}  // namespace

TEST_CASE(
    "tests uid and generation, and changes only the template and the annotations of a rollback") {
  const auto call = template_patch(live(), kept(), "web-5-1a2b");
  CHECK(call.verb == api::Verb::Patch);
  CHECK(call.target == "/apis/apps/v1/namespaces/shop/deployments/web.v2?fieldManager=lastgood");
  CHECK(call.content_type == "application/json-patch+json");
  CHECK(
      parse(call.body) ==
      Json::array({op("test", "/metadata/uid", "u1"), op("test", "/metadata/generation", 5),
                   op("replace", "/spec/template", kept().pod_template),
                   op("add", "/metadata/annotations/lastgood.dev~1rolled-back-by", "web-5-1a2b")}));
}

TEST_CASE("a Deployment without annotations gets the map first") {
  auto bare = live();
  bare["metadata"].erase("annotations");
  const auto after_patch = bare.patch(parse(template_patch(bare, kept(), "rb").body));
  CHECK(after_patch["metadata"]["annotations"] == Json{{"lastgood.dev/rolled-back-by", "rb"}});
  bare["metadata"]["annotations"] = nullptr;
  CHECK(bare.patch(parse(template_patch(bare, kept(), "rb").body)) == after_patch);
}

TEST_CASE("the last-applied annotation that was kept comes with its template") {
  auto target = kept();
  target.last_applied = "{\"a\":1}\n";
  const auto patch = parse(template_patch(live(), target, "rb").body);
  CHECK(patch[3] == op("add", annotation, "{\"a\":1}\n"));
}

TEST_CASE("a name that is none is percent-encoded, so that it cannot reach another object") {
  auto odd = live();
  odd["metadata"]["name"] = "web/scale?x=%";
  CHECK(template_patch(odd, kept(), "rb").target ==
        "/apis/apps/v1/namespaces/shop/deployments/web%2Fscale%3Fx%3D%25?fieldManager=lastgood");
}

TEST_CASE("the last-applied annotation says what was asked for of what is now live") {
  struct Row {
    const char* name;
    std::optional<std::string> now, then, expected;
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
      {"only the template differs: what was kept, to the byte", v2, v1, v1},
      {"nothing differs", v1, v1, v1},
      {"the Deployment has none: what was kept", std::nullopt, v1, v1},
      {"other fields differ: as asked last, with the kept template", v2_scaled, v1,
       R"({"spec":{"replicas":9,"template":{"v":1}}})"
       "\n"},
      {"the kept manifest had no template: nor has the new one", v2_scaled, R"({"spec":{}})",
       no_template},
      {"none was kept: the present one without its template", v2_scaled, std::nullopt, no_template},
      {"none was kept and the present one has no template: left alone", no_template, std::nullopt,
       std::nullopt},
      {"neither is there", std::nullopt, std::nullopt, std::nullopt},
      {"the present one cannot be parsed: what was kept", "{", v1, v1},
      {"what was kept cannot be parsed: it is put back all the same", v2, "{", "{"},
      {"the present one is no manifest and none was kept: left alone", "[1]", std::nullopt,
       std::nullopt},
      {"a spec that is no object is not descended into", R"({"spec":3})", v1,
       R"({"spec":3})"
       "\n"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) { CHECK(after(row.now, row.then) == row.expected); }
  }
}

}  // namespace lastgood::rollback::test
