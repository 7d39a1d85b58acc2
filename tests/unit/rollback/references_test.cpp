#include "rollback/references.hpp"

#include <catch2/catch.hpp>

#include "unit/rollback/support.hpp"

namespace lastgood::rollback::test {
namespace {

using enum ReferenceKind;

using Names = std::vector<std::string>;

// Each reference as "Kind name", or "Kind name optional".
Names names_of_references(const std::string& pod_spec) {
  Names out;
  for (const auto& reference : references_of(parse(R"({"spec":)" + pod_spec + "}")))
    out.push_back(std::string(to_string(reference.kind)) + " " + reference.name +
                  (reference.optional ? " optional" : ""));
  return out;
}

}  // namespace

TEST_CASE("references_of finds every reference of a pod template") {
  struct Row {
    const char* name;
    const char* spec;
    Names expected;
  };
  const std::vector<Row> rows{
      {"no references", R"({"containers":[{"name":"app"}]})", {}},
      {"a volume of a ConfigMap", R"({"volumes":[{"configMap":{"name":"c"}}]})", {"ConfigMap c"}},
      {"a volume of a Secret", R"({"volumes":[{"secret":{"secretName":"s"}}]})", {"Secret s"}},
      {"a volume of a PersistentVolumeClaim",
       R"({"volumes":[{"persistentVolumeClaim":{"claimName":"p"}}]})",
       {"PersistentVolumeClaim p"}},
      {"an ephemeral volume, whose claim does not exist yet",
       R"({"volumes":[{"ephemeral":{"volumeClaimTemplate":{"metadata":{"name":"p"}}}}]})",
       {}},
      {"each source of a projected volume",
       R"({"volumes":[{"projected":{"sources":[{"configMap":{"name":"c"}},{"secret":{"name":"s"}},{"serviceAccountToken":{}}]}}]})",
       {"ConfigMap c", "Secret s"}},
      {"a Secret of a CSI driver",
       R"({"volumes":[{"csi":{"nodePublishSecretRef":{"name":"s"}}}]})",
       {"Secret s"}},
      {"a Secret of an in-tree volume driver",
       R"({"volumes":[{"rbd":{"secretRef":{"name":"r"}}},{"azureFile":{"secretName":"a"}}]})",
       {"Secret a", "Secret r"}},
      {"environment variables",
       R"({"containers":[{"env":[{"valueFrom":{"configMapKeyRef":{"name":"c","key":"k"}}},
                                 {"valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}},{"name":"A","value":"x"}]}]})",
       {"ConfigMap c", "Secret s"}},
      {"envFrom",
       R"({"containers":[{"envFrom":[{"configMapRef":{"name":"c"}},{"secretRef":{"name":"s"}}]}]})",
       {"ConfigMap c", "Secret s"}},
      {"an init container",
       R"({"initContainers":[{"envFrom":[{"configMapRef":{"name":"c"}}]}]})",
       {"ConfigMap c"}},
      {"the service account", R"({"serviceAccountName":"web"})", {"ServiceAccount web"}},
      {"image pull secrets are optional",
       R"({"imagePullSecrets":[{"name":"r"}]})",
       {"Secret r optional"}},
      {"optional references come last",
       R"({"volumes":[{"configMap":{"name":"a","optional":true}},{"secret":{"secretName":"s","optional":true}},
                      {"configMap":{"name":"c","optional":false}}]})",
       {"ConfigMap c", "ConfigMap a optional", "Secret s optional"}},
      {"the same reference twice",
       R"({"volumes":[{"configMap":{"name":"c"}},{"configMap":{"name":"c"}}]})",
       {"ConfigMap c"}},
      {"optional in one place and required in another",
       R"({"volumes":[{"configMap":{"name":"c","optional":true}}],"containers":[{"envFrom":[{"configMapRef":{"name":"c"}}]}]})",
       {"ConfigMap c"}},
      {"a ConfigMap and a Secret with the same name",
       R"({"containers":[{"envFrom":[{"configMapRef":{"name":"x"}},{"secretRef":{"name":"x"}}]}]})",
       {"ConfigMap x", "Secret x"}},
      {"references with empty names are ignored",
       R"({"serviceAccountName":"","volumes":[{"configMap":{"name":""}}]})",
       {}},
      {"values of an unexpected JSON type are ignored",
       R"({"volumes":{"configMap":{"name":"c"}},"containers":[3,{"env":"x","envFrom":[null]}],"serviceAccountName":7})",
       {}},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) { CHECK(names_of_references(row.spec) == row.expected); }
  }
}

TEST_CASE("references_of returns at most 64 references, the required ones first") {
  Json volumes = Json::array();
  for (int i = 0; i < 500; ++i)
    volumes.push_back(
        {{"configMap", {{"name", "c" + std::to_string(i)}, {"optional", i % 2 == 0}}}});
  const auto references = references_of({{"spec", {{"volumes", volumes}}}});
  REQUIRE(references.size() == max_references);
  for (const auto& reference : references) CHECK_FALSE(reference.optional);
}

TEST_CASE("references_of finds nothing in JSON that is not a template") {
  for (const auto* text : {"null", "[]", "3", "{}", R"({"spec":[]})", R"({"spec":null})"})
    CHECK(references_of(parse(text)).empty());
}

}  // namespace lastgood::rollback::test
