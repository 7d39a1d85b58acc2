// Whether a rollback would work now: every way in which it would not, and what is only not known.
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

Error error(ErrorKind kind, const std::string& message = "the server's words") {
  return {.kind = kind, .message = message};
}
const char* const rbac =
    R"(x "y" is forbidden: User "lastgood" cannot get resource "configmaps" in API group "" in the namespace "shop")";
const char* const rbac_patch =
    R"(deployments.apps "web" is forbidden: User "lastgood" cannot patch resource "deployments" in API group "apps" in the namespace "shop")";

// Everything is as it should be, but for what a row changes.
struct Found {
  Result<Json> live = deployment();
  Result<Json> snapshot = *build_snapshot(
      deployment("good", 4), api::Revision{.hash = TemplateHash("good1"), .number = 4});
  std::vector<ReferenceStatus> references = {
      {.reference = {.kind = ReferenceKind::ConfigMap, .name = "web"}, .state = Exists},
      {.reference = {.kind = ReferenceKind::Secret, .name = "db"}, .state = Exists}};
  std::optional<Result<Json>> dry_run = Result<Json>(Json::object());
  api::Deployment asked = {};
  api::Revision target = {.hash = TemplateHash("good1"), .number = 4, .snapshot = "web-good1-1a2b"};

  Found() {
    asked.meta.key = {.namespace_ = "shop", .name = "web"};
    asked.meta.uid = Uid("u1");
    asked.meta.generation = 5;
  }
  [[nodiscard]] PreflightInputs inspection() const {
    return {.deployment = asked, .target = target, .live = live, .snapshot = snapshot};
  }
  [[nodiscard]] Preflight evaluated() const {
    return evaluate_preflight(inspection(), references, dry_run, now);
  }
};

using Change = void (*)(Found&);

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
      Found found;
      row.change(found);
      const auto preflight = found.evaluated();
      CHECK(preflight.ready == row.ready);
      CHECK(preflight.reason == row.reason);
      CHECK(preflight.message == row.message);
    }
  }
}

}  // namespace

TEST_CASE("is ready when the rollback would work, and names what was not checked") {
  check({
      {"all is there and the server admits it", [](Found&) {}, ConditionStatus::True, Reason::Ready,
       "A rollback to revision 4 would work: the API server admits its template"},
      {"who else manages the Deployment is named",
       [](Found& f) { (*f.live)["metadata"]["managedFields"] = managers(); }, ConditionStatus::True,
       Reason::Ready,
       "A rollback to revision 4 would work: the API server admits its template. Other managers of "
       "the Deployment: helm and kubectl-scale"},
      {"a Secret is not asked for", [](Found& f) { f.references[1].state = NotChecked; },
       ConditionStatus::True, Reason::Ready,
       "A rollback to revision 4 would work: the API server admits its template. Not checked, "
       "because Lastgood may not read Secrets: Secret db"},
      {"a Secret may not be read", [](Found& f) { f.references[1].state = Forbidden; },
       ConditionStatus::True, Reason::Ready,
       "A rollback to revision 4 would work: the API server admits its template. Not checked, "
       "because Lastgood may not read Secrets: Secret db"},
      {"a revision without a number is known by its hash", [](Found& f) { f.target.number = 0; },
       ConditionStatus::True, Reason::Ready,
       "A rollback to revision good1 would work: the API server admits its template"},
  });
}

TEST_CASE("is not ready when the rollback would fail, and says why") {
  check({
      {"a ConfigMap is missing", [](Found& f) { f.references[0].state = Missing; },
       ConditionStatus::False, Reason::MissingReference,
       "Revision 4 needs ConfigMap web, which does not exist. Create it"},
      {"several are missing",
       [](Found& f) { f.references[0].state = f.references[1].state = Missing; },
       ConditionStatus::False, Reason::MissingReference,
       "Revision 4 needs ConfigMap web and Secret db, which do not exist. Create them"},
      {"one is missing, and of another it is not known",
       [](Found& f) {
         f.references[0].state = Missing;
         f.references[1].state = Forbidden;
       },
       ConditionStatus::False, Reason::MissingReference,
       "Revision 4 needs ConfigMap web, which does not exist. Create it"},
      {"one is missing, and the dry run has no answer",
       [](Found& f) {
         f.references[0].state = Missing;
         f.dry_run = std::unexpected(error(ErrorKind::TimedOut));
       },
       ConditionStatus::False, Reason::MissingReference,
       "Revision 4 needs ConfigMap web, which does not exist. Create it"},
      {"an admission refuses the template",
       [](Found& f) {
         f.dry_run = std::unexpected(
             error(ErrorKind::Forbidden, "admission webhook \"w\" denied the request: no"));
       },
       ConditionStatus::False, Reason::AdmissionDenied,
       "The API server does not admit the template of revision 4: admission webhook \"w\" denied "
       "the request: no"},
      {"validation refuses the template",
       [](Found& f) { f.dry_run = std::unexpected(error(ErrorKind::Invalid, "it is invalid")); },
       ConditionStatus::False, Reason::AdmissionDenied,
       "The API server does not admit the template of revision 4: it is invalid"},
      {"the template is refused, and something is missing too",
       [](Found& f) {
         f.dry_run = std::unexpected(error(ErrorKind::Invalid, "it is invalid"));
         f.references[0].state = Missing;
       },
       ConditionStatus::False, Reason::AdmissionDenied,
       "The API server does not admit the template of revision 4: it is invalid"},
      {"we may not patch the Deployment",
       [](Found& f) { f.dry_run = std::unexpected(error(ErrorKind::Forbidden, rbac_patch)); },
       ConditionStatus::False, Reason::Forbidden,
       "Lastgood lacks the permission to patch deployments.apps in namespace shop. Grant it to its "
       "service account"},
      {"we may not read ConfigMaps",
       [](Found& f) {
         f.references[0].state = Forbidden;
         f.references[0].error = rbac;
       },
       ConditionStatus::False, Reason::Forbidden,
       "Lastgood lacks the permission to get configmaps in namespace shop. Grant it to its service "
       "account"},
      {"we may not read the Deployment",
       [](Found& f) { f.live = std::unexpected(error(ErrorKind::Forbidden, "no")); },
       ConditionStatus::False, Reason::Forbidden, "Lastgood may not read the Deployment: no"},
      {"we may not read what is kept",
       [](Found& f) { f.snapshot = std::unexpected(error(ErrorKind::Forbidden, "no")); },
       ConditionStatus::False, Reason::Forbidden, "Lastgood may not read ControllerRevisions: no"},
  });
}

TEST_CASE("is not ready when the snapshot is missing or not valid") {
  check({
      {"what was kept is deleted",
       [](Found& f) { f.snapshot = std::unexpected(error(ErrorKind::NotFound)); },
       ConditionStatus::False, Reason::SnapshotMissing,
       "Revision 4 cannot be restored: its snapshot, ControllerRevision web-good1-1a2b, was "
       "deleted"},
      {"it was never kept", [](Found& f) { f.target.snapshot = ""; }, ConditionStatus::False,
       Reason::SnapshotInvalid, "Revision 4 cannot be restored: it has no snapshot"},
      {"it is kept under a name that cannot be",
       [](Found& f) { f.snapshot = std::unexpected(error(ErrorKind::BadInput, "no name")); },
       ConditionStatus::False, Reason::SnapshotInvalid, "Revision 4 cannot be restored: no name"},
      {"it keeps no template",
       [](Found& f) { f.snapshot = Json{{"metadata", {{"name", "web-x"}}}}; },
       ConditionStatus::False, Reason::SnapshotInvalid,
       "Revision 4 cannot be restored: ControllerRevision web-x has no pod template"},
      {"it keeps another template", [](Found& f) { f.target.hash = TemplateHash("other"); },
       ConditionStatus::False, Reason::SnapshotInvalid,
       "Revision 4 cannot be restored: ControllerRevision web-good1-1a2b is the snapshot of "
       "another "
       "revision"},
      {"it keeps another Deployment's",
       [](Found& f) { (*f.snapshot)["metadata"]["ownerReferences"][0]["uid"] = "u2"; },
       ConditionStatus::False, Reason::SnapshotInvalid,
       "Revision 4 cannot be restored: ControllerRevision web-good1-1a2b is the snapshot of "
       "another "
       "revision"},
      {"it is deleted, and the Deployment has no answer",
       [](Found& f) {
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
      {"the server is not there",
       [](Found& f) {
         f.live = std::unexpected(error(ErrorKind::ConnectionRefused, "nobody listens"));
       },
       ConditionStatus::Unknown, Reason::NotChecked, "Cannot read the Deployment: nobody listens"},
      {"the Deployment is gone",
       [](Found& f) { f.live = std::unexpected(error(ErrorKind::NotFound)); },
       ConditionStatus::Unknown, Reason::NotChecked, "The Deployment was deleted"},
      {"the Deployment is another one of the same name",
       [](Found& f) { (*f.live)["metadata"]["uid"] = "u2"; }, ConditionStatus::Unknown,
       Reason::NotChecked, "The Deployment was deleted and created again"},
      {"the answer is no Deployment", [](Found& f) { f.live = Json::array(); },
       ConditionStatus::Unknown, Reason::NotChecked,
       "The response of the API server is not a Deployment"},
      {"what is kept cannot be read now",
       [](Found& f) { f.snapshot = std::unexpected(error(ErrorKind::Server, "etcd is away")); },
       ConditionStatus::Unknown, Reason::NotChecked,
       "Cannot read ControllerRevision web-good1-1a2b: etcd is away"},
      {"a ConfigMap cannot be read now",
       [](Found& f) {
         f.references[0].state = Unreadable;
         f.references[0].error = "too many requests";
       },
       ConditionStatus::Unknown, Reason::NotChecked,
       "Cannot read ConfigMap web: too many requests"},
      {"the dry run was not sent", [](Found& f) { f.dry_run.reset(); }, ConditionStatus::Unknown,
       Reason::NotChecked, "The dry run of the patch was not sent"},
      {"the dry run has no answer",
       [](Found& f) { f.dry_run = std::unexpected(error(ErrorKind::TimedOut, "timed out")); },
       ConditionStatus::Unknown, Reason::NotChecked, "The dry run of the patch failed: timed out"},
      {"the Deployment moved on",
       [](Found& f) { f.dry_run = std::unexpected(error(ErrorKind::Conflict)); },
       ConditionStatus::Unknown, Reason::NotChecked, "The Deployment changed during the preflight"},
      {"nothing has an answer: the dry run's words are told",
       [](Found& f) {
         f.dry_run = std::unexpected(error(ErrorKind::TimedOut, "timed out"));
         f.references[0].state = Unreadable;
       },
       ConditionStatus::Unknown, Reason::NotChecked, "The dry run of the patch failed: timed out"},
  });
}

TEST_CASE("has the generation, the target and the time of the preflight") {
  Found found;
  found.live = deployment("bad", 7);
  const auto preflight = found.evaluated();
  CHECK(preflight.generation == 7);
  CHECK(preflight.target == "web-good1-1a2b");
  CHECK(preflight.at == now);
  found.live = std::unexpected(error(ErrorKind::ConnectionRefused));
  CHECK(found.evaluated().generation == 5);
}

TEST_CASE("keeps the message within its bound") {
  Found found;
  found.references.clear();
  for (int i = 0; i < 64; ++i)
    found.references.push_back(
        {.reference = {.name = std::string(200, 'a') + std::to_string(i)}, .state = Missing});
  CHECK(found.evaluated().message.size() <= 1024);
  CHECK(found.evaluated().message.ends_with(" and 62 more, which do not exist. Create them"));
  found.dry_run = std::unexpected(error(ErrorKind::Invalid, std::string(5000, 'x')));
  CHECK(found.evaluated().message.size() <= 1024);
}

TEST_CASE("requests each required reference and a dry run of the same patch") {
  const Found found;
  const auto requests = preflight_requests(found.inspection(), "web-5-u1");
  REQUIRE(requests.references.size() == 2);
  CHECK(requests.references[0] == Reference{.kind = ReferenceKind::ConfigMap, .name = "web"});
  CHECK(requests.references[1] == Reference{.kind = ReferenceKind::Secret, .name = "db"});
  const auto patch = template_patch(*found.live, *parse_snapshot(*found.snapshot), "web-5-u1");
  REQUIRE(requests.dry_run);
  CHECK(requests.dry_run->target == patch.target + "&dryRun=All");
  CHECK(requests.dry_run->body == patch.body);
  CHECK(requests.dry_run->content_type == patch.content_type);
  CHECK(requests.dry_run->verb == patch.verb);
}

TEST_CASE("requests nothing when the Deployment or the snapshot cannot be used") {
  for (const Change change :
       {Change([](Found& f) { f.live = std::unexpected(error(ErrorKind::ConnectionRefused)); }),
        Change([](Found& f) { f.snapshot = std::unexpected(error(ErrorKind::NotFound)); }),
        Change([](Found& f) { (*f.live)["metadata"]["uid"] = "u2"; }),
        Change([](Found& f) { f.target.hash = TemplateHash("other"); })}) {
    Found found;
    change(found);
    const auto requests = preflight_requests(found.inspection(), "rb");
    CHECK(requests.references.empty());
    CHECK_FALSE(requests.dry_run);
  }
}

TEST_CASE("an answer about an object says whether it exists, and how long that is believed") {
  struct Answer {
    const char* name;
    Result<Json> object;
    ReferenceState state;
    Duration believed;
  };
  using std::chrono::seconds;
  const std::vector<Answer> rows{
      {"it was read", Json::object(), Exists, seconds(60)},
      {"it does not exist: reference_status for again soon",
       std::unexpected(error(ErrorKind::NotFound)), Missing, seconds(10)},
      {"it cannot exist under such a name", std::unexpected(error(ErrorKind::BadInput)), Missing,
       seconds(10)},
      {"it may not be read", std::unexpected(error(ErrorKind::Forbidden)), Forbidden, seconds(60)},
      {"the server is ill: asked again at once", std::unexpected(error(ErrorKind::Server)),
       Unreadable, seconds(0)},
      {"the server is busy", std::unexpected(error(ErrorKind::TooManyRequests)), Unreadable,
       seconds(0)},
      {"our token is not known", std::unexpected(error(ErrorKind::Unauthorized)), Unreadable,
       seconds(0)},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto seen = reference_status({.name = "x"}, row.object);
      CHECK((seen.state == row.state));
      CHECK(seen.reference.name == "x");
      CHECK(cache_lifetime(seen.state) == row.believed);
    }
  }
}

}  // namespace lastgood::rollback::test
