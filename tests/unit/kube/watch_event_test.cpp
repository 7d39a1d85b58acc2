// How the responses of LIST and WATCH are parsed, and which errors invalid responses give.
#include "kube/watch_event.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "codec/objects.hpp"
#include "support.hpp"

using namespace lastgood;
using namespace lastgood::kube;
using namespace lastgood::kube::test;
using api::Deployment;

namespace {

std::string event(const std::string& type, const std::string& object) {
  return R"({"type":")" + type + R"(","object":)" + object + "}";
}

std::string object_with_metadata(const std::string& fields) {
  return R"({"metadata":{)" + fields + "}}";
}

const std::string valid_deployment =
    R"({"metadata":{"name":"web","namespace":"shop","uid":"u1","resourceVersion":"7"},"spec":{"replicas":2}})";
const std::string invalid_deployment =
    R"({"metadata":{"name":"web","namespace":"shop","resourceVersion":"8"},"spec":{"replicas":"many"}})";
const std::string valid_guard =
    R"({"metadata":{"name":"web","namespace":"shop","uid":"u3","resourceVersion":"10"},"spec":{}})";
const std::string valid_policy =
    R"({"metadata":{"name":"p","namespace":"shop","uid":"u2","resourceVersion":"9"},"spec":{"suspend":true,"checks":[]}})";

template <class Event, class T>
const Event& value_as(const Result<WatchEvent<T>>& result) {
  REQUIRE(result);
  REQUIRE(std::holds_alternative<Event>(*result));
  return std::get<Event>(*result);
}

}  // namespace

TEST_CASE("reads a Deployment when it is added or modified") {
  for (const char* type : {"ADDED", "MODIFIED"}) {
    const auto parsed = parse_event<Deployment>(event(type, valid_deployment));
    const Deployment& got = value_as<Changed<Deployment>>(parsed).object;
    CHECK(got.meta.key == Key{"shop", "web"});
    CHECK(got.meta.uid.value == "u1");
    CHECK(got.replicas == 2);
  }
}

TEST_CASE("reads an event when its type comes after its object") {
  const auto parsed = parse_event<Deployment>(R"( { "object" : )" + valid_deployment +
                                              R"( , "more" : [{}], "type" : "ADDED" } )");
  CHECK(value_as<Changed<Deployment>>(parsed).object.replicas == 2);
}

TEST_CASE("reads a guard with managedFields like one without") {
  const std::string fields =
      R"("managedFields":[{"manager":"lastgood","fieldsV1":{"f:status":{}}}])";
  const std::string status = R"(,"status":{"state":"Held","message":"a \"quoted\" name"}})";
  const std::string name = R"("name":"web","namespace":"shop","uid":"u3","labels":{"a\"b":"c"})";
  const auto read = [&](const std::string& object) {
    return value_as<Changed<api::DeploymentGuard>>(
               parse_event<api::DeploymentGuard>(event("ADDED", object)))
        .object;
  };
  const auto expected = read(R"({"metadata":{)" + name + "}" + status);
  CHECK(expected.status->message == "a \"quoted\" name");
  CHECK(expected.meta.labels.at("a\"b") == "c");
  CHECK(read(R"({"metadata":{)" + name + "," + fields + "}" + status) == expected);
  CHECK(read(R"({"metadata":{)" + fields + "," + name + R"(},"not\"read":1,"nor\u0001this":2)" +
             status) == expected);
}

TEST_CASE("reads name, uid and version of a deletion") {
  const auto parsed = parse_event<Deployment>(event("DELETED", valid_deployment));
  const auto& got = value_as<Deleted>(parsed);
  CHECK(got.key == Key{"shop", "web"});
  CHECK(got.uid.value == "u1");
  CHECK(got.version.value == "7");
}

TEST_CASE("reads the version of a bookmark, and whether it ends the initial events") {
  const auto ordinary = parse_event<Deployment>(event(
      "BOOKMARK", object_with_metadata(R"("resourceVersion":"42","creationTimestamp":null)")));
  CHECK(value_as<Bookmark>(ordinary).version.value == "42");
  CHECK_FALSE(value_as<Bookmark>(ordinary).initial_events_end);
  const std::string end =
      R"("resourceVersion":"43","annotations":{"k8s.io/initial-events-end":"true"})";
  const auto last = parse_event<api::Rollback>(event("BOOKMARK", object_with_metadata(end)));
  CHECK(value_as<Bookmark>(last).initial_events_end);
  CHECK(parse_event<Deployment>(event("BOOKMARK", "{}")).error().kind == ErrorKind::Protocol);
}

TEST_CASE("returns Expired when an ERROR event has code 410") {
  const std::string status =
      R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old","reason":"Expired","code":410})";
  const auto parsed = parse_event<Deployment>(event("ERROR", status));
  const auto& got = value_as<Error>(parsed);
  CHECK(got.kind == ErrorKind::Expired);
  CHECK(got.message == "too old");
}

TEST_CASE("reads Lastgood's own kinds") {
  const auto parsed = parse_event<api::RollbackPolicy>(event("ADDED", valid_policy));
  CHECK(value_as<Changed<api::RollbackPolicy>>(parsed).object.spec.suspend);
  CHECK(parse_event<api::DeploymentGuard>(event("ADDED", valid_guard)));
  CHECK(parse_list<api::Rollback>(R"({"metadata":{"resourceVersion":"1"},"items":[]})")
            .value()
            .items.empty());
}

TEST_CASE("names the object and the field that cannot be parsed") {
  const auto parsed = parse_event<Deployment>(event("MODIFIED", invalid_deployment));
  const auto& got = value_as<Unreadable>(parsed);
  CHECK(got.key == Key{"shop", "web"});
  CHECK(got.version.value == "8");
  CHECK(got.error.message.contains("\"shop/web\""));
  CHECK(got.error.message.contains("spec.replicas"));
}

TEST_CASE("keeps an object of Lastgood's own kinds that cannot be parsed, with its problem") {
  const std::string meta =
      R"("name":"g","namespace":"shop","uid":"u","resourceVersion":"3","generation":2)";
  const std::vector<std::string> objects{
      R"({"metadata":{)" + meta + R"(},"spec":7,"status":{"state":"Newer","phase":"Newer"}})",
      R"({"metadata":{)" + meta + R"(,"labels":7}})",
      R"({"metadata":{)" + meta + R"(,"ownerReferences":{}}})",
      R"({"metadata":{)" + meta + R"(},"x":)" + std::string(100, '[') + std::string(100, ']') + "}",
  };
  for (const std::string& object : objects) {
    CAPTURE(object);
    const auto check = [](const auto& kept) {
      CHECK(kept.meta.key == Key{"shop", "g"});
      CHECK(kept.meta.uid.value == "u");
      CHECK(kept.meta.resource_version.value == "3");
      CHECK_FALSE(kept.problem.empty());
    };
    const auto guard = parse_event<api::DeploymentGuard>(event("MODIFIED", object));
    check(value_as<Changed<api::DeploymentGuard>>(guard).object);
    const auto rollback = parse_event<api::Rollback>(event("ADDED", object));
    check(value_as<Changed<api::Rollback>>(rollback).object);
    const auto policy = parse_event<api::RollbackPolicy>(event("ADDED", object));
    check(value_as<Changed<api::RollbackPolicy>>(policy).object);
    const auto page = parse_list<api::Rollback>(R"({"metadata":{"resourceVersion":"9"},"items":[)" +
                                                object + "]}");
    REQUIRE(page);
    REQUIRE(page->items.size() == 1);
    CHECK(page->unreadable.empty());
    check(page->items[0]);
  }
}

TEST_CASE("reads the other objects of a list when one cannot be parsed") {
  const auto page = parse_list<Deployment>(R"({"metadata":{"resourceVersion":"9"},"items":[)" +
                                           invalid_deployment + "," + valid_deployment + "]}");
  REQUIRE(page);
  CHECK(page->items.size() == 1);
  CHECK(page->unreadable.size() == 1);
}

TEST_CASE("does not parse the items of a list that are known") {
  const std::string body = R"({"metadata":{"resourceVersion":"9"},"items":[)" + valid_deployment +
                           "," + invalid_deployment + "]}";
  std::vector<std::string> items;
  const auto page =
      parse_list<Deployment>(body, [&](const Key& key, const Uid& uid, const ResourceVersion& at) {
        items.push_back(key.str() + " " + uid.value.str() + " " + at.value);
        return at.value == "8";
      });
  REQUIRE(page);
  CHECK(items == std::vector<std::string>{"shop/web u1 7", "shop/web  8"});
  CHECK(page->items.size() == 1);
  CHECK(page->unreadable.empty());
  CHECK(page->known == std::vector<Key>{{.namespace_ = "shop", .name = "web"}});
}

TEST_CASE("reads an ERROR event without a code as an Error of kind Protocol") {
  const auto parsed = parse_event<Deployment>(event("ERROR", "{}"));
  CHECK(value_as<Error>(parsed).kind == ErrorKind::Protocol);
}

TEST_CASE("returns Protocol when a line is not a valid event") {
  const std::vector<std::string> lines{
      "",
      "{",
      "null",
      "[]",
      "\"x\"",
      "{}",
      event("ADDED", "7"),
      event("ADDED", "{}"),
      event("NEWS", valid_deployment),
      event("DELETED", "{}"),
      event("ADDED", valid_deployment) + "x",
      event("ADDED", "\xff"),
      R"({"type":7,"object":{}})",
      R"({"type":"ADDED"})",
      std::string(10'000, '['),
      event("ADDED", R"({"metadata":)" + std::string(10'000, '[') + "}")};
  for (const std::string& line : lines) {
    CAPTURE(line.substr(0, 80));
    const auto parsed = parse_event<Deployment>(line);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().kind == ErrorKind::Protocol);
  }
}

TEST_CASE("reads the version, the continue token and the items of a list") {
  const auto page = parse_list<Deployment>(
      R"({"kind":"DeploymentList","metadata":{"resourceVersion":"77","continue":"abc","remainingItemCount":3},"items":[)" +
      valid_deployment + "]}");
  REQUIRE(page);
  CHECK(page->version.value == "77");
  CHECK(page->continue_ == "abc");
  CHECK(page->items.at(0).meta.key.name == "web");
  CHECK(parse_list<Deployment>(R"({"metadata":{"resourceVersion":"1"},"items":null})")
            .value()
            .items.empty());
}

TEST_CASE("returns Protocol when a body is not a valid list") {
  for (const std::string& body :
       {std::string(), std::string("[]"), std::string("{}"),
        std::string(R"({"metadata":{},"items":[]})"),
        std::string(R"({"metadata":{"resourceVersion":"1"},"items":{}})"),
        std::string(R"({"metadata":{"resourceVersion":"1"},"items":[{}]})"),
        std::string(R"({"metadata":{"resourceVersion":"1"},"items":[7]})"),
        std::string(R"({"metadata":{"resourceVersion":"1"},"items":[)")}) {
    CAPTURE(body);
    const auto page = parse_list<Deployment>(body);
    REQUIRE_FALSE(page);
    CHECK(page.error().kind == ErrorKind::Protocol);
  }
}
