#include "rollback/snapshot.hpp"

#include <catch2/catch.hpp>

#include "api/constants.hpp"
#include "unit/rollback/support.hpp"

namespace lastgood::rollback::test {
namespace {

using api::Revision;
using enum api::RevisionVerdict;

Revision revision(const char* hash = "5d4f8c7b6", std::int64_t number = 7) {
  return {.hash = TemplateHash(hash), .number = number};
}

Json good() { return recorded("kubectl_apply").good; }

Json snapshot_json(const Json& live) { return *build_snapshot(live, revision()); }

Revision known(const char* hash, api::RevisionVerdict verdict, int since, const char* snapshot) {
  return {.hash = TemplateHash(hash),
          .verdict = verdict,
          .since = Time(std::chrono::seconds(since)),
          .snapshot = snapshot};
}

Json item(const char* name, const char* hash, const char* owner = "u1") {
  return {{"metadata",
           {{"name", name},
            {"labels", {{api::label::deployment, "web"}}},
            {"ownerReferences", Json::array({{{"kind", "Deployment"}, {"uid", owner}}})}}},
          {"data", {{"hash", hash}}}};
}

}  // namespace

TEST_CASE(
    "builds a ControllerRevision that its Deployment owns and that no other controller adopts") {
  const auto live = good();
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

TEST_CASE("reads back the template, kubectl's annotation and the field ownership of a snapshot") {
  const auto live = good();
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

TEST_CASE("stores neither pod-template-hash nor the fields that Lastgood owns") {
  auto live = good();
  live["spec"]["template"]["metadata"]["labels"]["pod-template-hash"] = "5d4f8c7b6";
  auto own_entry = live["metadata"]["managedFields"][0];
  own_entry["manager"] = "lastgood";
  own_entry["fieldsV1"] = {{"f:spec", {{"f:template", Json::object()}}}};
  live["metadata"]["managedFields"].push_back(own_entry);
  CHECK(snapshot_json(live)["data"] == snapshot_json(good())["data"]);
}

TEST_CASE("gives the same content the same name, and other content another name") {
  const auto live = good();
  const auto name_of = [](const Json& deployment) {
    return snapshot_json(deployment)["metadata"]["name"];
  };
  auto later = live;
  for (auto& entry : later["metadata"]["managedFields"]) entry["time"] = "2030-01-01T00:00:00Z";
  later["metadata"]["resourceVersion"] = "99999";
  later["spec"]["replicas"] = 17;
  CHECK(name_of(later) == name_of(live));
  CHECK(is_same_snapshot(snapshot_json(later), snapshot_json(live)));

  auto taken_over = live;
  for (auto& entry : taken_over["metadata"]["managedFields"])
    entry["manager"] = "argocd-controller";
  CHECK(name_of(taken_over) != name_of(live));
  CHECK_FALSE(is_same_snapshot(snapshot_json(taken_over), snapshot_json(live)));

  auto created_again = live;
  created_again["metadata"]["uid"] = "another";
  CHECK(name_of(created_again) != name_of(live));
}

TEST_CASE("shortens a long name to a valid and unique one") {
  auto live = good();
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

TEST_CASE("returns an error for JSON that is not a Deployment or not a snapshot") {
  for (const auto* text :
       {"null", "[]", "3", "{}", R"({"metadata":{"name":"web","uid":"u1"},"spec":{"template":3}})"})
    CHECK_FALSE(build_snapshot(parse(text), revision()).has_value());
  for (const auto* text : {"null", "[]", R"({"metadata":{"name":"x"},"data":[]})",
                           R"({"metadata":{"name":"x"},"data":{"template":{"spec":{}}}})",
                           R"({"metadata":[],"data":{"template":{"spec":{"containers":[]}}}})"})
    CHECK_FALSE(parse_snapshot(parse(text)).has_value());
}

TEST_CASE("snapshots_to_delete keeps the two newest good revisions and needed snapshots") {
  api::GuardStatus status;
  status.deployment_uid = Uid("u1");
  status.revisions = {known("e", RolledBack, 50, "web-e"), known("d", Good, 40, "web-d"),
                      known("c", Superseded, 30, ""), known("b", PresumedGood, 20, "web-b"),
                      known("a", Good, 10, "web-a")};
  const std::vector<Json> items{item("web-e", "e"),      item("web-d", "d"), item("web-d-old", "d"),
                                item("web-b", "b"),      item("web-a", "a"), item("web-x", "x"),
                                item("other", "a", "u2")};
  using Names = std::vector<std::string>;
  CHECK(snapshots_to_delete(items, status, nullptr) ==
        Names{"web-e", "web-d-old", "web-a", "web-x"});

  SECTION("keeps the target of a Rollback that is not finished") {
    api::Rollback rollback;
    rollback.spec.to.snapshot = "web-a";
    CHECK(snapshots_to_delete(items, status, &rollback) == Names{"web-e", "web-d-old", "web-x"});
    rollback.status.phase = api::RollbackPhase::Failed;
    CHECK(snapshots_to_delete(items, status, &rollback) ==
          Names{"web-e", "web-d-old", "web-a", "web-x"});
  }
  SECTION("keeps the snapshot of the last good revision") {
    status.last_good = status.revisions[4];
    CHECK(snapshots_to_delete(items, status, nullptr) == Names{"web-e", "web-d-old", "web-x"});
  }
  SECTION("keeps a snapshot that the status does not name yet") {
    status.revisions[1].snapshot = "";
    CHECK(snapshots_to_delete(items, status, nullptr) == Names{"web-e", "web-x"});
  }
  SECTION("counts the age of a revision from its last verdict") {
    status.revisions[4].since = Time(std::chrono::seconds(60));
    CHECK(snapshots_to_delete(items, status, nullptr) ==
          Names{"web-e", "web-d-old", "web-b", "web-x"});
  }
  SECTION("deletes nothing without the uid of the Deployment") {
    status.deployment_uid = Uid();
    CHECK(snapshots_to_delete(items, status, nullptr).empty());
  }
}

}  // namespace lastgood::rollback::test
