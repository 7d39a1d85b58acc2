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

Json managers() {
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
const char* const rbac =
    R"(x "y" is forbidden: User "lastgood" cannot get resource "configmaps" in API group "" in the namespace "shop")";
const char* const rbac_patch =
    R"(deployments.apps "web" is forbidden: User "lastgood" cannot patch resource "deployments" in API group "apps" in the namespace "shop")";

// The results of a preflight that succeeds. Each row changes one.
struct Results {
  Result<Json> live = deployment();
  Result<Json> snapshot = *build_snapshot(
      deployment("good", 4), api::Revision{.hash = TemplateHash("good1"), .number = 4});
  std::vector<ReferenceStatus> references = {
      {.reference = {.kind = ReferenceKind::ConfigMap, .name = "web"}, .state = Exists},
      {.reference = {.kind = ReferenceKind::Secret, .name = "db"}, .state = Exists}};
  std::optional<Result<Json>> dry_run = Result<Json>(Json::object());
  api::Deployment known = {};
  api::Revision target = {.hash = TemplateHash("good1"), .number = 4, .snapshot = "web-good1-1a2b"};

  Results() {
    known.meta.key = {.namespace_ = "shop", .name = "web"};
    known.meta.uid = Uid("u1");
    known.meta.generation = 5;
  }
  [[nodiscard]] PreflightInputs inputs() const {
    return {.deployment = known, .target = target, .live = live, .snapshot = snapshot};
  }
  [[nodiscard]] Preflight evaluated() const {
    return evaluate_preflight(inputs(), references, dry_run, now);
  }
};

using Change = void (*)(Results&);

struct Row {
  const char* name;
  Change change;
  ConditionStatus ready;
  Reason reason;
  const char* message;
};

void check(const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      Results results;
      row.change(results);
      const auto preflight = results.evaluated();
      CHECK(preflight.ready == row.ready);
      CHECK(preflight.reason == row.reason);
      CHECK(preflight.message == row.message);
    }
  }
}

}  // namespace

TEST_CASE("is ready when the rollback would work, and names what was not checked") {
  check({
      {"all objects exist, and the server admits the template", [](Results&) {},
       ConditionStatus::True, Reason::Ready,
       "A rollback to revision 4 would work: the API server admits its template"},
      {"other managers of the Deployment",
       [](Results& f) { (*f.live)["metadata"]["managedFields"] = managers(); },
       ConditionStatus::True, Reason::Ready,
       "A rollback to revision 4 would work: the API server admits its template. Other managers of "
       "the Deployment: helm and kubectl-scale"},
      {"a Secret is not checked", [](Results& f) { f.references[1].state = NotChecked; },
       ConditionStatus::True, Reason::Ready,
       "A rollback to revision 4 would work: the API server admits its template. Not checked, "
       "because Lastgood may not read Secrets: Secret db"},
      {"a Secret may not be read", [](Results& f) { f.references[1].state = Forbidden; },
       ConditionStatus::True, Reason::Ready,
       "A rollback to revision 4 would work: the API server admits its template. Not checked, "
       "because Lastgood may not read Secrets: Secret db"},
      {"a revision without a number", [](Results& f) { f.target.number = 0; },
       ConditionStatus::True, Reason::Ready,
       "A rollback to revision good1 would work: the API server admits its template"},
  });
}

TEST_CASE("is not ready when the rollback would fail, and says why") {
  check({
      {"a ConfigMap is missing", [](Results& f) { f.references[0].state = Missing; },
       ConditionStatus::False, Reason::MissingReference,
       "Revision 4 needs ConfigMap web, which does not exist. Create it"},
      {"two objects are missing",
       [](Results& f) { f.references[0].state = f.references[1].state = Missing; },
       ConditionStatus::False, Reason::MissingReference,
       "Revision 4 needs ConfigMap web and Secret db, which do not exist. Create them"},
      {"one is missing, and one may not be read",
       [](Results& f) {
         f.references[0].state = Missing;
         f.references[1].state = Forbidden;
       },
       ConditionStatus::False, Reason::MissingReference,
       "Revision 4 needs ConfigMap web, which does not exist. Create it"},
      {"one is missing, and the dry run timed out",
       [](Results& f) {
         f.references[0].state = Missing;
         f.dry_run = std::unexpected(error(ErrorKind::TimedOut));
       },
       ConditionStatus::False, Reason::MissingReference,
       "Revision 4 needs ConfigMap web, which does not exist. Create it"},
      {"admission rejects the template",
       [](Results& f) {
         f.dry_run = std::unexpected(
             error(ErrorKind::Forbidden, "admission webhook \"w\" denied the request: no"));
       },
       ConditionStatus::False, Reason::AdmissionDenied,
       "The API server does not admit the template of revision 4: admission webhook \"w\" denied "
       "the request: no"},
      {"validation rejects the template",
       [](Results& f) { f.dry_run = std::unexpected(error(ErrorKind::Invalid, "it is invalid")); },
       ConditionStatus::False, Reason::AdmissionDenied,
       "The API server does not admit the template of revision 4: it is invalid"},
      {"the template is rejected, and an object is missing",
       [](Results& f) {
         f.dry_run = std::unexpected(error(ErrorKind::Invalid, "it is invalid"));
         f.references[0].state = Missing;
       },
       ConditionStatus::False, Reason::AdmissionDenied,
       "The API server does not admit the template of revision 4: it is invalid"},
      {"the Deployment may not be patched",
       [](Results& f) { f.dry_run = std::unexpected(error(ErrorKind::Forbidden, rbac_patch)); },
       ConditionStatus::False, Reason::Forbidden,
       "Lastgood lacks the permission to patch deployments.apps in namespace shop. Grant it to its "
       "service account"},
      {"ConfigMaps may not be read",
       [](Results& f) {
         f.references[0].state = Forbidden;
         f.references[0].error = rbac;
       },
       ConditionStatus::False, Reason::Forbidden,
       "Lastgood lacks the permission to get configmaps in namespace shop. Grant it to its service "
       "account"},
      {"the Deployment may not be read",
       [](Results& f) { f.live = std::unexpected(error(ErrorKind::Forbidden, "no")); },
       ConditionStatus::False, Reason::Forbidden, "Lastgood may not read the Deployment: no"},
      {"ControllerRevisions may not be read",
       [](Results& f) { f.snapshot = std::unexpected(error(ErrorKind::Forbidden, "no")); },
       ConditionStatus::False, Reason::Forbidden, "Lastgood may not read ControllerRevisions: no"},
  });
}

TEST_CASE("is not ready when the snapshot is missing or not valid") {
  check({
      {"the snapshot was deleted",
       [](Results& f) { f.snapshot = std::unexpected(error(ErrorKind::NotFound)); },
       ConditionStatus::False, Reason::SnapshotMissing,
       "Revision 4 cannot be restored: its snapshot, ControllerRevision web-good1-1a2b, was "
       "deleted"},
      {"there is no snapshot", [](Results& f) { f.target.snapshot = ""; }, ConditionStatus::False,
       Reason::SnapshotInvalid, "Revision 4 cannot be restored: it has no snapshot"},
      {"the name of the snapshot is not valid",
       [](Results& f) { f.snapshot = std::unexpected(error(ErrorKind::BadInput, "no name")); },
       ConditionStatus::False, Reason::SnapshotInvalid, "Revision 4 cannot be restored: no name"},
      {"the snapshot has no template",
       [](Results& f) { f.snapshot = Json{{"metadata", {{"name", "web-x"}}}}; },
       ConditionStatus::False, Reason::SnapshotInvalid,
       "Revision 4 cannot be restored: ControllerRevision web-x has no pod template"},
      {"the snapshot is of another revision",
       [](Results& f) { f.target.hash = TemplateHash("other"); }, ConditionStatus::False,
       Reason::SnapshotInvalid,
       "Revision 4 cannot be restored: ControllerRevision web-good1-1a2b is the snapshot of "
       "another "
       "revision"},
      {"the snapshot is of another Deployment",
       [](Results& f) { (*f.snapshot)["metadata"]["ownerReferences"][0]["uid"] = "u2"; },
       ConditionStatus::False, Reason::SnapshotInvalid,
       "Revision 4 cannot be restored: ControllerRevision web-good1-1a2b is the snapshot of "
       "another "
       "revision"},
      {"the snapshot was deleted, and the Deployment is unreadable",
       [](Results& f) {
         f.snapshot = std::unexpected(error(ErrorKind::NotFound));
         f.live = std::unexpected(error(ErrorKind::TimedOut));
       },
       ConditionStatus::False, Reason::SnapshotMissing,
       "Revision 4 cannot be restored: its snapshot, ControllerRevision web-good1-1a2b, was "
       "deleted"},
  });
}

TEST_CASE("is Unknown when the API server gives no usable response") {
  check({
      {"the server refuses the connection",
       [](Results& f) {
         f.live = std::unexpected(error(ErrorKind::ConnectionRefused, "connection refused"));
       },
       ConditionStatus::Unknown, Reason::NotChecked,
       "Cannot read the Deployment: connection refused"},
      {"the Deployment was deleted",
       [](Results& f) { f.live = std::unexpected(error(ErrorKind::NotFound)); },
       ConditionStatus::Unknown, Reason::NotChecked, "The Deployment was deleted"},
      {"the Deployment was created again", [](Results& f) { (*f.live)["metadata"]["uid"] = "u2"; },
       ConditionStatus::Unknown, Reason::NotChecked,
       "The Deployment was deleted and created again"},
      {"the response is not a Deployment", [](Results& f) { f.live = Json::array(); },
       ConditionStatus::Unknown, Reason::NotChecked,
       "The response of the API server is not a Deployment"},
      {"the snapshot is unreadable",
       [](Results& f) { f.snapshot = std::unexpected(error(ErrorKind::Server, "etcd is down")); },
       ConditionStatus::Unknown, Reason::NotChecked,
       "Cannot read ControllerRevision web-good1-1a2b: etcd is down"},
      {"a ConfigMap is unreadable",
       [](Results& f) {
         f.references[0].state = Unreadable;
         f.references[0].error = "too many requests";
       },
       ConditionStatus::Unknown, Reason::NotChecked,
       "Cannot read ConfigMap web: too many requests"},
      {"the dry run was not sent", [](Results& f) { f.dry_run.reset(); }, ConditionStatus::Unknown,
       Reason::NotChecked, "The dry run of the patch was not sent"},
      {"the dry run timed out",
       [](Results& f) { f.dry_run = std::unexpected(error(ErrorKind::TimedOut, "timed out")); },
       ConditionStatus::Unknown, Reason::NotChecked, "The dry run of the patch failed: timed out"},
      {"the Deployment changed",
       [](Results& f) { f.dry_run = std::unexpected(error(ErrorKind::Conflict)); },
       ConditionStatus::Unknown, Reason::NotChecked, "The Deployment changed during the preflight"},
      {"the dry run timed out, and a ConfigMap is unreadable",
       [](Results& f) {
         f.dry_run = std::unexpected(error(ErrorKind::TimedOut, "timed out"));
         f.references[0].state = Unreadable;
       },
       ConditionStatus::Unknown, Reason::NotChecked, "The dry run of the patch failed: timed out"},
  });
}

TEST_CASE("has the generation, the target and the time of the preflight") {
  Results results;
  results.live = deployment("bad", 7);
  const auto preflight = results.evaluated();
  CHECK(preflight.generation == 7);
  CHECK(preflight.target == "web-good1-1a2b");
  CHECK(preflight.at == now);
  results.live = std::unexpected(error(ErrorKind::ConnectionRefused));
  CHECK(results.evaluated().generation == 5);
}

TEST_CASE("keeps the message within its bound") {
  Results results;
  results.references.clear();
  for (int i = 0; i < 64; ++i)
    results.references.push_back(
        {.reference = {.name = std::string(200, 'a') + std::to_string(i)}, .state = Missing});
  CHECK(results.evaluated().message.size() <= 1024);
  CHECK(results.evaluated().message.ends_with(" and 62 more, which do not exist. Create them"));
  results.dry_run = std::unexpected(error(ErrorKind::Invalid, std::string(5000, 'x')));
  CHECK(results.evaluated().message.size() <= 1024);
}

TEST_CASE("requests each required reference and a dry run of the same patch") {
  const Results results;
  const auto requests = preflight_requests(results.inputs(), "web-5-u1");
  REQUIRE(requests.references.size() == 2);
  CHECK(requests.references[0] == Reference{.kind = ReferenceKind::ConfigMap, .name = "web"});
  CHECK(requests.references[1] == Reference{.kind = ReferenceKind::Secret, .name = "db"});
  const auto patch = template_patch(*results.live, *parse_snapshot(*results.snapshot), "web-5-u1");
  REQUIRE(requests.dry_run);
  CHECK(requests.dry_run->target == patch.target + "&dryRun=All");
  CHECK(requests.dry_run->body == patch.body);
  CHECK(requests.dry_run->content_type == patch.content_type);
  CHECK(requests.dry_run->verb == patch.verb);
}

TEST_CASE("requests nothing when the Deployment or the snapshot cannot be used") {
  for (const Change change :
       {Change([](Results& f) { f.live = std::unexpected(error(ErrorKind::ConnectionRefused)); }),
        Change([](Results& f) { f.snapshot = std::unexpected(error(ErrorKind::NotFound)); }),
        Change([](Results& f) { (*f.live)["metadata"]["uid"] = "u2"; }),
        Change([](Results& f) { f.target.hash = TemplateHash("other"); })}) {
    Results results;
    change(results);
    const auto requests = preflight_requests(results.inputs(), "rb");
    CHECK(requests.references.empty());
    CHECK_FALSE(requests.dry_run);
  }
}

TEST_CASE("reference_status has the state of an object, and cache_lifetime its lifetime") {
  struct Read {
    const char* name;
    Result<Json> object;
    ReferenceState state;
    Duration lifetime;
  };
  using std::chrono::seconds;
  const std::vector<Read> rows{
      {"it was read", Json::object(), Exists, seconds(60)},
      {"it does not exist", std::unexpected(error(ErrorKind::NotFound)), Missing, seconds(10)},
      {"its name is not valid", std::unexpected(error(ErrorKind::BadInput)), Missing, seconds(10)},
      {"it may not be read", std::unexpected(error(ErrorKind::Forbidden)), Forbidden, seconds(60)},
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
      CHECK(cache_lifetime(status.state) == row.lifetime);
    }
  }
}

}  // namespace lastgood::rollback::test
