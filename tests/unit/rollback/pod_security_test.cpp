// Which warnings of the API server mean that the namespace rejects the pods.
#include "rollback/pod_security.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace lastgood;
using namespace lastgood::rollback;
using codec::Json;

namespace {

// A warning of the standard `level` with this reason, as the API server writes it.
std::optional<std::string> violation(const std::string& enforced, const std::string& level,
                                     const std::string& reason) {
  const std::string text = "would violate PodSecurity \"" + level + ":latest\": " + reason;
  const Json labels = enforced.empty() ? Json::object() : Json{{enforced_standard_label, enforced}};
  return enforced_violation(
      {.texts = {text}, .namespace_ = Json{{"metadata", {{"labels", labels}}}}});
}

struct Row {
  std::string reason;
  bool breaks_baseline = false;  // the warning is also about the Pod Security Standard baseline
};

const std::vector<Row> restricted_rows = {
    {R"(allowPrivilegeEscalation != false (container "app" must set securityContext.a=false))"},
    {R"(unrestricted capabilities (container "app" must set securityContext.c.drop=["ALL"]))"},
    {R"(unrestricted capabilities (container "app" must not include "CHOWN", "KILL" in )"
     R"(securityContext.capabilities.add))"},
    {R"(unrestricted capabilities (container "app" must not include "CHOWN", "SYS_ADMIN" in )"
     R"(securityContext.capabilities.add))",
     true},
    {R"(restricted volume types (volume "nfs" uses restricted volume type "nfs"))"},
    {R"(restricted volume types (volume "data" uses restricted volume type "hostPath"))", true},
    {R"(runAsNonRoot != true (pod or container "app" must set securityContext.runAsNonRoot=true))"},
    {R"(runAsUser=0 (pod must not set runAsUser=0))"},
    {R"(seccompProfile (pod or container "app" must set securityContext.seccompProfile.type to )"
     R"("RuntimeDefault" or "Localhost"))"},
    {R"(seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined"))",
     true},
    {R"(host namespaces (hostNetwork=true))", true},
    {R"(hostPort (container "app" uses hostPort 80))", true},
    {R"(privileged (container "app" must not set securityContext.privileged=true))", true},
    {R"(runAsUser=0 (container "privileged" must not set runAsUser=0))"},
    {R"(procMount (container "app" must not set securityContext.procMount to "Unmasked"))", true},
    {R"(seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "x"))", true},
    {R"(forbidden sysctls (kernel.msgmax))", true},
    {R"(forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined"))",
     true},
    {R"(hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true))", true},
};

}  // namespace

TEST_CASE("enforced_violation compares a warning for restricted with the enforced standard") {
  for (const Row& row : restricted_rows) {
    CAPTURE(row.reason);
    CHECK(violation("restricted", "restricted", row.reason).has_value());
    CHECK(violation("baseline", "restricted", row.reason).has_value() == row.breaks_baseline);
    CHECK_FALSE(violation("privileged", "restricted", row.reason).has_value());
    CHECK_FALSE(violation("", "restricted", row.reason).has_value());
  }
}

TEST_CASE("enforced_violation returns the text of a warning for the enforced standard") {
  CHECK(violation("baseline", "baseline", "hostPort (x)") ==
        R"(violates PodSecurity "baseline:latest": hostPort (x))");
}

TEST_CASE("enforced_violation finds a warning for baseline when restricted is enforced") {
  const std::string reason = "host namespaces (hostNetwork=true)";
  CHECK(violation("restricted", "baseline", reason).has_value());
  CHECK(violation("baseline", "baseline", reason).has_value());
  CHECK_FALSE(violation("privileged", "baseline", reason).has_value());
}
