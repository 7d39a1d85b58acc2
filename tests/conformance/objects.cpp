// Claims about writing: what is accepted, what is refused and how, and what a write changes beside what it says.
#include <fmt/format.h>

#include <array>

#include "conformance/claims.hpp"

namespace lastgood::conformance {

namespace asio = boost::asio;

namespace {

asio::awaitable<Wrong> created_is_complete(Server& server) {
  const auto made = co_await server.create(Resource::Deployment, "web", deployment("app:v1"));
  if (!made) co_return unless_done(made);
  if (text(*made, "/metadata/uid").empty() || text(*made, "/metadata/resourceVersion").empty()) co_return "no uid or no version";
  if (text(*made, "/metadata/creationTimestamp").empty()) co_return "no time of creation";
  co_return generation(*made) == 1 ? Wrong() : fmt::format("generation {}", generation(*made));
}

asio::awaitable<Wrong> created_twice(Server& server) {
  co_await server.create(Resource::ConfigMap, "a", config_map("one"));
  co_return unless_fails(co_await server.create(Resource::ConfigMap, "a", config_map("one")), ErrorKind::AlreadyExists, 409);
}

asio::awaitable<Wrong> created_without_name(Server& server) {
  Json body = config_map("one");
  body["apiVersion"] = "v1";
  body["kind"] = "ConfigMap";
  const auto call = kube::create(Resource::ConfigMap, server.namespace_, body);
  co_return unless_fails(co_await server.ask(call), ErrorKind::Invalid, 422);
}

asio::awaitable<Wrong> failed_test(Server& server) {
  co_await server.create(Resource::Deployment, "web", deployment("app:v1"));
  const Json image = set("/spec/template/spec/containers/0/image", "app:v2");
  for (const Json& guard :
       {test("/metadata/uid", "another"), test("/metadata/generation", 9), test("/metadata/resourceVersion", "1")}) {
    const auto refused = co_await server.patch(Resource::Deployment, "web", Json::array({guard, image}));
    if (const Wrong wrong = unless_fails(refused, ErrorKind::Invalid, 422); !wrong.empty()) co_return wrong;
  }
  const auto now = co_await server.get(Resource::Deployment, "web");
  if (!now) co_return unless_done(now);
  co_return text(*now, "/spec/template/spec/containers/0/image") == "app:v1" ? "" : "the template was changed all the same";
}

asio::awaitable<Wrong> generation_moves_by_one(Server& server) {
  const auto made = co_await server.create(Resource::Deployment, "web", deployment("app:v1"));
  if (!made) co_return unless_done(made);
  const Json patch =
      Json::array({test("/metadata/uid", text(*made, "/metadata/uid")), test("/metadata/generation", 1),
                   set("/spec/template/spec/containers/0/image", "app:v2"), set("/metadata/annotations/mark", "x")});
  const auto template_changed = co_await server.patch(Resource::Deployment, "web", patch);
  if (!template_changed) co_return unless_done(template_changed);
  if (generation(*template_changed) != 2)
    co_return fmt::format("generation {} after the template", generation(*template_changed));
  const auto noted =
      co_await server.patch(Resource::Deployment, "web", Json::array({set("/metadata/annotations/note", "second")}));
  if (!noted) co_return unless_done(noted);
  if (generation(*noted) != 3) co_return fmt::format("generation {} after an annotation", generation(*noted));
  const auto labelled = co_await server.patch(Resource::Deployment, "web", Json::array({set("/metadata/labels", {{"a", "b"}})}));
  if (!labelled) co_return unless_done(labelled);
  co_return generation(*labelled) == 3 ? Wrong() : fmt::format("generation {} after a label", generation(*labelled));
}

asio::awaitable<Wrong> stale_version(Server& server) {
  const auto made = co_await server.create(Resource::ConfigMap, "a", config_map("one"));
  if (!made) co_return unless_done(made);
  const std::string version = text(*made, "/metadata/resourceVersion");
  co_await server.patch(Resource::ConfigMap, "a", Json::array({set("/data/a", "2")}));
  const auto patched = co_await server.patch(
      Resource::ConfigMap, "a",
      Json::array({{{"op", "replace"}, {"path", "/metadata/resourceVersion"}, {"value", version}}, set("/data/a", "3")}));
  if (const Wrong wrong = unless_fails(patched, ErrorKind::Conflict, 409); !wrong.empty()) co_return wrong;
  co_return unless_fails(co_await server.ask(kube::update(Resource::ConfigMap, server.key("a"), *made)), ErrorKind::Conflict,
                         409);
}

asio::awaitable<Wrong> lease_by_version(Server& server) {
  const auto made = co_await server.create(Resource::Lease, "lease", {{"spec", {{"holderIdentity", "one"}}}});
  if (!made) co_return unless_done(made);
  Json next = *made;
  next["spec"]["holderIdentity"] = "two";
  const auto taken = co_await server.ask(kube::update(Resource::Lease, server.key("lease"), next));
  if (!taken) co_return unless_done(taken);
  if (text(*taken, "/spec/holderIdentity") != "two") co_return "the holder did not change";
  co_return unless_fails(co_await server.ask(kube::update(Resource::Lease, server.key("lease"), next)), ErrorKind::Conflict, 409);
}

asio::awaitable<Wrong> nothing_changed(Server& server) {
  const auto made = co_await server.create(Resource::ConfigMap, "a", config_map("one"));
  const auto again = co_await server.patch(Resource::ConfigMap, "a", Json::array({set("/data/a", "1")}));
  if (!made || !again) co_return unless_done(again);
  const bool same = text(*made, "/metadata/resourceVersion") == text(*again, "/metadata/resourceVersion");
  co_return same ? "" : "the version moved";
}

const Json* entry_of(const Json& object, const std::string& manager) {
  for (const Json& entry : object["metadata"]["managedFields"]) {
    if (text(entry, "/manager") == manager && entry.contains(Pointer("/fieldsV1/f:spec/f:template"))) return &entry;
  }
  return nullptr;
}

// A controller that writes the status between the reading and the writing moves the version: read again and write again.
asio::awaitable<Result<Json>> give_back(Server& server, std::string manager) {
  constexpr int most_turns = 20;
  for (int turn = 1;; ++turn) {
    auto now = co_await server.get(Resource::Deployment, "web");
    if (!now) co_return now;
    Json entries = Json::array();
    for (const Json& entry : (*now)["metadata"]["managedFields"]) {
      if (text(entry, "/manager") != manager) entries.push_back(entry);
    }
    const Json patch = Json::array({test("/metadata/resourceVersion", text(*now, "/metadata/resourceVersion")),
                                    {{"op", "replace"}, {"path", "/metadata/managedFields"}, {"value", entries}}});
    auto given_back = co_await server.patch(Resource::Deployment, "web", patch);
    const bool has_moved = !given_back && given_back.error().kind == ErrorKind::Invalid;
    if (!has_moved || turn == most_turns) co_return given_back;
  }
}

asio::awaitable<Wrong> ownership(Server& server) {
  co_await server.create(Resource::Deployment, "web", deployment("app:v1"));
  const Json image = Json::array({set("/spec/template/spec/containers/0/image", "app:v2")});
  const std::string target = kube::object_path(Resource::Deployment, server.key("web")).value() + "?fieldManager=somebody";
  const auto changed = co_await server.ask(api::ApiCall{
      .verb = api::Verb::Patch, .target = target, .body = image.dump(), .content_type = std::string(api::json_patch)});
  if (!changed) co_return unless_done(changed);
  const auto now = co_await server.get(Resource::Deployment, "web");
  if (!now) co_return unless_done(now);
  const Json* theirs = entry_of(*now, "somebody");
  const Json* ours = entry_of(*now, "lastgood");
  const Pointer field(R"(/fieldsV1/f:spec/f:template/f:spec/f:containers/k:{"name":"app"}/f:image)");
  if (!theirs || !theirs->contains(field)) co_return "who wrote the image last does not own it";
  if (!ours || ours->contains(field)) co_return "who wrote the image before owns it still, or owns nothing";
  const auto given_back = co_await give_back(server, "somebody");
  if (!given_back) co_return unless_done(given_back);
  if (entry_of(*given_back, "somebody")) co_return "the entry is still there";
  co_return generation(*given_back) == generation(*now) ? "" : "the generation moved";
}

asio::awaitable<Wrong> subresource(Server& server) {
  co_await server.create(Resource::Deployment, "web", deployment("app:v1"));
  const Json both = Json::array({set("/spec/paused", true), set("/status/observedGeneration", 7)});
  const auto written = co_await server.ask(
      kube::patch(Resource::Deployment, server.key("web"), api::json_patch, both.dump(), kube::Subresource::Status));
  if (!written) co_return unless_done(written);
  if (written->value(Pointer("/spec/paused"), false)) co_return "a write of the status changed the spec";
  if (written->value(Pointer("/status/observedGeneration"), 0) != 7) co_return "a write of the status did not change it";
  co_return generation(*written) == 1 ? "" : "the generation moved";
}

asio::awaitable<Wrong> merged(Server& server) {
  co_await server.create(Resource::ConfigMap, "a", config_map("one"));
  const Json patch{{"data", {{"a", nullptr}, {"b", "2"}}}};
  const auto after = co_await server.ask(kube::patch(Resource::ConfigMap, server.key("a"), api::merge_patch, patch.dump()));
  if (!after) co_return unless_done(after);
  co_return (*after)["data"] == Json{{"b", "2"}} ? "" : (*after)["data"].dump();
}

asio::awaitable<Wrong> unknown_patch(Server& server) {
  co_await server.create(Resource::ConfigMap, "a", config_map("one"));
  co_return unless_fails(co_await server.ask(kube::patch(Resource::ConfigMap, server.key("a"), "text/plain", "{}")),
                         ErrorKind::Server, 415);
}

asio::awaitable<Wrong> dry_run(Server& server) {
  co_await server.create(Resource::ConfigMap, "a", config_map("one"));
  const Json patch = Json::array({set("/data/a", "2")});
  auto call = kube::patch(Resource::ConfigMap, server.key("a"), api::json_patch, patch.dump());
  if (call) call->target += "&dryRun=All";
  const auto tried = co_await server.ask(std::move(call));
  const auto now = co_await server.get(Resource::ConfigMap, "a");
  if (!tried || !now) co_return unless_done(tried ? now : tried);
  if (text(*tried, "/data/a") != "2") co_return "the answer is not what would be";
  co_return text(*now, "/data/a") == "1" ? "" : "it was written";
}

asio::awaitable<Wrong> deleted_by_uid(Server& server) {
  const auto made = co_await server.create(Resource::ConfigMap, "a", config_map("one"));
  if (!made) co_return unless_done(made);
  const auto other = co_await server.ask(kube::remove(Resource::ConfigMap, server.key("a"), Uid("another")));
  if (const Wrong wrong = unless_fails(other, ErrorKind::Conflict, 409); !wrong.empty()) co_return wrong;
  const auto gone = co_await server.ask(kube::remove(Resource::ConfigMap, server.key("a"), Uid(text(*made, "/metadata/uid"))));
  if (!gone) co_return unless_done(gone);
  if (const Wrong wrong = unless_fails(co_await server.get(Resource::ConfigMap, "a"), ErrorKind::NotFound, 404); !wrong.empty())
    co_return wrong;
  const auto again = co_await server.ask(kube::remove(Resource::ConfigMap, server.key("a"), Uid("another")));
  co_return unless_fails(again, ErrorKind::NotFound, 404);
}

constexpr std::array claims{
    Claim{"what is created gets a uid, a version, a time and generation 1", created_is_complete},
    Claim{"what is there already cannot be created: 409 AlreadyExists", created_twice},
    Claim{"what has no name cannot be created: 422", created_without_name},
    Claim{"a JSON patch whose test fails is refused with 422 and changes nothing", failed_test},
    Claim{"a Deployment's generation moves by one with a change of spec or annotations, not of labels", generation_moves_by_one},
    Claim{"a write based on an older version is refused with 409", stale_version},
    Claim{"a Lease changes hands by its version: of two that take it, one gets 409", lease_by_version},
    Claim{"a write that changes nothing moves no version", nothing_changed},
    Claim{"who writes a field owns it; managedFields can be given back without moving the generation", ownership},
    Claim{"a write of the status changes the status alone", subresource},
    Claim{"a merge patch sets and deletes keys", merged},
    Claim{"a patch of an unknown kind is refused with 415", unknown_patch},
    Claim{"a dry run answers as the write would and writes nothing", dry_run},
    Claim{"a deletion by uid spares an object of the same name and another uid", deleted_by_uid},
};

}  // namespace

std::span<const Claim> claims_about_objects() { return claims; }

}  // namespace lastgood::conformance
