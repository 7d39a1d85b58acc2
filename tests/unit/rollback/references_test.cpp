// What a pod template names that must be there before its pods can start.
#include "rollback/references.hpp"

#include <catch2/catch.hpp>

#include "unit/rollback/support.hpp"

namespace lastgood::rollback::test {
namespace {

using enum ReferenceKind;

std::vector<std::string> found(const std::string& pod_spec) {
  std::vector<std::string> out;
  for (const auto& one : references_of(parse(R"({"spec":)" + pod_spec + "}")))
    out.push_back(std::string(to_string(one.kind)) + " " + one.name +
                  (one.optional ? " optional" : ""));
  return out;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a pod template's references are found wherever it may name one") {
  struct Row {
    const char* name;
    const char* spec;
    Names expected;
  };
  const std::vector<Row> rows{
      {"a template that names nothing needs nothing", R"({"containers":[{"name":"app"}]})", {}},
      {"a volume of a ConfigMap", R"({"volumes":[{"configMap":{"name":"c"}}]})", {"ConfigMap c"}},
      {"a volume of a Secret", R"({"volumes":[{"secret":{"secretName":"s"}}]})", {"Secret s"}},
      {"a volume of a claim",
       R"({"volumes":[{"persistentVolumeClaim":{"claimName":"p"}}]})",
       {"PersistentVolumeClaim p"}},
      {"a claim that a pod makes itself is none",
       R"({"volumes":[{"ephemeral":{"volumeClaimTemplate":{"metadata":{"name":"p"}}}}]})",
       {}},
      {"each source of a projected volume",
       R"({"volumes":[{"projected":{"sources":[{"configMap":{"name":"c"}},{"secret":{"name":"s"}},{"serviceAccountToken":{}}]}}]})",
       {"ConfigMap c", "Secret s"}},
      {"a Secret that a storage driver needs",
       R"({"volumes":[{"csi":{"nodePublishSecretRef":{"name":"s"}}}]})",
       {"Secret s"}},
      {"a Secret of a storage driver of Kubernetes' own",
       R"({"volumes":[{"rbd":{"secretRef":{"name":"r"}}},{"azureFile":{"secretName":"a"}}]})",
       {"Secret a", "Secret r"}},
      {"keys that environment variables are read from",
       R"({"containers":[{"env":[{"valueFrom":{"configMapKeyRef":{"name":"c","key":"k"}}},
                                 {"valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}},{"name":"A","value":"x"}]}]})",
       {"ConfigMap c", "Secret s"}},
      {"whole ConfigMaps and Secrets as environment",
       R"({"containers":[{"envFrom":[{"configMapRef":{"name":"c"}},{"secretRef":{"name":"s"}}]}]})",
       {"ConfigMap c", "Secret s"}},
      {"what an init container names",
       R"({"initContainers":[{"envFrom":[{"configMapRef":{"name":"c"}}]}]})",
       {"ConfigMap c"}},
      {"the service account", R"({"serviceAccountName":"web"})", {"ServiceAccount web"}},
      {"a pod starts without its pull secrets",
       R"({"imagePullSecrets":[{"name":"r"}]})",
       {"Secret r optional"}},
      {"what is optional says so, and comes last",
       R"({"volumes":[{"configMap":{"name":"a","optional":true}},{"secret":{"secretName":"s","optional":true}},
                      {"configMap":{"name":"c","optional":false}}]})",
       {"ConfigMap c", "ConfigMap a optional", "Secret s optional"}},
      {"named twice it is found once",
       R"({"volumes":[{"configMap":{"name":"c"}},{"configMap":{"name":"c"}}]})",
       {"ConfigMap c"}},
      {"optional in one place and needed in another it is needed",
       R"({"volumes":[{"configMap":{"name":"c","optional":true}}],"containers":[{"envFrom":[{"configMapRef":{"name":"c"}}]}]})",
       {"ConfigMap c"}},
      {"a ConfigMap and a Secret of one name are two",
       R"({"containers":[{"envFrom":[{"configMapRef":{"name":"x"}},{"secretRef":{"name":"x"}}]}]})",
       {"ConfigMap x", "Secret x"}},
      {"an empty name is none",
       R"({"serviceAccountName":"","volumes":[{"configMap":{"name":""}}]})",
       {}},
      {"what has another type than it should is passed over",
       R"({"volumes":{"configMap":{"name":"c"}},"containers":[3,{"env":"x","envFrom":[null]}],"serviceAccountName":7})",
       {}},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) { CHECK(found(row.spec) == row.expected); }
  }
}

TEST_CASE(
    "a template that names very many is reference_status at in part, what must be there first") {
  Json volumes = Json::array();
  for (int i = 0; i < 500; ++i)
    volumes.push_back(
        {{"configMap", {{"name", "c" + std::to_string(i)}, {"optional", i % 2 == 0}}}});
  const auto references = references_of({{"spec", {{"volumes", volumes}}}});
  REQUIRE(references.size() == max_references);
  for (const auto& one : references) CHECK_FALSE(one.optional);
}

TEST_CASE("what is no template names nothing") {
  for (const auto* text : {"null", "[]", "3", "{}", R"({"spec":[]})", R"({"spec":null})"})
    CHECK(references_of(parse(text)).empty());
}

}  // namespace lastgood::rollback::test
