#include "rollback/preflight.hpp"

#include <catch2/catch.hpp>

#include "rollback/patch.hpp"
#include "support/printers.hpp"
#include "unit/rollback/support.hpp"

namespace lastgood::rollback::test {
namespace {

using api::ConditionStatus;
using api::Preflight;
using api::Reason;
using enum ReferenceState;

const Time now{std::chrono::seconds(1000)};

Json pod_template(const std::string& image) {
  return {{"spec",
           {{"containers", Json::array({{{"name", "app"}, {"image", image}, {"envFrom", parse(R"([
              {"configMapRef":{"name":"web"}},{"secretRef":{"name":"db"}},{"configMapRef":{"name":"extra","optional":true}}])")}}})},
            {"imagePullSecrets", parse(R"([{"name":"registry"}])")}}}};
}

Json managed_fields() {
  return parse(R"([
    {"manager":"helm","operation":"Apply","fieldsV1":{"f:spec":{"f:template":{}}}},
    {"manager":"kube-controller-manager","operation":"Update","subresource":"status","fieldsV1":{"f:status":{},"f:spec":{}}},
    {"manager":"lastgood","operation":"Update","fieldsV1":{"f:spec":{"f:template":{}}}},
    {"manager":"labeller","operation":"Update","fieldsV1":{"f:metadata":{"f:labels":{}}}},
    {"manager":"kubectl-scale","operation":"Update","subresource":"scale","fieldsV1":{"f:spec":{"f:replicas":{}}}},
    {"manager":"helm","operation":"Update","fieldsV1":{"f:spec":{"f:paused":{}}}}])");
}

Json deployment(const std::string& image = "bad", std::int64_t generation = 5) {
  return {{"metadata",
           {{"name", "web"}, {"namespace", "shop"}, {"uid", "u1"}, {"generation", generation}}},
          {"spec", {{"replicas", 3}, {"template", pod_template(image)}}}};
}

Error error(ErrorKind kind, const std::string& message = "error of the server") {
  return {.kind = kind, .message = message};
}
const char* const rbac_get_denial =
    R"(x "y" is forbidden: User "lastgood" cannot get resource "configmaps" in API group "" in the namespace "shop")";
const char* const rbac_patch_denial =
    R"(deployments.apps "web" is forbidden: User "lastgood" cannot patch resource "deployments" in API group "apps" in the namespace "shop")";

// The inputs of evaluate_preflight() when the preflight succeeds. The tests change them.
struct PreflightData {
  Result<Json> live = deployment();
  Result<Json> snapshot = *build_snapshot(
      deployment("good", 4), api::Revision{.hash = TemplateHash("good1"), .number = 4});
  std::vector<ReferenceStatus> references = {
      {.reference = {.kind = ReferenceKind::ConfigMap, .name = "web"}, .state = Exists},
      {.reference = {.kind = ReferenceKind::Secret, .name = "db"}, .state = Exists}};
  std::optional<Result<Json>> dry_run = Result<Json>(Json::object());
  AdmissionWarnings warnings = {};
  api::Deployment typed_deployment = {};
  api::Revision target = {.hash = TemplateHash("good1"), .number = 4, .snapshot = "web-good1-1a2b"};

  PreflightData() {
    typed_deployment.meta.key = {.namespace_ = "shop", .name = "web"};
    typed_deployment.meta.uid = Uid("u1");
    typed_deployment.meta.generation = 5;
  }
  [[nodiscard]] PreflightInputs inputs() const {
    return {.deployment = typed_deployment, .target = target, .live = live, .snapshot = snapshot};
  }
  [[nodiscard]] Preflight evaluated() const {
    return evaluate_preflight(inputs(), references, dry_run, warnings, now);
  }
};

using Change = void (*)(PreflightData&);

struct Row {
  const char* name;
  Change change;
  ConditionStatus ready;
  Reason reason;
  const char* message;
};

void check_rows(const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      PreflightData data;
      row.change(data);
      const auto preflight = data.evaluated();
      CHECK(preflight.ready == row.ready);
      CHECK(preflight.reason == row.reason);
      CHECK(preflight.message == row.message);
    }
  }
}

}  // namespace

TEST_CASE("evaluate_preflight returns False when the namespace would reject the pods") {
  PreflightData data;
  data.warnings.texts = {
      "unknown field \"spec.x\"",
      R"(would violate PodSecurity "restricted:latest": runAsNonRoot != true (pod must set it))"};
  const auto enforced = [](const char* level) {
    return Json{{"metadata", {{"labels", {{enforced_standard_label, level}}}}}};
  };
  data.warnings.namespace_ = enforced("restricted");
  const Preflight preflight = data.evaluated();
  CHECK(preflight.ready == ConditionStatus::False);
  CHECK(preflight.reason == Reason::PodSecurityViolation);
  CHECK(
      preflight.message ==
      R"(Revision 4 violates PodSecurity "restricted:latest": runAsNonRoot != true (pod must set )"
      "it). Namespace shop enforces a standard that forbids this, so it would reject the pods. "
      "Ship a release that complies, or change the label pod-security.kubernetes.io/enforce of the "
      "namespace");
  data.warnings.namespace_ = fail(ErrorKind::Forbidden, "no permission");
  CHECK(data.evaluated().reason == Reason::PodSecurityViolation);
  data.warnings.namespace_ = enforced("privileged");
  CHECK(data.evaluated().ready == ConditionStatus::True);
  CHECK_THAT(data.evaluated().message, Catch::Contains("The API server warns: would violate"));
  data.warnings.namespace_ = Json::object();
  CHECK(data.evaluated().ready == ConditionStatus::True);
  data.warnings = {.texts = {"unknown field \"spec.x\""}};
  CHECK(data.evaluated().ready == ConditionStatus::True);
}

TEST_CASE("evaluate_preflight returns True when the rollback would work") {
  check_rows({
      {"all references exist, and the API server admits the template", [](PreflightData&) {},
       ConditionStatus::True, Reason::Ready,
       "A rollback to revision 4 would work: the API server admits its template. Whether its "
       "images can be pulled is not known"},
      {"other field managers own fields of the spec",
       [](PreflightData& data) { (*data.live)["metadata"]["managedFields"] = managed_fields(); },
       ConditionStatus::True, Reason::Ready,
       "A rollback to revision 4 would work: the API server admits its template. Whether its "
       "images can be pulled is not known. Other field "
       "managers of the Deployment's spec: helm and kubectl-scale"},
      {"a Secret was not checked",
       [](PreflightData& data) { data.references[1].state = NotChecked; }, ConditionStatus::True,
       Reason::Ready,
       "A rollback to revision 4 would work: the API server admits its template. Whether its "
       "images can be pulled is not known. Not checked, "
       "because Lastgood may not read Secrets: Secret db"},
      {"Lastgood lacks the permission to read a Secret",
       [](PreflightData& data) { data.references[1].state = Forbidden; }, ConditionStatus::True,
       Reason::Ready,
       "A rollback to revision 4 would work: the API server admits its template. Whether its "
       "images can be pulled is not known. Not checked, "
       "because Lastgood may not read Secrets: Secret db"},
      {"a revision without a number", [](PreflightData& data) { data.target.number = 0; },
       ConditionStatus::True, Reason::Ready,
       "A rollback to revision good1 would work: the API server admits its template. Whether its "
       "images can be pulled is not known"},
  });
}

TEST_CASE("evaluate_preflight returns False and the reason when the rollback would fail") {
  check_rows({
      {"a ConfigMap is missing", [](PreflightData& data) { data.references[0].state = Missing; },
       ConditionStatus::False, Reason::MissingReference,
       "Revision 4 needs ConfigMap web, which does not exist. Create it"},
      {"a ConfigMap and a Secret are missing",
       [](PreflightData& data) { data.references[0].state = data.references[1].state = Missing; },
       ConditionStatus::False, Reason::MissingReference,
       "Revision 4 needs ConfigMap web and Secret db, which do not exist. Create them"},
      {"a ConfigMap is missing, and Lastgood lacks the permission to read a Secret",
       [](PreflightData& data) {
         data.references[0].state = Missing;
         data.references[1].state = Forbidden;
       },
       ConditionStatus::False, Reason::MissingReference,
       "Revision 4 needs ConfigMap web, which does not exist. Create it"},
      {"a ConfigMap is missing, and the dry run timed out",
       [](PreflightData& data) {
         data.references[0].state = Missing;
         data.dry_run = std::unexpected(error(ErrorKind::TimedOut));
       },
       ConditionStatus::False, Reason::MissingReference,
       "Revision 4 needs ConfigMap web, which does not exist. Create it"},
      {"admission rejects the template",
       [](PreflightData& data) {
         data.dry_run = std::unexpected(
             error(ErrorKind::Forbidden, "admission webhook \"w\" denied the request: no"));
       },
       ConditionStatus::False, Reason::AdmissionDenied,
       "The API server does not admit the template of revision 4: admission webhook \"w\" denied "
       "the request: no"},
      {"validation rejects the template",
       [](PreflightData& data) {
         data.dry_run = std::unexpected(error(ErrorKind::Invalid, "it is invalid"));
       },
       ConditionStatus::False, Reason::AdmissionDenied,
       "The API server does not admit the template of revision 4: it is invalid"},
      {"validation rejects the template, and a ConfigMap is missing",
       [](PreflightData& data) {
         data.dry_run = std::unexpected(error(ErrorKind::Invalid, "it is invalid"));
         data.references[0].state = Missing;
       },
       ConditionStatus::False, Reason::AdmissionDenied,
       "The API server does not admit the template of revision 4: it is invalid"},
      {"Lastgood lacks the permission to patch the Deployment",
       [](PreflightData& data) {
         data.dry_run = std::unexpected(error(ErrorKind::Forbidden, rbac_patch_denial));
       },
       ConditionStatus::False, Reason::Forbidden,
       "Lastgood lacks the permission to patch deployments.apps in namespace shop. Grant it to its "
       "service account"},
      {"Lastgood lacks the permission to read ConfigMaps",
       [](PreflightData& data) {
         data.references[0].state = Forbidden;
         data.references[0].error = rbac_get_denial;
       },
       ConditionStatus::False, Reason::Forbidden,
       "Lastgood lacks the permission to get configmaps in namespace shop. Grant it to its service "
       "account"},
      {"Lastgood lacks the permission to read the Deployment",
       [](PreflightData& data) { data.live = std::unexpected(error(ErrorKind::Forbidden, "no")); },
       ConditionStatus::False, Reason::Forbidden, "Lastgood may not read the Deployment: no"},
      {"Lastgood lacks the permission to read ControllerRevisions",
       [](PreflightData& data) {
         data.snapshot = std::unexpected(error(ErrorKind::Forbidden, "no"));
       },
       ConditionStatus::False, Reason::Forbidden, "Lastgood may not read ControllerRevisions: no"},
  });
}

TEST_CASE("evaluate_preflight returns False when the snapshot is missing or not valid") {
  check_rows({
      {"the snapshot was deleted",
       [](PreflightData& data) { data.snapshot = std::unexpected(error(ErrorKind::NotFound)); },
       ConditionStatus::False, Reason::SnapshotMissing,
       "Revision 4 cannot be restored: its snapshot, ControllerRevision web-good1-1a2b, was "
       "deleted"},
      {"the target has no snapshot", [](PreflightData& data) { data.target.snapshot = ""; },
       ConditionStatus::False, Reason::SnapshotInvalid,
       "Revision 4 cannot be restored: it has no snapshot"},
      {"the name of the snapshot is not valid",
       [](PreflightData& data) {
         data.snapshot = std::unexpected(error(ErrorKind::BadInput, "no name"));
       },
       ConditionStatus::False, Reason::SnapshotInvalid, "Revision 4 cannot be restored: no name"},
      {"the snapshot has no template",
       [](PreflightData& data) { data.snapshot = Json{{"metadata", {{"name", "web-x"}}}}; },
       ConditionStatus::False, Reason::SnapshotInvalid,
       "Revision 4 cannot be restored: ControllerRevision web-x has no pod template"},
      {"the snapshot is of another revision",
       [](PreflightData& data) { data.target.hash = TemplateHash("other"); },
       ConditionStatus::False, Reason::SnapshotInvalid,
       "Revision 4 cannot be restored: ControllerRevision web-good1-1a2b is the snapshot of "
       "another "
       "revision"},
      {"the snapshot is of another Deployment",
       [](PreflightData& data) {
         (*data.snapshot)["metadata"]["ownerReferences"][0]["uid"] = "u2";
       },
       ConditionStatus::False, Reason::SnapshotInvalid,
       "Revision 4 cannot be restored: ControllerRevision web-good1-1a2b is the snapshot of "
       "another "
       "revision"},
      {"the snapshot was deleted, and the Deployment is unreadable",
       [](PreflightData& data) {
         data.snapshot = std::unexpected(error(ErrorKind::NotFound));
         data.live = std::unexpected(error(ErrorKind::TimedOut));
       },
       ConditionStatus::False, Reason::SnapshotMissing,
       "Revision 4 cannot be restored: its snapshot, ControllerRevision web-good1-1a2b, was "
       "deleted"},
  });
}

TEST_CASE("evaluate_preflight returns Unknown when the API server gives no usable response") {
  check_rows({
      {"the server refuses the connection",
       [](PreflightData& data) {
         data.live = std::unexpected(error(ErrorKind::ConnectionRefused, "connection refused"));
       },
       ConditionStatus::Unknown, Reason::NotChecked,
       "Cannot read the Deployment: connection refused"},
      {"the Deployment was deleted",
       [](PreflightData& data) { data.live = std::unexpected(error(ErrorKind::NotFound)); },
       ConditionStatus::Unknown, Reason::NotChecked, "The Deployment was deleted"},
      {"the Deployment was created again",
       [](PreflightData& data) { (*data.live)["metadata"]["uid"] = "u2"; },
       ConditionStatus::Unknown, Reason::NotChecked,
       "The Deployment was deleted and created again"},
      {"the response is not a Deployment", [](PreflightData& data) { data.live = Json::array(); },
       ConditionStatus::Unknown, Reason::NotChecked,
       "The response of the API server is not a Deployment"},
      {"the snapshot is unreadable",
       [](PreflightData& data) {
         data.snapshot = std::unexpected(error(ErrorKind::Server, "etcd is down"));
       },
       ConditionStatus::Unknown, Reason::NotChecked,
       "Cannot read ControllerRevision web-good1-1a2b: etcd is down"},
      {"a ConfigMap is unreadable",
       [](PreflightData& data) {
         data.references[0].state = Unreadable;
         data.references[0].error = "too many requests";
       },
       ConditionStatus::Unknown, Reason::NotChecked,
       "Cannot read ConfigMap web: too many requests"},
      {"the dry run was not sent", [](PreflightData& data) { data.dry_run.reset(); },
       ConditionStatus::Unknown, Reason::NotChecked, "The dry run of the patch was not sent"},
      {"the dry run timed out",
       [](PreflightData& data) {
         data.dry_run = std::unexpected(error(ErrorKind::TimedOut, "timed out"));
       },
       ConditionStatus::Unknown, Reason::NotChecked, "The dry run of the patch failed: timed out"},
      {"the Deployment changed",
       [](PreflightData& data) { data.dry_run = std::unexpected(error(ErrorKind::Conflict)); },
       ConditionStatus::Unknown, Reason::NotChecked, "The Deployment changed during the preflight"},
      {"the dry run timed out, and a ConfigMap is unreadable",
       [](PreflightData& data) {
         data.dry_run = std::unexpected(error(ErrorKind::TimedOut, "timed out"));
         data.references[0].state = Unreadable;
       },
       ConditionStatus::Unknown, Reason::NotChecked, "The dry run of the patch failed: timed out"},
  });
}

TEST_CASE("evaluate_preflight returns the generation, the target and the time") {
  PreflightData data;
  data.live = deployment("bad", 7);
  const auto preflight = data.evaluated();
  CHECK(preflight.generation == 7);
  CHECK(preflight.target == "web-good1-1a2b");
  CHECK(preflight.at == now);
  data.live = std::unexpected(error(ErrorKind::ConnectionRefused));
  CHECK(data.evaluated().generation == 5);
}

TEST_CASE("evaluate_preflight returns a message of at most 1024 bytes") {
  PreflightData data;
  data.references.clear();
  for (int i = 0; i < 64; ++i)
    data.references.push_back(
        {.reference = {.name = std::string(200, 'a') + std::to_string(i)}, .state = Missing});
  CHECK(data.evaluated().message.size() <= 1024);
  CHECK(data.evaluated().message.ends_with(" and 62 more, which do not exist. Create them"));
  data.dry_run = std::unexpected(error(ErrorKind::Invalid, std::string(5000, 'x')));
  CHECK(data.evaluated().message.size() <= 1024);
}

TEST_CASE("preflight_requests has each required reference and a dry run of the template patch") {
  const PreflightData data;
  const auto requests = preflight_requests(data.inputs(), "web-5-u1");
  REQUIRE(requests.references.size() == 2);
  CHECK(requests.references[0] == Reference{.kind = ReferenceKind::ConfigMap, .name = "web"});
  CHECK(requests.references[1] == Reference{.kind = ReferenceKind::Secret, .name = "db"});
  const auto patch = template_patch(*data.live, *parse_snapshot(*data.snapshot), "web-5-u1");
  REQUIRE(requests.dry_run);
  CHECK(requests.dry_run->target == patch.target + "&dryRun=All");
  CHECK(requests.dry_run->body == patch.body);
  CHECK(requests.dry_run->content_type == patch.content_type);
  CHECK(requests.dry_run->verb == patch.verb);
}

TEST_CASE("preflight_requests is empty when the Deployment or the snapshot cannot be used") {
  for (const Change change :
       {Change([](PreflightData& data) {
          data.live = std::unexpected(error(ErrorKind::ConnectionRefused));
        }),
        Change([](PreflightData& data) {
          data.snapshot = std::unexpected(error(ErrorKind::NotFound));
        }),
        Change([](PreflightData& data) { (*data.live)["metadata"]["uid"] = "u2"; }),
        Change([](PreflightData& data) { data.target.hash = TemplateHash("other"); })}) {
    PreflightData data;
    change(data);
    const auto requests = preflight_requests(data.inputs(), "rb");
    CHECK(requests.references.empty());
    CHECK_FALSE(requests.dry_run);
  }
}

TEST_CASE("returns the state of a reference, and how long the state is cached") {
  struct ReferenceRow {
    const char* name;
    Result<Json> object;
    ReferenceState state;
    Duration lifetime;
  };
  using std::chrono::seconds;
  const std::vector<ReferenceRow> rows{
      {"the object was read", Json::object(), Exists, seconds(60)},
      {"the object does not exist", std::unexpected(error(ErrorKind::NotFound)), Missing,
       seconds(10)},
      {"the name of the object is not valid", std::unexpected(error(ErrorKind::BadInput)), Missing,
       seconds(10)},
      {"Lastgood lacks the permission to read the object",
       std::unexpected(error(ErrorKind::Forbidden)), Forbidden, seconds(60)},
      {"the server has an error", std::unexpected(error(ErrorKind::Server)), Unreadable,
       seconds(0)},
      {"the server is busy", std::unexpected(error(ErrorKind::TooManyRequests)), Unreadable,
       seconds(0)},
      {"the token is not valid", std::unexpected(error(ErrorKind::Unauthorized)), Unreadable,
       seconds(0)},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto status = reference_status({.name = "x"}, row.object);
      CHECK(status.state == row.state);
      CHECK(status.reference.name == "x");
      CHECK(cache_lifetime(status.state, seconds(20)) == row.lifetime);
    }
  }
  CHECK(cache_lifetime(Missing, seconds(19)) == std::chrono::milliseconds(500));
}

}  // namespace lastgood::rollback::test
