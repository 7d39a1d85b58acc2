// Behaviors of writes: which are accepted, which are rejected with which error, and the metadata
// that they change.
#include <fmt/format.h>

#include <array>

#include "conformance/behaviors.hpp"

namespace lastgood::conformance {

namespace asio = boost::asio;

namespace {

asio::awaitable<Failure> create_sets_metadata(ConformanceClient& client) {
  const auto created = co_await client.create(Resource::Deployment, "web", deployment("app:v1"));
  if (!created) co_return failure_of(created);
  if (text(*created, "/metadata/uid").empty() ||
      text(*created, "/metadata/resourceVersion").empty())
    co_return "the object has no uid or no resourceVersion";
  if (text(*created, "/metadata/creationTimestamp").empty())
    co_return "the object has no creationTimestamp";
  co_return generation(*created) == 1 ? success
                                      : fmt::format("the generation is {}", generation(*created));
}

asio::awaitable<Failure> create_existing(ConformanceClient& client) {
  co_await client.create(Resource::ConfigMap, "a", config_map("one"));
  co_return expect_error(co_await client.create(Resource::ConfigMap, "a", config_map("one")),
                         ErrorKind::AlreadyExists, 409);
}

asio::awaitable<Failure> create_without_name(ConformanceClient& client) {
  Json body = config_map("one");
  body["apiVersion"] = "v1";
  body["kind"] = "ConfigMap";
  const auto call = kube::create(Resource::ConfigMap, client.namespace_, body);
  co_return expect_error(co_await client.call(call), ErrorKind::Invalid, 422);
}

asio::awaitable<Failure> json_patch_test_fails(ConformanceClient& client) {
  co_await client.create(Resource::Deployment, "web", deployment("app:v1"));
  const Json image = add_operation("/spec/template/spec/containers/0/image", "app:v2");
  for (const Json& failing_test :
       {test_operation("/metadata/uid", "another"), test_operation("/metadata/generation", 9),
        test_operation("/metadata/resourceVersion", "1")}) {
    const auto response =
        co_await client.patch(Resource::Deployment, "web", Json::array({failing_test, image}));
    if (const Failure failure = expect_error(response, ErrorKind::Invalid, 422); !failure.empty())
      co_return failure;
  }
  const auto now = co_await client.get(Resource::Deployment, "web");
  if (!now) co_return failure_of(now);
  co_return text(*now, "/spec/template/spec/containers/0/image") == "app:v1"
      ? success
      : "the patch changed the template although its test failed";
}

asio::awaitable<Failure> generation_increases(ConformanceClient& client) {
  const auto created = co_await client.create(Resource::Deployment, "web", deployment("app:v1"));
  if (!created) co_return failure_of(created);
  const Json patch = Json::array({test_operation("/metadata/uid", text(*created, "/metadata/uid")),
                                  test_operation("/metadata/generation", 1),
                                  add_operation("/spec/template/spec/containers/0/image", "app:v2"),
                                  add_operation("/metadata/annotations/mark", "x")});
  const auto template_changed = co_await client.patch(Resource::Deployment, "web", patch);
  if (!template_changed) co_return failure_of(template_changed);
  if (generation(*template_changed) != 2)
    co_return fmt::format("the generation is {} after a change of the template",
                          generation(*template_changed));
  const auto annotated =
      co_await client.patch(Resource::Deployment, "web",
                            Json::array({add_operation("/metadata/annotations/note", "second")}));
  if (!annotated) co_return failure_of(annotated);
  if (generation(*annotated) != 3)
    co_return fmt::format("the generation is {} after a change of an annotation",
                          generation(*annotated));
  const auto labelled = co_await client.patch(
      Resource::Deployment, "web", Json::array({add_operation("/metadata/labels", {{"a", "b"}})}));
  if (!labelled) co_return failure_of(labelled);
  co_return generation(*labelled) == 3
      ? success
      : fmt::format("the generation is {} after a change of a label", generation(*labelled));
}

asio::awaitable<Failure> outdated_version(ConformanceClient& client) {
  const auto created = co_await client.create(Resource::ConfigMap, "a", config_map("one"));
  if (!created) co_return failure_of(created);
  const std::string version = text(*created, "/metadata/resourceVersion");
  co_await client.patch(Resource::ConfigMap, "a", Json::array({add_operation("/data/a", "2")}));
  const auto patched = co_await client.patch(
      Resource::ConfigMap, "a",
      Json::array({{{"op", "replace"}, {"path", "/metadata/resourceVersion"}, {"value", version}},
                   add_operation("/data/a", "3")}));
  if (const Failure failure = expect_error(patched, ErrorKind::Conflict, 409); !failure.empty())
    co_return failure;
  co_return expect_error(
      co_await client.call(kube::update(Resource::ConfigMap, client.key("a"), *created)),
      ErrorKind::Conflict, 409);
}

asio::awaitable<Failure> lease_conflict(ConformanceClient& client) {
  const auto created =
      co_await client.create(Resource::Lease, "lease", {{"spec", {{"holderIdentity", "one"}}}});
  if (!created) co_return failure_of(created);
  Json with_new_holder = *created;
  with_new_holder["spec"]["holderIdentity"] = "two";
  const auto acquired =
      co_await client.call(kube::update(Resource::Lease, client.key("lease"), with_new_holder));
  if (!acquired) co_return failure_of(acquired);
  if (text(*acquired, "/spec/holderIdentity") != "two") co_return "the holder did not change";
  co_return expect_error(
      co_await client.call(kube::update(Resource::Lease, client.key("lease"), with_new_holder)),
      ErrorKind::Conflict, 409);
}

asio::awaitable<Failure> write_without_change(ConformanceClient& client) {
  const auto created = co_await client.create(Resource::ConfigMap, "a", config_map("one"));
  const auto unchanged =
      co_await client.patch(Resource::ConfigMap, "a", Json::array({add_operation("/data/a", "1")}));
  if (!created) co_return failure_of(created);
  if (!unchanged) co_return failure_of(unchanged);
  const bool is_same_version =
      text(*created, "/metadata/resourceVersion") == text(*unchanged, "/metadata/resourceVersion");
  co_return is_same_version ? success : "the resourceVersion changed";
}

const Json* template_ownership_of(const Json& object, const std::string& manager) {
  for (const Json& entry : object["metadata"]["managedFields"]) {
    if (text(entry, "/manager") == manager &&
        entry.contains(JsonPointer("/fieldsV1/f:spec/f:template")))
      return &entry;
  }
  return nullptr;
}

// Removes the entry of `manager` from managedFields. Tries again if a controller wrote the status
// after the read, because this write changes the resourceVersion.
asio::awaitable<Result<Json>> remove_ownership(ConformanceClient& client, std::string manager) {
  constexpr int max_attempts = 20;
  for (int attempt = 1;; ++attempt) {
    auto now = co_await client.get(Resource::Deployment, "web");
    if (!now) co_return now;
    Json entries = Json::array();
    for (const Json& entry : (*now)["metadata"]["managedFields"]) {
      if (text(entry, "/manager") != manager) entries.push_back(entry);
    }
    const Json patch = Json::array(
        {test_operation("/metadata/resourceVersion", text(*now, "/metadata/resourceVersion")),
         {{"op", "replace"}, {"path", "/metadata/managedFields"}, {"value", entries}}});
    auto removed = co_await client.patch(Resource::Deployment, "web", patch);
    const bool is_outdated = !removed && removed.error().kind == ErrorKind::Invalid;
    if (!is_outdated || attempt == max_attempts) co_return removed;
  }
}

asio::awaitable<Failure> field_ownership(ConformanceClient& client) {
  co_await client.create(Resource::Deployment, "web", deployment("app:v1"));
  const Json image =
      Json::array({add_operation("/spec/template/spec/containers/0/image", "app:v2")});
  const std::string target = kube::object_path(Resource::Deployment, client.key("web")).value() +
                             "?fieldManager=other-manager";
  const auto changed =
      co_await client.call(api::ApiCall{.verb = api::Verb::Patch,
                                        .target = target,
                                        .body = image.dump(),
                                        .content_type = std::string(api::json_patch)});
  if (!changed) co_return failure_of(changed);
  const auto now = co_await client.get(Resource::Deployment, "web");
  if (!now) co_return failure_of(now);
  const Json* other = template_ownership_of(*now, "other-manager");
  const Json* ours = template_ownership_of(*now, "lastgood");
  const JsonPointer field(
      R"(/fieldsV1/f:spec/f:template/f:spec/f:containers/k:{"name":"app"}/f:image)");
  if (!other || !other->contains(field)) co_return "the last writer of the image does not own it";
  if (!ours || ours->contains(field))
    co_return "the first writer of the image still owns it, or owns no field";
  const auto removed = co_await remove_ownership(client, "other-manager");
  if (!removed) co_return failure_of(removed);
  if (template_ownership_of(*removed, "other-manager"))
    co_return "managedFields still has the entry of the removed manager";
  co_return generation(*removed) == generation(*now) ? success : "the generation changed";
}

asio::awaitable<Failure> status_subresource(ConformanceClient& client) {
  co_await client.create(Resource::Deployment, "web", deployment("app:v1"));
  const Json spec_and_status = Json::array(
      {add_operation("/spec/paused", true), add_operation("/status/observedGeneration", 7)});
  const auto written =
      co_await client.call(kube::patch(Resource::Deployment, client.key("web"), api::json_patch,
                                       spec_and_status.dump(), kube::Subresource::Status));
  if (!written) co_return failure_of(written);
  if (written->value(JsonPointer("/spec/paused"), false))
    co_return "a write to the status subresource changed the spec";
  if (written->value(JsonPointer("/status/observedGeneration"), 0) != 7)
    co_return "a write to the status subresource did not change the status";
  co_return generation(*written) == 1 ? success : "the generation changed";
}

asio::awaitable<Failure> merge_patch(ConformanceClient& client) {
  co_await client.create(Resource::ConfigMap, "a", config_map("one"));
  const Json patch{{"data", {{"a", nullptr}, {"b", "2"}}}};
  const auto merged = co_await client.call(
      kube::patch(Resource::ConfigMap, client.key("a"), api::merge_patch, patch.dump()));
  if (!merged) co_return failure_of(merged);
  co_return (*merged)["data"] == Json{{"b", "2"}} ? success : (*merged)["data"].dump();
}

asio::awaitable<Failure> unknown_patch_type(ConformanceClient& client) {
  co_await client.create(Resource::ConfigMap, "a", config_map("one"));
  co_return expect_error(
      co_await client.call(kube::patch(Resource::ConfigMap, client.key("a"), "text/plain", "{}")),
      ErrorKind::Server, 415);
}

asio::awaitable<Failure> dry_run(ConformanceClient& client) {
  co_await client.create(Resource::ConfigMap, "a", config_map("one"));
  const Json patch = Json::array({add_operation("/data/a", "2")});
  auto call = kube::patch(Resource::ConfigMap, client.key("a"), api::json_patch, patch.dump());
  if (call) call->target += "&dryRun=All";
  const auto dry_run_response = co_await client.call(std::move(call));
  const auto now = co_await client.get(Resource::ConfigMap, "a");
  if (!dry_run_response) co_return failure_of(dry_run_response);
  if (!now) co_return failure_of(now);
  if (text(*dry_run_response, "/data/a") != "2") co_return "the response does not have the change";
  co_return text(*now, "/data/a") == "1" ? success : "the dry run changed the object";
}

asio::awaitable<Failure> delete_with_uid(ConformanceClient& client) {
  const auto created = co_await client.create(Resource::ConfigMap, "a", config_map("one"));
  if (!created) co_return failure_of(created);
  const auto deleted_other_uid =
      co_await client.call(kube::remove(Resource::ConfigMap, client.key("a"), Uid("another")));
  if (const Failure failure = expect_error(deleted_other_uid, ErrorKind::Conflict, 409);
      !failure.empty())
    co_return failure;
  const auto deleted = co_await client.call(
      kube::remove(Resource::ConfigMap, client.key("a"), Uid(text(*created, "/metadata/uid"))));
  if (!deleted) co_return failure_of(deleted);
  if (const Failure failure =
          expect_error(co_await client.get(Resource::ConfigMap, "a"), ErrorKind::NotFound, 404);
      !failure.empty())
    co_return failure;
  const auto deleted_again =
      co_await client.call(kube::remove(Resource::ConfigMap, client.key("a"), Uid("another")));
  co_return expect_error(deleted_again, ErrorKind::NotFound, 404);
}

constexpr std::array behaviors{
    Behavior{"a created object has a uid, a resourceVersion, a creationTimestamp and generation 1",
             create_sets_metadata},
    Behavior{"creating an object that exists is rejected with 409 AlreadyExists", create_existing},
    Behavior{"creating an object without a name is rejected with 422", create_without_name},
    Behavior{"a JSON patch with a failing test is rejected with 422 and changes nothing",
             json_patch_test_fails},
    Behavior{
        "the generation of a Deployment increases by 1 for a change of spec or annotations, but "
        "not of labels",
        generation_increases},
    Behavior{"a write with an outdated resourceVersion is rejected with 409", outdated_version},
    Behavior{"if two candidates take a Lease at the same resourceVersion, one gets 409",
             lease_conflict},
    Behavior{"a write without a change keeps the resourceVersion", write_without_change},
    Behavior{
        "the writer of a field owns it, and a change of managedFields alone keeps the generation",
        field_ownership},
    Behavior{"a write to the status subresource changes only the status", status_subresource},
    Behavior{"a merge patch sets and deletes keys", merge_patch},
    Behavior{"a patch with an unknown content type is rejected with 415", unknown_patch_type},
    Behavior{"a dry run returns the result of the write and writes nothing", dry_run},
    Behavior{
        "a deletion with a uid deletes only the object with that uid, and fails with 409 otherwise",
        delete_with_uid},
};

}  // namespace

std::span<const Behavior> write_behaviors() { return behaviors; }

}  // namespace lastgood::conformance
