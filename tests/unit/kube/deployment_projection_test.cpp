// A Deployment that was projected while parsing is the same as one that was parsed whole.
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "codec/objects.hpp"
#include "kube/watch_event.hpp"
#include "support.hpp"

using namespace lastgood;
using namespace lastgood::machines;
using namespace lastgood::kube;
using api::Deployment;

namespace {

std::vector<std::string> corpus() {
  std::vector<std::string> texts;
  for (const auto& entry : std::filesystem::directory_iterator(LASTGOOD_SOURCE_DIR "/tests/unit/kube/corpus")) {
    std::string text = read_file(entry.path());
    while (text.ends_with('\n')) text.pop_back();
    texts.push_back(std::move(text));
  }
  REQUIRE(texts.size() >= 6);
  return texts;
}

std::string event_of(const std::string& text) { return R"({"type":"ADDED","object":)" + text + "}"; }

Deployment seen(const std::string& text) {
  const auto event = parse_event<Deployment>(event_of(text));
  REQUIRE(event);
  return std::get<Changed<Deployment>>(*event).object;
}

Deployment rolled_out() { return seen(read_file(LASTGOOD_SOURCE_DIR "/tests/unit/kube/corpus/rolled-out.json")); }

}  // namespace

TEST_CASE("The projection of every Deployment of the corpus is what the whole parser reads") {
  for (const std::string& text : corpus()) {
    const Deployment projected = seen(text);
    const auto whole = codec::parse_deployment_text(text);
    REQUIRE(whole);
    CAPTURE(projected.meta.key.str());
    CHECK(projected.meta == whole->meta);
    CHECK(projected.selector == whole->selector);
    CHECK(projected.conditions == whole->conditions);
    CHECK(projected.template_digest == whole->template_digest);
    CHECK(projected == *whole);
  }
}

TEST_CASE("A watch event and a list of the same Deployment give the same object") {
  for (const std::string& text : corpus()) {
    const Deployment one = seen(text);
    const auto page = parse_list<Deployment>(R"({"items":[)" + text + "," + text + R"(],"metadata":{"resourceVersion":"1"}})");
    REQUIRE(page);
    REQUIRE(page->items.size() == 2);
    CHECK(page->items[1] == one);
  }
}

TEST_CASE("Of the annotations only ours and the revision are kept") {
  const Deployment web = rolled_out();
  CHECK(web.meta.annotations == api::StringMap{{"deployment.kubernetes.io/revision", "7"}, {"lastgood.dev/policy", "web"}});
  CHECK(web.meta.labels.size() == 3);
}

TEST_CASE("The digest changes with the template and with nothing else") {
  const std::string text = read_file(LASTGOOD_SOURCE_DIR "/tests/unit/kube/corpus/rolled-out.json");
  const auto with = [&](const std::string& old_part, const std::string& new_part) {
    std::string changed = text;
    changed.replace(changed.find(old_part), old_part.size(), new_part);
    return seen(changed).template_digest;
  };
  CHECK(with("web:1.4.2", "web:1.4.3") != rolled_out().template_digest);
  CHECK(with(R"("replicas":3,"selector")", R"("replicas":9,"selector")") == rolled_out().template_digest);
}

TEST_CASE("A Deployment cut off at any byte is an error and never more") {
  for (const std::string& text : corpus()) {
    const std::string event = event_of(text);
    for (std::size_t size = 0; size < event.size(); ++size) {
      if (parse_event<Deployment>(std::string_view(event).substr(0, size))) FAIL("cut at " << size << " and accepted");
    }
  }
}

TEST_CASE("A Deployment with any byte replaced is read or refused and never more") {
  const std::string text = R"({"type":"MODIFIED","object":)" +
                           read_file(LASTGOOD_SOURCE_DIR "/tests/unit/kube/corpus/paused-with-expressions.json") + "}";
  std::size_t read = 0;
  for (std::size_t place = 0; place < text.size(); ++place) {
    for (const char c : {'"', '{', '}', '[', ']', ',', ':', '\\', '\0', '\xff', 'n', '9'}) {
      std::string changed = text;
      changed[place] = c;
      if (parse_event<Deployment>(changed)) ++read;
    }
  }
  CHECK(read > 0);
}
