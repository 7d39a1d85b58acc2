// A pod that is read from a watch event equals one that the parser of codec/ returns.
#include <catch2/catch.hpp>
#include <string>

#include "codec/objects.hpp"
#include "kube/watch_event.hpp"
#include "source_path.hpp"
#include "support.hpp"

using namespace lastgood;
using namespace lastgood::kube;
using namespace lastgood::kube::test;
using api::Pod;

namespace {

std::string corpus_file(const char* name) {
  return read_file(lastgood::test::source_path("tests/unit/kube/pods") / name);
}

Result<WatchEvent<Pod>> event_of(const std::string& text) {
  return parse_event<Pod>(R"({"type":"MODIFIED","object":)" + text + "}");
}

Pod pod_from(const std::string& text) {
  const auto event = event_of(text);
  REQUIRE(event);
  return std::get<Changed<Pod>>(*event).object;
}

}  // namespace

TEST_CASE("reads the same pod that the parser of codec/ returns") {
  for (const char* file : {"ready.json", "crash-loop.json", "unscheduled.json"}) {
    CAPTURE(file);
    std::string text = corpus_file(file);
    while (text.ends_with('\n')) text.pop_back();
    const auto json = codec::parse_json(text);
    REQUIRE(json);
    const auto parsed = codec::parse_pod(*json);
    REQUIRE(parsed);
    CHECK(pod_from(text) == *parsed);
    CHECK(parsed->meta.key.name.starts_with("web-"));
    CHECK(parsed->replica_set == "web-5c6b8d7f9");
  }
}

TEST_CASE("reads a pod without status, and one with null fields") {
  CHECK(pod_from(R"({"metadata":{"name":"web-1","namespace":"shop"}})").meta.key.str() ==
        "shop/web-1");
  const Pod pod = pod_from(R"({"metadata":{"name":"web-1","labels":null,"ownerReferences":null},)"
                           R"("spec":{"containers":null},"status":null})");
  CHECK(pod == Pod{.meta = {.key = {.namespace_ = "", .name = "web-1"}}});
}

TEST_CASE("reads only the annotations of a pod that name its metrics endpoint") {
  const std::string text =
      R"({"metadata":{"name":"web-1","annotations":{"prometheus.io/port":"9100","a":"b",)"
      R"("prometheus.io/path":"/)" +
      std::string(300, 'x') + R"(","prometheus.io/x":"y"}}})";
  const Pod pod = pod_from(text);
  CHECK(pod.meta.annotations.size() == 2);
  CHECK(pod.meta.annotations.at("prometheus.io/port") == "9100");
  CHECK(pod.meta.annotations.at("prometheus.io/path").size() == 253);
  CHECK(pod == codec::parse_pod(codec::parse_json(text).value()).value());
  CHECK(pod_from(R"({"metadata":{"name":"web-1","annotations":null}})").meta.annotations.empty());
}

TEST_CASE("reports a pod with a field of the wrong type as unreadable") {
  for (const char* text :
       {R"({"metadata":{"name":"web-1","namespace":"shop"},"spec":{"containers":{}}})",
        R"({"metadata":{"name":"web-1","namespace":"shop"},"status":[]})",
        R"({"metadata":{"name":"web-1","namespace":"shop"},"status":{"phase":1}})"}) {
    CAPTURE(text);
    const auto event = event_of(text);
    REQUIRE(event);
    CHECK(std::get<Unreadable>(*event).key.str() == "shop/web-1");
  }
}

TEST_CASE("reports a pod that is nested too deeply as unreadable") {
  const std::string deep(200, '[');
  const std::string closed(200, ']');
  const auto event =
      event_of(R"({"metadata":{"name":"web-1","namespace":"shop"},"status":{"conditions":)" + deep +
               closed + "}}");
  REQUIRE(event);
  CHECK(std::holds_alternative<Unreadable>(*event));
}

TEST_CASE("reads the pods of a list") {
  const std::string item = R"({"metadata":{"name":"web-1","namespace":"shop"}})";
  const auto page = parse_list<Pod>(
      R"({"kind":"PodList","metadata":{"resourceVersion":"7"},"items":[)" + item + "]}");
  REQUIRE(page);
  REQUIRE(page->items.size() == 1);
  CHECK(page->items[0].meta.key.name == "web-1");
}
