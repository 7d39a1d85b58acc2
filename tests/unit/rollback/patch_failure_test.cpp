// The errors of the API server for a template patch.
#include "rollback/patch_failure.hpp"

#include <catch2/catch.hpp>
#include <ostream>
#include <vector>

#include "codec/errors.hpp"

namespace lastgood::rollback {

static std::ostream& operator<<(std::ostream& out, PatchFailure failure) {
  switch (failure) {
    case PatchFailure::Conflict: return out << "Conflict";
    case PatchFailure::Forbidden: return out << "Forbidden";
    case PatchFailure::AdmissionDenied: return out << "AdmissionDenied";
    case PatchFailure::Temporary: return out << "Temporary";
  }
  return out << "unknown";
}

}  // namespace lastgood::rollback

namespace lastgood::rollback::test {
namespace {

struct Row {
  const char* name;
  int status;
  const char* body;
  PatchFailure expected;
};

// Recorded on Kubernetes 1.37, except the last seven rows.
const std::vector<Row> responses{
    {"RBAC denies the patch", 403,
     R"({"kind":"Status","message":"deployments.apps \"web\" is forbidden: User \"system:serviceaccount:lastgood-system:lastgood\" cannot patch resource \"deployments\" in API group \"apps\" in the namespace \"shop\"","reason":"Forbidden","code":403})",
     PatchFailure::Forbidden},
    {"RBAC denies the patch, and a ClusterRole is missing", 403,
     R"({"kind":"Status","message":"deployments.apps \"web\" is forbidden: User \"system:serviceaccount:lastgood-system:lastgood\" cannot patch resource \"deployments\" in API group \"apps\" in the namespace \"shop\": rbac: RBAC: clusterrole.rbac.authorization.k8s.io \"gone\" not found","reason":"Forbidden","code":403})",
     PatchFailure::Forbidden},
    {"an admission policy denies the patch", 403,
     R"({"kind":"Status","message":"deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'no-old' with binding 'no-old-everywhere' denied request: not that","reason":"Forbidden","code":403})",
     PatchFailure::AdmissionDenied},
    {"an admission policy denies the patch with the reason Invalid", 422,
     R"({"kind":"Status","message":"deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'no-old' with binding 'no-old-everywhere' denied request: nginx:0 has a hole \u0026 is \u003cbanned\u003e","reason":"Invalid","code":422})",
     PatchFailure::AdmissionDenied},
    {"an admission policy denies the patch with a message that looks like RBAC", 403,
     R"({"kind":"Status","message":"deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: x is forbidden: User \"u\" cannot patch resource \"deployments\" in API group \"apps\"","reason":"Forbidden","code":403})",
     PatchFailure::AdmissionDenied},
    {"a webhook denies the patch without a status", 400,
     R"({"kind":"Status","message":"admission webhook \"sign.example.com\" denied the request: image must be signed","code":400})",
     PatchFailure::AdmissionDenied},
    {"a webhook denies the patch with 403", 403,
     R"({"kind":"Status","message":"admission webhook \"sign.example.com\" denied the request: image must be signed","code":403})",
     PatchFailure::AdmissionDenied},
    {"a webhook denies the patch with 409", 409,
     R"({"kind":"Status","message":"admission webhook \"sign.example.com\" denied the request: image must be signed","code":409})",
     PatchFailure::AdmissionDenied},
    {"a webhook denies the patch with only a reason", 400,
     R"({"kind":"Status","message":"admission webhook \"sign.example.com\" denied the request: Unsigned","reason":"Unsigned","code":400})",
     PatchFailure::AdmissionDenied},
    {"a webhook denies the patch with 500", 500,
     R"({"kind":"Status","message":"admission webhook \"sign.example.com\" denied the request without explanation","code":500})",
     PatchFailure::AdmissionDenied},
    {"a webhook cannot be called", 500,
     R"({"kind":"Status","message":"Internal error occurred: failed calling webhook \"gone.example.com\": failed to call webhook: Post \"https://127.0.0.1:38444/x?timeout=2s\": dial tcp 127.0.0.1:38444: connect: connection refused","reason":"InternalError","code":500})",
     PatchFailure::Temporary},
    {"a webhook does not support a dry run", 400,
     R"({"kind":"Status","message":"admission webhook \"old.example.com\" does not support dry run","reason":"BadRequest","code":400})",
     PatchFailure::Temporary},
    {"a test operation of the patch failed", 422,
     R"({"kind":"Status","message":"the server rejected our request due to an error in our request","reason":"Invalid","code":422})",
     PatchFailure::Conflict},
    {"the template does not match the selector", 422,
     R"({"kind":"Status","message":"Deployment.apps \"web\" is invalid: spec.template.metadata.labels: Invalid value: {\"app\":\"oth\"}: `selector` does not match template `labels`","reason":"Invalid","code":422})",
     PatchFailure::AdmissionDenied},
    {"a required field is missing", 422,
     R"({"kind":"Status","message":"Deployment.apps \"web\" is invalid: spec.template.spec.containers[0].image: Required value","reason":"Invalid","code":422})",
     PatchFailure::AdmissionDenied},
    {"a field of the template has another type", 422,
     R"({"kind":"Status","message":" \"\" is invalid: patch: Invalid value: \"{}\": json: cannot unmarshal number into Go struct field Container.spec.template.spec.containers.image of type string","reason":"Invalid","code":422})",
     PatchFailure::AdmissionDenied},
    {"the Deployment does not exist", 404,
     R"({"kind":"Status","message":"deployments.apps \"web\" not found","reason":"NotFound","code":404})",
     PatchFailure::Conflict},
    {"a concurrent write", 409,
     R"({"kind":"Status","message":"Operation cannot be fulfilled on deployments.apps \"web\": the object has been modified; please apply your changes to the latest version and try again","reason":"Conflict","code":409})",
     PatchFailure::Conflict},
    {"the object is too large for the server", 413,
     R"({"kind":"Status","message":"etcdserver: request is too large","code":413})",
     PatchFailure::AdmissionDenied},
    {"the server is busy", 429, "Too many requests, please try again later.",
     PatchFailure::Temporary},
    {"the token is not valid", 401,
     R"({"kind":"Status","message":"Unauthorized","reason":"Unauthorized","code":401})",
     PatchFailure::Temporary},
    {"the server shuts down", 503, "", PatchFailure::Temporary},
    {"the server timed out", 408, "", PatchFailure::Temporary},
    {"a proxy denies the patch", 403, "<html>Forbidden</html>", PatchFailure::AdmissionDenied},
};

}  // namespace

TEST_CASE("classify returns the cause of each response of the API server") {
  for (const auto& row : responses) {
    DYNAMIC_SECTION(row.name) {
      CHECK(classify(codec::status_error(row.status, row.body)) == row.expected);
    }
  }
}

TEST_CASE("classify returns Temporary when the API server gave no response") {
  for (const auto kind :
       {ErrorKind::ConnectionRefused, ErrorKind::DNSLookupFailed, ErrorKind::TimedOut,
        ErrorKind::ConnectionClosed, ErrorKind::TooLarge, ErrorKind::Protocol, ErrorKind::Tls,
        ErrorKind::Cancelled, ErrorKind::BadInput}) {
    CAPTURE(lastgood::to_string(kind));
    CHECK(classify({.kind = kind, .message = "x"}) == PatchFailure::Temporary);
  }
}

TEST_CASE("missing_permission names the verb, the resource and the namespace") {
  struct PermissionRow {
    const char* name;
    const char* message;
    std::optional<std::string> expected;
  };
  const std::vector<PermissionRow> rows{
      {"a permission in a namespace",
       R"(deployments.apps "web" is forbidden: User "u" cannot patch resource "deployments" in API group "apps" in the namespace "shop")",
       "patch deployments.apps in namespace shop"},
      {"a permission for a resource of the core group",
       R"(secrets "x" is forbidden: User "u" cannot get resource "secrets" in API group "" in the namespace "shop")",
       "get secrets in namespace shop"},
      {"a permission at the cluster scope",
       R"(nodes is forbidden: User "u" cannot list resource "nodes" in API group "" at the cluster scope)",
       "list nodes"},
      {"a message of an admission policy",
       R"(deployments.apps "web" is forbidden: ValidatingAdmissionPolicy 'p' denied request: no)",
       {}},
      {"a permission for a path", R"(forbidden: User "u" cannot get path "/x")", {}},
      {"a message that ends in the name of the resource",
       R"(secrets "x" is forbidden: User "u" cannot get resource "sec)",
       {}},
      {"a message that ends in the name of the user", R"(secrets "x" is forbidden: User "u)", {}},
      {"a message with its words in another order",
       R"(secrets "x" is forbidden: User "u" resource "secrets" cannot get)",
       {}},
      {"an empty message", "", {}},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) { CHECK(missing_permission(row.message) == row.expected); }
  }
}

}  // namespace lastgood::rollback::test
