#include "rollback/snapshot.hpp"

#include <catch2/catch.hpp>

#include "api/constants.hpp"
#include "unit/rollback/support.hpp"

namespace lastgood::rollback::test {
namespace {

using api::Revision;
using enum api::RevisionVerdict;

const Revision revision_7{.hash = TemplateHash("5d4f8c7b6"), .number = 7};

Json good_deployment() { return load_recording("kubectl_apply").good; }

Json snapshot_json(const Json& live) { return *build_snapshot(live, revision_7); }

// `since` is in seconds.
Revision revision_with(const char* hash, api::RevisionVerdict verdict, int since,
                       const char* snapshot) {
  return {.hash = TemplateHash(hash),
          .verdict = verdict,
          .since = Time(std::chrono::seconds(since)),
          .snapshot = snapshot};
}

Json controller_revision(const char* name, const char* hash, const char* owner_uid = "u1") {
  return {{"metadata",
           {{"name", name},
            {"labels", {{api::label::deployment, "web"}}},
            {"ownerReferences", Json::array({{{"kind", "Deployment"}, {"uid", owner_uid}}})}}},
          {"data", {{"hash", hash}}}};
}

}  // namespace

TEST_CASE("build_snapshot returns a ControllerRevision whose controller is the Deployment") {
  const auto live = good_deployment();
  const auto created = snapshot_json(live);
  CHECK(created["apiVersion"] == "apps/v1");
  CHECK(created["kind"] == "ControllerRevision");
  CHECK(created["revision"] == 7);
  CHECK(created["metadata"]["namespace"] == "shop");
  CHECK(created["metadata"]["name"].get<std::string>().starts_with("web-5d4f8c7b6-"));
  CHECK(created["metadata"]["labels"] == Json{{"lastgood.dev/deployment", "web"}});
  CHECK(created["metadata"]["ownerReferences"] == Json::array({{{"apiVersion", "apps/v1"},
                                                                {"kind", "Deployment"},
                                                                {"name", "web"},
                                                                {"uid", live["metadata"]["uid"]},
                                                                {"controller", true},
                                                                {"blockOwnerDeletion", false}}}));
}

TEST_CASE("parse_snapshot returns the template, last-applied and the field ownership") {
  const auto live = good_deployment();
  const auto snapshot = *parse_snapshot(snapshot_json(live));
  CHECK(snapshot.pod_template == live["spec"]["template"]);
  CHECK(snapshot.hash.value == "5d4f8c7b6");
  CHECK(snapshot.revision == 7);
  CHECK(snapshot.deployment.value == live["metadata"]["uid"].get<std::string>());
  CHECK(*snapshot.last_applied ==
        live["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]
            .get<std::string>());
  REQUIRE(snapshot.managers.size() == 1);
  CHECK(snapshot.managers[0]["manager"] == "kubectl-client-side-apply");
  const auto& fields = snapshot.managers[0]["fieldsV1"];
  CHECK(fields["f:spec"].size() == 1);
  CHECK(fields["f:spec"].contains("f:template"));
  CHECK(fields["f:metadata"] ==
        Json{{"f:annotations",
              {{"f:kubectl.kubernetes.io/last-applied-configuration", Json::object()}}}});
}

TEST_CASE("build_snapshot stores neither pod-template-hash nor the fields that Lastgood owns") {
  auto live = good_deployment();
  live["spec"]["template"]["metadata"]["labels"]["pod-template-hash"] = "5d4f8c7b6";
  auto own_entry = live["metadata"]["managedFields"][0];
  own_entry["manager"] = "lastgood";
  own_entry["fieldsV1"] = {{"f:spec", {{"f:template", Json::object()}}}};
  live["metadata"]["managedFields"].push_back(own_entry);
  CHECK(snapshot_json(live)["data"] == snapshot_json(good_deployment())["data"]);
}

TEST_CASE("snapshots have the same name only when they have the same content") {
  const auto live = good_deployment();
  const auto name_of = [](const Json& deployment) {
    return snapshot_json(deployment)["metadata"]["name"];
  };
  auto scaled_later = live;
  for (auto& entry : scaled_later["metadata"]["managedFields"])
    entry["time"] = "2030-01-01T00:00:00Z";
  scaled_later["metadata"]["resourceVersion"] = "99999";
  scaled_later["spec"]["replicas"] = 17;
  CHECK(name_of(scaled_later) == name_of(live));
  CHECK(is_same_snapshot(snapshot_json(scaled_later), snapshot_json(live)));

  auto with_other_manager = live;
  for (auto& entry : with_other_manager["metadata"]["managedFields"])
    entry["manager"] = "argocd-controller";
  CHECK(name_of(with_other_manager) != name_of(live));
  CHECK_FALSE(is_same_snapshot(snapshot_json(with_other_manager), snapshot_json(live)));

  auto created_again = live;
  created_again["metadata"]["uid"] = "another";
  CHECK(name_of(created_again) != name_of(live));
}

TEST_CASE("build_snapshot shortens a long name, and the label stays unique") {
  auto live = good_deployment();
  live["metadata"]["name"] = std::string(240, 'a') + "-.b";
  const auto name = snapshot_json(live)["metadata"]["name"].get<std::string>();
  const auto label =
      snapshot_json(live)["metadata"]["labels"][api::label::deployment].get<std::string>();
  CHECK(name.size() <= 253);
  CHECK(name.find("-5d4f8c7b6-") != std::string::npos);
  CHECK(label.size() <= 63);
  CHECK(snapshot_selector(live["metadata"]["name"].get<std::string>()) ==
        "lastgood.dev/deployment=" + label);
  CHECK(snapshot_selector("web") == "lastgood.dev/deployment=web");
  live["metadata"]["name"] = std::string(240, 'a') + "-.c";
  CHECK(snapshot_json(live)["metadata"]["labels"][api::label::deployment] != label);
}

TEST_CASE("returns an error when the JSON is not a Deployment or not a snapshot") {
  for (const auto* text :
       {"null", "[]", "3", "{}", R"({"metadata":{"name":"web","uid":"u1"},"spec":{"template":3}})"})
    CHECK_FALSE(build_snapshot(parse(text), revision_7).has_value());
  for (const auto* text : {"null", "[]", R"({"metadata":{"name":"x"},"data":[]})",
                           R"({"metadata":{"name":"x"},"data":{"template":{"spec":{}}}})",
                           R"({"metadata":[],"data":{"template":{"spec":{"containers":[]}}}})"})
    CHECK_FALSE(parse_snapshot(parse(text)).has_value());
}

TEST_CASE("snapshots_to_delete keeps the snapshots of the two newest good revisions") {
  api::GuardStatus status;
  status.deployment_uid = Uid("u1");
  status.revisions = {revision_with("e", RolledBack, 50, "web-e"),
                      revision_with("d", Good, 40, "web-d"), revision_with("c", Superseded, 30, ""),
                      revision_with("b", PresumedGood, 20, "web-b"),
                      revision_with("a", Good, 10, "web-a")};
  const std::vector<Json> controller_revisions{
      controller_revision("web-e", "e"),      controller_revision("web-d", "d"),
      controller_revision("web-d-old", "d"),  controller_revision("web-b", "b"),
      controller_revision("web-a", "a"),      controller_revision("web-x", "x"),
      controller_revision("other", "a", "u2")};
  using Names = std::vector<std::string>;
  CHECK(snapshots_to_delete(controller_revisions, status, nullptr) ==
        Names{"web-e", "web-d-old", "web-a", "web-x"});

  SECTION("keeps the target of a Rollback that is not finished") {
    api::Rollback rollback;
    rollback.spec.to.snapshot = "web-a";
    CHECK(snapshots_to_delete(controller_revisions, status, &rollback) ==
          Names{"web-e", "web-d-old", "web-x"});
    rollback.status.phase = api::RollbackPhase::Failed;
    CHECK(snapshots_to_delete(controller_revisions, status, &rollback) ==
          Names{"web-e", "web-d-old", "web-a", "web-x"});
  }
  SECTION("keeps the snapshot of the last good revision") {
    status.last_good = status.revisions[4];
    CHECK(snapshots_to_delete(controller_revisions, status, nullptr) ==
          Names{"web-e", "web-d-old", "web-x"});
  }
  SECTION("keeps a snapshot that the status does not name yet") {
    status.revisions[1].snapshot = "";
    CHECK(snapshots_to_delete(controller_revisions, status, nullptr) == Names{"web-e", "web-x"});
  }
  SECTION("keeps the snapshot of the current revision while it is evaluated") {
    status.current = revision_with("x", Evaluating, 60, "web-x");
    CHECK(snapshots_to_delete(controller_revisions, status, nullptr) ==
          Names{"web-e", "web-d-old", "web-a"});
    status.current->verdict = Breached;
    CHECK(snapshots_to_delete(controller_revisions, status, nullptr) ==
          Names{"web-e", "web-d-old", "web-a", "web-x"});
  }
  SECTION("keeps the revision with the newest verdict when an old revision becomes good again") {
    status.revisions[4].since = Time(std::chrono::seconds(60));
    CHECK(snapshots_to_delete(controller_revisions, status, nullptr) ==
          Names{"web-e", "web-d-old", "web-b", "web-x"});
  }
  SECTION("deletes nothing without the uid of the Deployment") {
    status.deployment_uid = Uid();
    CHECK(snapshots_to_delete(controller_revisions, status, nullptr).empty());
  }
}

}  // namespace lastgood::rollback::test
