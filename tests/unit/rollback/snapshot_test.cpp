// What is kept of a proven revision, under which name, and what of it may be deleted.
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

Json keep(const Json& live) { return *build_snapshot(live, revision()); }

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
  const auto made = keep(live);
  CHECK(made["apiVersion"] == "apps/v1");
  CHECK(made["kind"] == "ControllerRevision");
  CHECK(made["revision"] == 7);
  CHECK(made["metadata"]["namespace"] == "shop");
  CHECK(made["metadata"]["name"].get<std::string>().starts_with("web-5d4f8c7b6-"));
  CHECK(made["metadata"]["labels"] == Json{{"lastgood.dev/deployment", "web"}});
  CHECK(made["metadata"]["ownerReferences"] == Json::array({{{"apiVersion", "apps/v1"},
                                                             {"kind", "Deployment"},
                                                             {"name", "web"},
                                                             {"uid", live["metadata"]["uid"]},
                                                             {"controller", true},
                                                             {"blockOwnerDeletion", false}}}));
}

TEST_CASE("reads back the template, kubectl's annotation and the field ownership of a snapshot") {
  const auto live = good();
  const auto kept = *parse_snapshot(keep(live));
  CHECK(kept.pod_template == live["spec"]["template"]);
  CHECK(kept.hash.value == "5d4f8c7b6");
  CHECK(kept.revision == 7);
  CHECK(kept.deployment.value == live["metadata"]["uid"].get<std::string>());
  CHECK(*kept.last_applied ==
        live["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]
            .get<std::string>());
  REQUIRE(kept.managers.size() == 1);
  CHECK(kept.managers[0]["manager"] == "kubectl-client-side-apply");
  const auto& fields = kept.managers[0]["fieldsV1"];
  CHECK(fields["f:spec"].size() == 1);
  CHECK(fields["f:spec"].contains("f:template"));
  CHECK(fields["f:metadata"] ==
        Json{{"f:annotations",
              {{"f:kubectl.kubernetes.io/last-applied-configuration", Json::object()}}}});
}

TEST_CASE("pod-template-hash is not kept, and what we own ourselves is not either") {
  auto live = good();
  live["spec"]["template"]["metadata"]["labels"]["pod-template-hash"] = "5d4f8c7b6";
  auto ours = live["metadata"]["managedFields"][0];
  ours["manager"] = "lastgood";
  ours["fieldsV1"] = {{"f:spec", {{"f:template", Json::object()}}}};
  live["metadata"]["managedFields"].push_back(ours);
  CHECK(keep(live)["data"] == keep(good())["data"]);
}

TEST_CASE("the same content has the same name, and any other content another") {
  const auto live = good();
  const auto name_of = [](const Json& deployment) { return keep(deployment)["metadata"]["name"]; };
  auto later = live;
  for (auto& entry : later["metadata"]["managedFields"]) entry["time"] = "2030-01-01T00:00:00Z";
  later["metadata"]["resourceVersion"] = "99999";
  later["spec"]["replicas"] = 17;
  CHECK(name_of(later) == name_of(live));
  CHECK(is_same_snapshot(keep(later), keep(live)));

  auto taken_over = live;
  for (auto& entry : taken_over["metadata"]["managedFields"])
    entry["manager"] = "argocd-controller";
  CHECK(name_of(taken_over) != name_of(live));
  CHECK_FALSE(is_same_snapshot(keep(taken_over), keep(live)));

  auto made_again = live;
  made_again["metadata"]["uid"] = "another";
  CHECK(name_of(made_again) != name_of(live));
}

TEST_CASE("a long name is cut to what Kubernetes admits, and stays its own") {
  auto live = good();
  live["metadata"]["name"] = std::string(240, 'a') + "-.b";
  const auto name = keep(live)["metadata"]["name"].get<std::string>();
  const auto label = keep(live)["metadata"]["labels"][api::label::deployment].get<std::string>();
  CHECK(name.size() <= 253);
  CHECK(name.find("-5d4f8c7b6-") != std::string::npos);
  CHECK(label.size() <= 63);
  CHECK(snapshot_selector(live["metadata"]["name"].get<std::string>()) ==
        "lastgood.dev/deployment=" + label);
  CHECK(snapshot_selector("web") == "lastgood.dev/deployment=web");
  live["metadata"]["name"] = std::string(240, 'a') + "-.c";
  CHECK(keep(live)["metadata"]["labels"][api::label::deployment] != label);
}

TEST_CASE("what is no Deployment is not kept, and what keeps no template is not read") {
  for (const auto* text :
       {"null", "[]", "3", "{}", R"({"metadata":{"name":"web","uid":"u1"},"spec":{"template":3}})"})
    CHECK_FALSE(build_snapshot(parse(text), revision()).has_value());
  for (const auto* text : {"null", "[]", R"({"metadata":{"name":"x"},"data":[]})",
                           R"({"metadata":{"name":"x"},"data":{"template":{"spec":{}}}})",
                           R"({"metadata":[],"data":{"template":{"spec":{"containers":[]}}}})"})
    CHECK_FALSE(parse_snapshot(parse(text)).has_value());
}

TEST_CASE("of all that is kept only the two newest good revisions and what is needed stay") {
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

  SECTION("the target of a rollback that is not finished stays") {
    api::Rollback rollback;
    rollback.spec.to.snapshot = "web-a";
    CHECK(snapshots_to_delete(items, status, &rollback) == Names{"web-e", "web-d-old", "web-x"});
    rollback.status.phase = api::RollbackPhase::Failed;
    CHECK(snapshots_to_delete(items, status, &rollback) ==
          Names{"web-e", "web-d-old", "web-a", "web-x"});
  }
  SECTION("what the status includes the last good stays") {
    status.last_good = status.revisions[4];
    CHECK(snapshots_to_delete(items, status, nullptr) == Names{"web-e", "web-d-old", "web-x"});
  }
  SECTION("a kept template that the status does not name yet stays") {
    status.revisions[1].snapshot = "";
    CHECK(snapshots_to_delete(items, status, nullptr) == Names{"web-e", "web-x"});
  }
  SECTION("proven again after it was put back, a revision is the newest") {
    status.revisions[4].since = Time(std::chrono::seconds(60));
    CHECK(snapshots_to_delete(items, status, nullptr) ==
          Names{"web-e", "web-d-old", "web-b", "web-x"});
  }
  SECTION("nothing is deleted for a Deployment that is not known") {
    status.deployment_uid = Uid();
    CHECK(snapshots_to_delete(items, status, nullptr).empty());
  }
}

}  // namespace lastgood::rollback::test
