// A Deployment that is read from a watch event equals one that the parser of codec/ returns.
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "codec/objects.hpp"
#include "kube/watch_event.hpp"
#include "source_path.hpp"
#include "support.hpp"

using namespace lastgood;
using namespace lastgood::kube;
using namespace lastgood::kube::test;
using api::Deployment;

namespace {

const std::filesystem::path corpus_folder = lastgood::test::source_path("tests/unit/kube/corpus");

std::string corpus_file(const char* name) { return read_file(corpus_folder / name); }

std::vector<std::string> corpus() {
  std::vector<std::string> texts;
  for (const auto& entry : std::filesystem::directory_iterator(corpus_folder)) {
    std::string text = read_file(entry.path());
    while (text.ends_with('\n')) text.pop_back();
    texts.push_back(std::move(text));
  }
  REQUIRE(texts.size() >= 6);
  return texts;
}

std::string added_event(const std::string& text) {
  return R"({"type":"ADDED","object":)" + text + "}";
}

Deployment deployment_from(const std::string& text) {
  const auto event = parse_event<Deployment>(added_event(text));
  REQUIRE(event);
  return std::get<Changed<Deployment>>(*event).object;
}

Deployment rolled_out() { return deployment_from(corpus_file("rolled-out.json")); }

}  // namespace

TEST_CASE("reads the same object that the parser of codec/ returns") {
  for (const std::string& text : corpus()) {
    const Deployment from_event = deployment_from(text);
    const auto parsed = codec::parse_deployment_text(text);
    REQUIRE(parsed);
    CAPTURE(from_event.meta.key.str());
    CHECK(from_event.meta == parsed->meta);
    CHECK(from_event.selector == parsed->selector);
    CHECK(from_event.conditions == parsed->conditions);
    CHECK(from_event.template_digest == parsed->template_digest);
    CHECK(from_event == *parsed);
  }
}

TEST_CASE("has the same template_digest as the parser of codec/ when there is no template") {
  for (const char* spec : {"{}", R"({"template":null})"}) {
    const std::string text = R"({"metadata":{"name":"web"},"spec":)" + std::string(spec) + "}";
    CAPTURE(text);
    const auto parsed = codec::parse_deployment_text(text);
    REQUIRE(parsed);
    CHECK(deployment_from(text).template_digest == parsed->template_digest);
    CHECK(parsed->template_digest.empty());
  }
}

TEST_CASE("returns the same object from a watch event and from a list") {
  for (const std::string& text : corpus()) {
    const Deployment from_event = deployment_from(text);
    const auto page = parse_list<Deployment>(R"({"items":[)" + text + "," + text +
                                             R"(],"metadata":{"resourceVersion":"1"}})");
    REQUIRE(page);
    REQUIRE(page->items.size() == 2);
    CHECK(page->items[1] == from_event);
  }
}

TEST_CASE("stores all labels, and only the annotations of Lastgood and of the revision") {
  const Deployment web = rolled_out();
  CHECK(web.meta.annotations ==
        api::StringMap{{"deployment.kubernetes.io/revision", "7"}, {"lastgood.dev/policy", "web"}});
  CHECK(web.meta.labels.size() == 3);
}

TEST_CASE("changes template_digest only when the template changes") {
  const std::string text = corpus_file("rolled-out.json");
  const auto digest_after_replacing = [&](const std::string& old_part,
                                          const std::string& new_part) {
    std::string changed = text;
    changed.replace(changed.find(old_part), old_part.size(), new_part);
    return deployment_from(changed).template_digest;
  };
  CHECK(digest_after_replacing("web:1.4.2", "web:1.4.3") != rolled_out().template_digest);
  CHECK(digest_after_replacing(R"("replicas":3,"selector")", R"("replicas":9,"selector")") ==
        rolled_out().template_digest);
}

TEST_CASE("returns an error when an event is cut off at any byte") {
  for (const std::string& text : corpus()) {
    const std::string event = added_event(text);
    for (std::size_t size = 0; size < event.size(); ++size) {
      if (parse_event<Deployment>(std::string_view(event).substr(0, size)))
        FAIL("accepted when cut at byte " << size);
    }
  }
}

TEST_CASE("does not crash when any byte of an event is replaced") {
  const std::string text =
      R"({"type":"MODIFIED","object":)" + corpus_file("paused-with-expressions.json") + "}";
  std::size_t parsed = 0;
  for (std::size_t position = 0; position < text.size(); ++position) {
    for (const char c : {'"', '{', '}', '[', ']', ',', ':', '\\', '\0', '\xff', 'n', '9'}) {
      std::string changed = text;
      changed[position] = c;
      if (parse_event<Deployment>(changed)) ++parsed;
    }
  }
  CHECK(parsed > 0);  // some changed events are still valid
}
