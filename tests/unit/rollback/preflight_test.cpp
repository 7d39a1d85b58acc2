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
  Result<Json> snapshot = *build_snapshot(deployment("good", 4),
                                      api::Revision{.hash = TemplateHash("good1"), .number = 4});
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
  [[nodiscard]] Preflight judged() const {
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
      const auto preflight = found.judged();
      CHECK(preflight.ready == row.ready);
      CHECK(preflight.reason == row.reason);
      CHECK(preflight.message == row.message);
    }
  }
}

}  // namespace

TEST_CASE("a rollback that would work is ready, and what is not known of it is said") {
  check({
      {"all is there and the server admits it", [](Found&) {}, ConditionStatus::True, Reason::Ready,
       "Revision 4 would be put back; the API server admits it"},
      {"who else manages the Deployment is named",
       [](Found& f) { (*f.live)["metadata"]["managedFields"] = managers(); }, ConditionStatus::True,
       Reason::Ready,
       "Revision 4 would be put back; the API server admits it. Also managed by helm and "
       "kubectl-scale"},
      {"a Secret is not asked for", [](Found& f) { f.references[1].state = NotChecked; },
       ConditionStatus::True, Reason::Ready,
       "Revision 4 would be put back; the API server admits it. Whether Secret db exists is not "
       "known: Lastgood may not read "
       "Secrets"},
      {"a Secret may not be read", [](Found& f) { f.references[1].state = Forbidden; },
       ConditionStatus::True, Reason::Ready,
       "Revision 4 would be put back; the API server admits it. Whether Secret db exists is not "
       "known: Lastgood may not read "
       "Secrets"},
      {"a revision without a number is known by its hash", [](Found& f) { f.target.number = 0; },
       ConditionStatus::True, Reason::Ready,
       "Revision good1 would be put back; the API server admits it"},
  });
}

TEST_CASE("a rollback that would not work is known beforehand, and why") {
  check({
      {"a ConfigMap is missing", [](Found& f) { f.references[0].state = Missing; },
       ConditionStatus::False, Reason::MissingReference,
       "Revision 4 needs ConfigMap web, which does not exist"},
      {"several are missing",
       [](Found& f) { f.references[0].state = f.references[1].state = Missing; },
       ConditionStatus::False, Reason::MissingReference,
       "Revision 4 needs ConfigMap web and Secret db, which do not exist"},
      {"one is missing, and of another it is not known",
       [](Found& f) {
         f.references[0].state = Missing;
         f.references[1].state = Forbidden;
       },
       ConditionStatus::False, Reason::MissingReference,
       "Revision 4 needs ConfigMap web, which does not exist"},
      {"one is missing, and the dry run has no answer",
       [](Found& f) {
         f.references[0].state = Missing;
         f.dry_run = std::unexpected(error(ErrorKind::TimedOut));
       },
       ConditionStatus::False, Reason::MissingReference,
       "Revision 4 needs ConfigMap web, which does not exist"},
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
       "Lastgood may not patch deployments.apps in namespace shop"},
      {"we may not read ConfigMaps",
       [](Found& f) {
         f.references[0].state = Forbidden;
         f.references[0].error = rbac;
       },
       ConditionStatus::False, Reason::Forbidden,
       "Lastgood may not get configmaps in namespace shop"},
      {"we may not read the Deployment",
       [](Found& f) { f.live = std::unexpected(error(ErrorKind::Forbidden, "no")); },
       ConditionStatus::False, Reason::Forbidden, "Lastgood may not read the Deployment: no"},
      {"we may not read what is kept",
       [](Found& f) { f.snapshot = std::unexpected(error(ErrorKind::Forbidden, "no")); },
       ConditionStatus::False, Reason::Forbidden, "Lastgood may not read ControllerRevisions: no"},
  });
}

TEST_CASE("a target that cannot be read any more is said to be lost") {
  check({
      {"what was kept is deleted",
       [](Found& f) { f.snapshot = std::unexpected(error(ErrorKind::NotFound)); },
       ConditionStatus::False, Reason::SnapshotMissing,
       "The template of revision 4 cannot be put back: ControllerRevision web-good1-1a2b does not "
       "exist any more"},
      {"it was never kept", [](Found& f) { f.target.snapshot = ""; }, ConditionStatus::False,
       Reason::SnapshotInvalid,
       "The template of revision 4 cannot be put back: no ControllerRevision keeps it"},
      {"it is kept under a name that cannot be",
       [](Found& f) { f.snapshot = std::unexpected(error(ErrorKind::BadInput, "no name")); },
       ConditionStatus::False, Reason::SnapshotInvalid,
       "The template of revision 4 cannot be put back: no name"},
      {"it keeps no template", [](Found& f) { f.snapshot = Json{{"metadata", {{"name", "web-x"}}}}; },
       ConditionStatus::False, Reason::SnapshotInvalid,
       "The template of revision 4 cannot be put back: ControllerRevision web-x holds no pod "
       "template"},
      {"it keeps another template", [](Found& f) { f.target.hash = TemplateHash("other"); },
       ConditionStatus::False, Reason::SnapshotInvalid,
       "The template of revision 4 cannot be put back: ControllerRevision web-good1-1a2b keeps "
       "another one"},
      {"it keeps another Deployment's",
       [](Found& f) { (*f.snapshot)["metadata"]["ownerReferences"][0]["uid"] = "u2"; },
       ConditionStatus::False, Reason::SnapshotInvalid,
       "The template of revision 4 cannot be put back: ControllerRevision web-good1-1a2b keeps "
       "another one"},
      {"it is deleted, and the Deployment has no answer",
       [](Found& f) {
         f.snapshot = std::unexpected(error(ErrorKind::NotFound));
         f.live = std::unexpected(error(ErrorKind::TimedOut));
       },
       ConditionStatus::False, Reason::SnapshotMissing,
       "The template of revision 4 cannot be put back: ControllerRevision web-good1-1a2b does not "
       "exist any more"},
  });
}

TEST_CASE("what could not be found out is not known, and is no reason either way") {
  check({
      {"the server is not there",
       [](Found& f) {
         f.live = std::unexpected(error(ErrorKind::ConnectionRefused, "nobody listens"));
       },
       ConditionStatus::Unknown, Reason::NotChecked,
       "The Deployment could not be read: nobody listens"},
      {"the Deployment is gone",
       [](Found& f) { f.live = std::unexpected(error(ErrorKind::NotFound)); },
       ConditionStatus::Unknown, Reason::NotChecked, "The Deployment does not exist any more"},
      {"the Deployment is another one of the same name",
       [](Found& f) { (*f.live)["metadata"]["uid"] = "u2"; }, ConditionStatus::Unknown,
       Reason::NotChecked, "The Deployment was deleted and made again under the same name"},
      {"the answer is no Deployment", [](Found& f) { f.live = Json::array(); },
       ConditionStatus::Unknown, Reason::NotChecked,
       "The answer of the API server is no Deployment"},
      {"what is kept cannot be read now",
       [](Found& f) { f.snapshot = std::unexpected(error(ErrorKind::Server, "etcd is away")); },
       ConditionStatus::Unknown, Reason::NotChecked,
       "ControllerRevision web-good1-1a2b could not be read: etcd is away"},
      {"a ConfigMap cannot be read now",
       [](Found& f) {
         f.references[0].state = Unreadable;
         f.references[0].error = "too many requests";
       },
       ConditionStatus::Unknown, Reason::NotChecked,
       "ConfigMap web could not be read: too many requests"},
      {"the dry run was not sent", [](Found& f) { f.dry_run.reset(); }, ConditionStatus::Unknown,
       Reason::NotChecked, "The dry run of the patch was not sent"},
      {"the dry run has no answer",
       [](Found& f) { f.dry_run = std::unexpected(error(ErrorKind::TimedOut, "timed out")); },
       ConditionStatus::Unknown, Reason::NotChecked,
       "The dry run of the patch could not be done: timed out"},
      {"the Deployment moved on",
       [](Found& f) { f.dry_run = std::unexpected(error(ErrorKind::Conflict)); },
       ConditionStatus::Unknown, Reason::NotChecked,
       "The Deployment changed while it was reference_status at"},
      {"nothing has an answer: the dry run's words are told",
       [](Found& f) {
         f.dry_run = std::unexpected(error(ErrorKind::TimedOut, "timed out"));
         f.references[0].state = Unreadable;
       },
       ConditionStatus::Unknown, Reason::NotChecked,
       "The dry run of the patch could not be done: timed out"},
  });
}

TEST_CASE("a preflight says of which generation, which target and which time it is") {
  Found found;
  found.live = deployment("bad", 7);
  const auto preflight = found.judged();
  CHECK(preflight.generation == 7);
  CHECK(preflight.target == "web-good1-1a2b");
  CHECK(preflight.at == now);
  found.live = std::unexpected(error(ErrorKind::ConnectionRefused));
  CHECK(found.judged().generation == 5);
}

TEST_CASE("a message stays short, however many are missing and whatever the server says") {
  Found found;
  found.references.clear();
  for (int i = 0; i < 64; ++i)
    found.references.push_back(
        {.reference = {.name = std::string(200, 'a') + std::to_string(i)}, .state = Missing});
  CHECK(found.judged().message.size() <= 1024);
  CHECK(found.judged().message.ends_with(" and 62 more, which do not exist"));
  found.dry_run = std::unexpected(error(ErrorKind::Invalid, std::string(5000, 'x')));
  CHECK(found.judged().message.size() <= 1024);
}

TEST_CASE("asked is for what must exist, and for a dry run of the very patch") {
  const Found found;
  const auto questions = preflight_requests(found.inspection(), "web-5-u1");
  REQUIRE(questions.references.size() == 2);
  CHECK(questions.references[0] == Reference{.kind = ReferenceKind::ConfigMap, .name = "web"});
  CHECK(questions.references[1] == Reference{.kind = ReferenceKind::Secret, .name = "db"});
  const auto patch = template_patch(*found.live, *parse_snapshot(*found.snapshot), "web-5-u1");
  REQUIRE(questions.dry_run);
  CHECK(questions.dry_run->target == patch.target + "&dryRun=All");
  CHECK(questions.dry_run->body == patch.body);
  CHECK(questions.dry_run->content_type == patch.content_type);
  CHECK(questions.dry_run->verb == patch.verb);
}

TEST_CASE("nothing is sent where the Deployment or what is kept cannot be used") {
  for (const Change change :
       {Change([](Found& f) { f.live = std::unexpected(error(ErrorKind::ConnectionRefused)); }),
        Change([](Found& f) { f.snapshot = std::unexpected(error(ErrorKind::NotFound)); }),
        Change([](Found& f) { (*f.live)["metadata"]["uid"] = "u2"; }),
        Change([](Found& f) { f.target.hash = TemplateHash("other"); })}) {
    Found found;
    change(found);
    const auto questions = preflight_requests(found.inspection(), "rb");
    CHECK(questions.references.empty());
    CHECK_FALSE(questions.dry_run);
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
      {"it does not exist: reference_status for again soon", std::unexpected(error(ErrorKind::NotFound)),
       Missing, seconds(10)},
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
