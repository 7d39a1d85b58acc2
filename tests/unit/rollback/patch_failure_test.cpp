// What an API server of Kubernetes 1.37 answers to a template patch that it does not take, in its
// own words, and what it means.
#include "rollback/patch_failure.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "codec/errors.hpp"

namespace lastgood::rollback::test {
namespace {

const char* to_string(PatchFailure refusal) {
  switch (refusal) {
    case PatchFailure::Conflict: return "Moved";
    case PatchFailure::Forbidden: return "NotAllowed";
    case PatchFailure::AdmissionDenied: return "NotAdmitted";
    case PatchFailure::Temporary: return "Unanswered";
  }
  return "";
}

struct Row {
  const char* name;
  int status;
  const char* body;
  const char* expected;
};

// Recorded from a server, but for the last seven.
const std::vector<Row> answers{
    {"RBAC does not let us patch", 403,
     R"({"kind":"Status","message":"deployments.apps \"web\" is forbidden: User \"system:serviceaccount:lastgood-system:lastgood\" cannot patch resource \"deployments\" in API group \"apps\" in the namespace \"shop\"","reason":"Forbidden","code":403})",
     "NotAllowed"},
    {"RBAC does not let us patch, and says of what it is made", 403,
     R"({"kind":"Status","message":"deployments.apps \"web\" is forbidden: User \"system:serviceaccount:lastgood-system:lastgood\" cannot patch resource \"deployments\" in API group \"apps\" in the namespace \"shop\": rbac: RBAC: clusterrole.rbac.authorization.k8s.io \"gone\" not found","reason":"Forbidden","code":403})",
     "NotAllowed"},
    {"an admission policy forbids it", 403,
     R"({"kind":"Status","message":"deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'no-old' with binding 'no-old-everywhere' denied request: not that","reason":"Forbidden","code":403})",
     "NotAdmitted"},
    {"an admission policy includes it invalid", 422,
     R"({"kind":"Status","message":"deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'no-old' with binding 'no-old-everywhere' denied request: nginx:0 has a hole \u0026 is \u003cbanned\u003e","reason":"Invalid","code":422})",
     "NotAdmitted"},
    {"an admission policy that quotes RBAC is still an admission policy", 403,
     R"({"kind":"Status","message":"deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: x is forbidden: User \"u\" cannot patch resource \"deployments\" in API group \"apps\"","reason":"Forbidden","code":403})",
     "NotAdmitted"},
    {"a webhook denies it and names no status", 400,
     R"({"kind":"Status","message":"admission webhook \"sign.example.com\" denied the request: image must be signed","code":400})",
     "NotAdmitted"},
    {"a webhook denies it as forbidden", 403,
     R"({"kind":"Status","message":"admission webhook \"sign.example.com\" denied the request: image must be signed","code":403})",
     "NotAdmitted"},
    {"a webhook denies it as a conflict, which is none", 409,
     R"({"kind":"Status","message":"admission webhook \"sign.example.com\" denied the request: image must be signed","code":409})",
     "NotAdmitted"},
    {"a webhook denies it with a reason alone", 400,
     R"({"kind":"Status","message":"admission webhook \"sign.example.com\" denied the request: Unsigned","reason":"Unsigned","code":400})",
     "NotAdmitted"},
    {"a webhook denies it as an error of its own", 500,
     R"({"kind":"Status","message":"admission webhook \"sign.example.com\" denied the request without explanation","code":500})",
     "NotAdmitted"},
    {"a webhook cannot be called", 500,
     R"({"kind":"Status","message":"Internal error occurred: failed calling webhook \"gone.example.com\": failed to call webhook: Post \"https://127.0.0.1:38444/x?timeout=2s\": dial tcp 127.0.0.1:38444: connect: connection refused","reason":"InternalError","code":500})",
     "Unanswered"},
    {"a webhook cannot be asked for a dry run", 400,
     R"({"kind":"Status","message":"admission webhook \"old.example.com\" does not support dry run","reason":"BadRequest","code":400})",
     "Unanswered"},
    {"a test of the patch failed", 422,
     R"({"kind":"Status","message":"the server rejected our request due to an error in our request","reason":"Invalid","code":422})",
     "Moved"},
    {"the template does not match the selector", 422,
     R"({"kind":"Status","message":"Deployment.apps \"web\" is invalid: spec.template.metadata.labels: Invalid value: {\"app\":\"oth\"}: `selector` does not match template `labels`","reason":"Invalid","code":422})",
     "NotAdmitted"},
    {"a required field is missing", 422,
     R"({"kind":"Status","message":"Deployment.apps \"web\" is invalid: spec.template.spec.containers[0].image: Required value","reason":"Invalid","code":422})",
     "NotAdmitted"},
    {"the template is of a type that this server does not know", 422,
     R"({"kind":"Status","message":" \"\" is invalid: patch: Invalid value: \"{}\": json: cannot unmarshal number into Go struct field Container.spec.template.spec.containers.image of type string","reason":"Invalid","code":422})",
     "NotAdmitted"},
    {"the Deployment is gone", 404,
     R"({"kind":"Status","message":"deployments.apps \"web\" not found","reason":"NotFound","code":404})",
     "Moved"},
    {"somebody else was faster", 409,
     R"({"kind":"Status","message":"Operation cannot be fulfilled on deployments.apps \"web\": the object has been modified; please apply your changes to the latest version and try again","reason":"Conflict","code":409})",
     "Moved"},
    {"it is too large for the server", 413,
     R"({"kind":"Status","message":"etcdserver: request is too large","code":413})", "NotAdmitted"},
    {"the server is busy", 429, "Too many requests, please try again later.", "Unanswered"},
    {"the token is not known", 401,
     R"({"kind":"Status","message":"Unauthorized","reason":"Unauthorized","code":401})",
     "Unanswered"},
    {"the server is on its way down", 503, "", "Unanswered"},
    {"the server gave up waiting", 408, "", "Unanswered"},
    {"what is in between says no in words of its own", 403, "<html>Forbidden</html>",
     "NotAdmitted"},
};

}  // namespace

TEST_CASE("the words of a server say whether it is the permission, the template or the moment") {
  for (const auto& row : answers) {
    DYNAMIC_SECTION(row.name) {
      CHECK(std::string(to_string(classify(codec::status_error(row.status, row.body)))) ==
            row.expected);
    }
  }
}

TEST_CASE("no answer says nothing of the template") {
  for (const auto kind :
       {ErrorKind::ConnectionRefused, ErrorKind::DNSLookupFailed, ErrorKind::TimedOut,
        ErrorKind::ConnectionClosed, ErrorKind::TooLarge, ErrorKind::Protocol, ErrorKind::Tls,
        ErrorKind::Cancelled, ErrorKind::BadInput}) {
    CAPTURE(lastgood::to_string(kind));
    CHECK(classify({.kind = kind, .message = "x"}) == PatchFailure::Temporary);
  }
}

TEST_CASE("a permission that is lacking is named as a rule of a role would name it") {
  struct Permission {
    const char* name;
    const char* message;
    std::optional<std::string> expected;
  };
  const std::vector<Permission> rows{
      {"of a namespace",
       R"(deployments.apps "web" is forbidden: User "u" cannot patch resource "deployments" in API group "apps" in the namespace "shop")",
       "patch deployments.apps in namespace shop"},
      {"of the core group",
       R"(secrets "x" is forbidden: User "u" cannot get resource "secrets" in API group "" in the namespace "shop")",
       "get secrets in namespace shop"},
      {"of the cluster",
       R"(nodes is forbidden: User "u" cannot list resource "nodes" in API group "" at the cluster scope)",
       "list nodes"},
      {"of a policy, which is none",
       R"(deployments.apps "web" is forbidden: ValidatingAdmissionPolicy 'p' denied request: no)",
       {}},
      {"of a path, which is no resource", R"(forbidden: User "u" cannot get path "/x")", {}},
      {"cut off in the middle",
       R"(secrets "x" is forbidden: User "u" cannot get resource "sec)",
       {}},
      {"cut off in the user's name", R"(secrets "x" is forbidden: User "u)", {}},
      {"of words in another order",
       R"(secrets "x" is forbidden: User "u" resource "secrets" cannot get)",
       {}},
      {"of nothing at all", "", {}},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) { CHECK(missing_permission(row.message) == row.expected); }
  }
}

}  // namespace lastgood::rollback::test
