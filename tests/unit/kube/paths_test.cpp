// Paths on an API server, and names that are not valid in them.
#include "kube/paths.hpp"

#include <catch2/catch.hpp>

using namespace lastgood;
using namespace lastgood::kube;

namespace {
const Key web{.namespace_ = "shop", .name = "web"};
}

TEST_CASE("returns the path of an object or a collection in the API group of its kind") {
  CHECK(object_path(Resource::Deployment, web).value() ==
        "/apis/apps/v1/namespaces/shop/deployments/web");
  CHECK(object_path(Resource::Pod, web).value() == "/api/v1/namespaces/shop/pods/web");
  CHECK(object_path(Resource::ConfigMap, web).value() == "/api/v1/namespaces/shop/configmaps/web");
  CHECK(object_path(Resource::ControllerRevision, web).value() ==
        "/apis/apps/v1/namespaces/shop/controllerrevisions/web");
  CHECK(object_path(Resource::Lease, web).value() ==
        "/apis/coordination.k8s.io/v1/namespaces/shop/leases/web");
  CHECK(object_path(Resource::DeploymentGuard, web, Subresource::Status).value() ==
        "/apis/lastgood.dev/v1alpha1/namespaces/shop/deploymentguards/web/status");
  CHECK(collection_path(Resource::RollbackPolicy, "").value() ==
        "/apis/lastgood.dev/v1alpha1/rollbackpolicies");
  CHECK(collection_path(Resource::Event, "shop").value() ==
        "/apis/events.k8s.io/v1/namespaces/shop/events");
  CHECK(object_path(Resource::Secret, web).value() == "/api/v1/namespaces/shop/secrets/web");
  CHECK(object_path(Resource::ServiceAccount, web).value() ==
        "/api/v1/namespaces/shop/serviceaccounts/web");
  CHECK(object_path(Resource::PersistentVolumeClaim, web).value() ==
        "/api/v1/namespaces/shop/persistentvolumeclaims/web");
  CHECK(std::string(kind_of(Resource::ReplicaSet)) == "ReplicaSet");
  CHECK(std::string(api_version_of(Resource::Service)) == "v1");
}

TEST_CASE("rejects a name that is not valid in a path, and quotes it in the error") {
  for (const std::string hostile :
       {"", ".", "..", "a/b", "a%2Fb", "web?watch=1", "web#x", "we b", "web\n", "w\xc3\xa9"}) {
    CAPTURE(hostile);
    for (const auto& call :
         {get(Resource::ConfigMap, {"shop", hostile}),
          remove(Resource::Pod, {"shop", hostile}, Uid("u")),
          patch(Resource::Deployment, {"shop", hostile}, api::json_patch, "[]")}) {
      REQUIRE_FALSE(call);
      CHECK(call.error().kind == ErrorKind::BadInput);
    }
    if (hostile.empty()) continue;
    CHECK_FALSE(list(Resource::Pod, hostile));
    CHECK_FALSE(create(Resource::Rollback, hostile, Json::object()));
  }
  CHECK(get(Resource::ConfigMap, {"shop", "../secrets/x"})
            .error()
            .message.contains("\"../secrets/x\""));
  CHECK_FALSE(get(Resource::ConfigMap, {"shop", std::string(254, 'a')}));
  CHECK(get(Resource::ConfigMap, {"shop", std::string(253, 'a')}));
}

TEST_CASE("requests only the metadata with get_metadata") {
  const auto call = get_metadata(Resource::Secret, web).value();
  CHECK(call.verb == api::Verb::Get);
  CHECK(call.target == "/api/v1/namespaces/shop/secrets/web");
  CHECK(call.metadata_only);
  CHECK_FALSE(get(Resource::Secret, web).value().metadata_only);
  CHECK_FALSE(get_metadata(Resource::Secret, {"shop", "../configmaps/x"}));
}

TEST_CASE("percent-encodes a label selector so that it cannot add a query parameter") {
  const auto call = list(Resource::Pod, "shop", "app=web,tier in (a,b),!x&limit=1").value();
  CHECK(call.target ==
        "/api/v1/namespaces/shop/"
        "pods?labelSelector=app%3Dweb%2Ctier%20in%20%28a%2Cb%29%2C%21x%26limit%3D1");
  CHECK(list(Resource::Pod, "shop").value().target == "/api/v1/namespaces/shop/pods");
}

TEST_CASE("does not send a resource version when there is a continue token") {
  const ListOptions first{
      .limit = 500, .resource_version = "7", .resource_version_match = "NotOlderThan"};
  CHECK(list_call("/x", first).target ==
        "/x?limit=500&resourceVersion=7&resourceVersionMatch=NotOlderThan");
  ListOptions next = first;
  next.continue_ = "a+/=";
  CHECK(list_call("/x", next).target == "/x?limit=500&continue=a%2B%2F%3D");
}

TEST_CASE("requests bookmarks for a watch, and initial events for a watch list") {
  CHECK(watch_call("/x", {.resource_version = "7", .timeout_seconds = 321}).target ==
        "/x?watch=true&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=321");
  CHECK(watch_call("/x", {.initial_events = true, .timeout_seconds = 300}).target ==
        "/x?watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch="
        "NotOlderThan&timeoutSeconds=300");
}

TEST_CASE("sends the field manager with each write, and the uid with a deletion") {
  const Json body{{"a", 1}};
  const auto created = create(Resource::Rollback, "shop", body).value();
  CHECK(created.verb == api::Verb::Post);
  CHECK(created.target ==
        "/apis/lastgood.dev/v1alpha1/namespaces/shop/rollbacks?fieldManager=lastgood");
  CHECK(created.body == R"({"a":1})");
  const auto patched = patch(Resource::Deployment, web, api::json_patch, "[]").value();
  CHECK(patched.verb == api::Verb::Patch);
  CHECK(patched.target == "/apis/apps/v1/namespaces/shop/deployments/web?fieldManager=lastgood");
  CHECK(patched.content_type == "application/json-patch+json");
  const auto updated = update(Resource::DeploymentGuard, web, body, Subresource::Status).value();
  CHECK(updated.verb == api::Verb::Put);
  CHECK(updated.target.ends_with("/web/status?fieldManager=lastgood"));
  const auto removed = remove(Resource::ControllerRevision, web, Uid("u-1")).value();
  CHECK(removed.verb == api::Verb::Delete);
  CHECK(Json::parse(removed.body)["preconditions"]["uid"] == "u-1");
}
