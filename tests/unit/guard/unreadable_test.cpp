// Which Deployments are left alone because of an object that cannot be read.
#include "guard/unreadable.hpp"

#include <catch2/catch.hpp>

#include "guard/state.hpp"
#include "unit/guard/fixtures.hpp"

using namespace lastgood;
using namespace lastgood::guard;
using namespace lastgood::guard::test;

namespace {

const Key web{.namespace_ = "shop", .name = "web"};

api::Deployment deployment(const char* name = "web", const char* namespace_ = "shop") {
  api::Deployment out;
  out.meta.key = {.namespace_ = namespace_, .name = name};
  out.meta.uid = Uid(std::string(name) + "-uid");
  return out;
}

api::Rollback rollback(const char* name, const char* of, const char* problem = "") {
  api::Rollback out{.meta = {.key = {.namespace_ = "shop", .name = name}}, .problem = problem};
  out.meta.uid = Uid(std::string(name) + "-uid");
  out.spec.deployment = of;
  return out;
}

struct Cluster {
  kube::Stores stores;
  UnreadableObjects objects;

  std::string blocks(const api::Deployment& of) {
    objects.update(stores);
    const auto found = objects.blocks(of, stores);
    return found ? found->kind + " " + found->key.name : "";
  }
};

}  // namespace

TEST_CASE("leaves a Deployment alone when its guard cannot be read") {
  Cluster cluster;
  cluster.stores.guards.upsert({.meta = {.key = web}, .problem = "status.state: \"Newer\""});
  CHECK(cluster.blocks(deployment()) == "DeploymentGuard web");
  CHECK(cluster.blocks(deployment("web", "other")).empty());
  CHECK(cluster.blocks(deployment("api")).empty());
  CHECK(cluster.objects.guards() == 1);
  CHECK(cluster.objects.rollbacks() == 0);
}

TEST_CASE("leaves a Deployment alone when a Rollback that may be its own cannot be read") {
  struct Row {
    const char* name;
    const char* rollback;
    const char* of;     // spec.deployment; empty: it cannot be read
    const char* owner;  // uid
    bool is_web;
    bool is_web_api;
  };
  const Row row = GENERATE(values<Row>({
      {"spec.deployment names it", "undo", "web", "", true, false},
      {"spec.deployment names another one", "web-2-405d", "web-api", "", false, true},
      {"its owner is the Deployment", "undo", "", "web-uid", true, false},
      {"only its name says so", "web-2-405d", "", "", true, false},
      {"its name may be that of two", "web-api-2-405d", "", "", true, true},
      {"nothing names a Deployment", "undo", "", "", false, false},
  }));
  CAPTURE(row.name);
  Cluster cluster;
  api::Rollback unreadable = rollback(row.rollback, row.of, "spec.mode: \"Newer\"");
  unreadable.meta.owner = Uid(row.owner);
  cluster.stores.rollbacks.upsert(unreadable);
  CHECK(cluster.blocks(deployment()).empty() != row.is_web);
  CHECK(cluster.blocks(deployment("web-api")).empty() != row.is_web_api);
  CHECK(cluster.blocks(deployment("web", "other")).empty());
}

TEST_CASE("leaves a Deployment alone when its guard names a Rollback that cannot be read") {
  for (const bool is_pending : {false, true}) {
    Cluster cluster;
    api::DeploymentGuard guard{.meta = {.key = web}};
    (is_pending ? guard.status.edit().pending : guard.status.edit().rollback) = "undo";
    cluster.stores.guards.upsert(guard);
    cluster.stores.rollbacks.upsert(rollback("undo", "", "spec: is a list, expected an object"));
    CHECK(cluster.blocks(deployment()) == "Rollback undo");
  }
}

TEST_CASE("leaves a member alone when the Rollback of its initiator cannot be read") {
  Cluster cluster;
  api::Rollback member = rollback("web-3-405d", "web");
  member.spec.caused_by = "api-7-1b4e";
  cluster.stores.rollbacks.upsert(member);
  cluster.stores.rollbacks.upsert(rollback("api-7-1b4e", "api", "status.phase: \"Newer\""));
  CHECK(cluster.blocks(deployment()) == "Rollback api-7-1b4e");
  member.status.phase = api::RollbackPhase::Succeeded;
  cluster.stores.rollbacks.upsert(member);
  CHECK(cluster.blocks(deployment()).empty());
}

TEST_CASE("reports an unreadable object once, and again when its problem changes") {
  Cluster cluster;
  const auto update = [&] { return cluster.objects.update(cluster.stores); };
  cluster.stores.rollbacks.upsert(rollback("undo", "web", "first"));
  CHECK(update() == std::vector<UnreadableObject>{
                        {.kind = "Rollback", .key = {"shop", "undo"}, .problem = "first"}});
  CHECK(update().empty());
  cluster.stores.rollbacks.upsert(rollback("undo", "web", "second"));
  CHECK(update().size() == 1);
  cluster.stores.rollbacks.upsert(rollback("undo", "web"));
  CHECK(update().empty());
  CHECK(cluster.objects.rollbacks() == 0);
  CHECK(cluster.blocks(deployment()).empty());
}

TEST_CASE("says which object cannot be read, why, what follows and what to do") {
  const api::EventRecord event =
      event_of({.kind = "Rollback", .key = {"shop", "undo"}, .problem = "spec.mode: \"Newer\""});
  CHECK(event.type == api::EventType::Warning);
  CHECK(event.reason == Reason::StateUnreadable);
  CHECK(event.note ==
        "Rollback undo cannot be read: spec.mode: \"Newer\". Nothing is done with this Deployment "
        "until it can be read: install the version of Lastgood that wrote it, or correct or delete "
        "it");
}

TEST_CASE("takes a Rollback that cannot be read neither as a request nor as a record") {
  const api::Rollback unreadable = rollback("undo", "web", "spec.mode: \"Newer\"");
  CHECK_FALSE(is_request(unreadable));
  kube::Stores stores;
  stores.rollbacks.upsert(unreadable);
  CHECK(records_of(deployment(), stores).empty());
  api::Rollback bound = unreadable;
  bound.spec.deployment_uid = deployment().meta.uid;
  bound.spec.generation = 2;
  CHECK_FALSE(concerns(bound, deployment(), {}));
  bound.problem.clear();
  CHECK(concerns(bound, deployment(), {}));
}
