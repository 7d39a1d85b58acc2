// The revisions whose pods are needed, and which pods belong to a revision.
#include "guard/pods_wanted.hpp"

#include <catch2/catch.hpp>

using namespace lastgood;
using namespace lastgood::guard;

namespace {

const Key web{.namespace_ = "shop", .name = "web"};

api::Pod pod(const std::string& replica_set, const std::string& hash, const std::string& uid) {
  api::Pod made{.replica_set = replica_set};
  made.meta.key = {.namespace_ = "shop", .name = replica_set + "-x1"};
  made.meta.labels = {{"pod-template-hash", hash}};
  made.meta.owner = Uid(uid);
  return made;
}

api::Revision revision(const std::string& hash) {
  return {.hash = TemplateHash(hash), .replica_set = Uid("set-1")};
}

}  // namespace

TEST_CASE("wants the pods of every revision, first the current one and the one before") {
  api::Deployment deployment;
  deployment.meta.key = web;
  deployment.meta.resource_version = ResourceVersion("42");
  api::GuardStatus guard{.state = api::State::Evaluating, .current = revision("new")};
  guard.last_good = revision("good");
  guard.revisions = {revision("new"), revision("before"), revision("good"), revision("old")};
  policy::EffectivePolicy policy{.kind = policy::EffectivePolicy::Kind::RollbackPolicy};
  const auto all = pods_wanted(deployment, policy, guard);
  REQUIRE(all);
  CHECK(all->deployment == web);
  const std::vector<TemplateHash> hashes{TemplateHash("new"), TemplateHash("before"),
                                         TemplateHash("good"), TemplateHash("old")};
  CHECK(all->hashes == hashes);
  CHECK(all->not_older_than == ResourceVersion("42"));
  CHECK_FALSE(pods_wanted(deployment, {}, guard));
  guard.state = api::State::Idle;
  CHECK_FALSE(pods_wanted(deployment, policy, guard));
}

TEST_CASE("confirms failures by a live list, except while a rollback is held") {
  CHECK(confirms_by_list({.state = api::State::Evaluating}));
  CHECK(confirms_by_list({.state = api::State::Verifying}));
  CHECK_FALSE(confirms_by_list({.state = api::State::Held}));
}

TEST_CASE("a pod belongs to a revision by its hash and the name of its ReplicaSet") {
  CHECK(is_pod_of(pod("web-h1", "h1", "set-1"), web, revision("h1")));
  // The ReplicaSet was deleted and created again.
  CHECK(is_pod_of(pod("web-h1", "h1", "set-2"), web, revision("h1")));
  // Another Deployment of the namespace has the same template.
  CHECK_FALSE(is_pod_of(pod("api-h1", "h1", "set-2"), web, revision("h1")));
  // The Deployment adopted a ReplicaSet with another name.
  CHECK(is_pod_of(pod("old-name", "h1", "set-1"), web, revision("h1")));
  CHECK_FALSE(is_pod_of(pod("web-h1", "h2", "set-1"), web, revision("h1")));
  CHECK_FALSE(is_pod_of(pod("", "h1", "set-1"), web, revision("h1")));
  api::Pod elsewhere = pod("web-h1", "h1", "set-2");
  elsewhere.meta.key.namespace_ = "other";
  CHECK_FALSE(is_pod_of(elsewhere, web, revision("h1")));
}
