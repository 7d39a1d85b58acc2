// What a store makes of the changes that a watch tells it.
#include "kube/object_store.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "support.hpp"

using namespace lastgood;
using namespace lastgood::machines;
using namespace lastgood::kube;

namespace {

using Store = ObjectStore<api::Deployment>;

// "-web/u1" removed, "+web/u1" added, "~web/u1" changed.
std::vector<std::string> words(const Deltas<api::Deployment>& deltas) {
  std::vector<std::string> out;
  for (const auto& delta : deltas) {
    const auto& object = delta.after ? delta.after : delta.before;
    const char* sign = !delta.before ? "+" : !delta.after ? "-" : "~";
    out.push_back(sign + object->meta.key.name + "/" + object->meta.uid.value);
  }
  return out;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("An object is added, changed and removed, and each is told once") {
  Store store;
  CHECK(words(store.upsert(deployment("web", "1"))) == Words{"+web/u1"});
  CHECK(words(store.upsert(deployment("web", "2"))) == Words{"~web/u1"});
  CHECK(words(store.upsert(deployment("web", "2"))).empty());
  CHECK(words(store.erase({"shop", "web"})) == Words{"-web/u1"});
  CHECK(words(store.erase({"shop", "web"})).empty());
  CHECK(store.size() == 0);
}

TEST_CASE("An older version of the same object is ignored, and versions are compared as numbers") {
  Store store;
  store.upsert(deployment("web", "100"));
  CHECK(store.upsert(deployment("web", "99")).empty());
  CHECK(store.find({"shop", "web"})->meta.resource_version.value == "100");
  CHECK(store.upsert(deployment("web", "18446744073709551617")).size() == 1);
  CHECK(store.upsert(deployment("web", "not-a-number")).size() == 1);
}

TEST_CASE("An object that was made again under its name is removed and added") {
  Store store;
  store.upsert(deployment("web", "9", "old"));
  CHECK(words(store.upsert(deployment("web", "5", "new"))) == Words{"-web/old", "+web/new"});
  SECTION("and a late removal of the old one leaves the new one alone") {
    CHECK(store.erase({"shop", "web"}, Uid("old")).empty());
    CHECK(store.size() == 1);
  }
}

TEST_CASE("A list tells what vanished unseen, what changed and what is new, and is silent about the rest") {
  Store store;
  for (const char* name : {"gone", "same", "changed", "again"}) store.upsert(deployment(name, "5"));
  const auto deltas = store.replace_all(
      {deployment("same", "5"), deployment("changed", "6"), deployment("again", "7", "u2"), deployment("fresh", "8", "u3")});
  CHECK(words(deltas) == Words{"-gone/u1", "~changed/u1", "-again/u1", "+again/u2", "+fresh/u3"});
  CHECK(store.size() == 4);
}

TEST_CASE("A list wins over newer versions, because the server's storage may have been restored") {
  Store store;
  store.upsert(deployment("web", "900"));
  CHECK(words(store.replace_all({deployment("web", "50")})) == Words{"~web/u1"});
  CHECK(store.find({"shop", "web"})->meta.resource_version.value == "50");
}

TEST_CASE("A list of one namespace says nothing about the others") {
  Store store;
  store.upsert(deployment("web", "1", "u1", "shop"));
  store.upsert(deployment("api", "1", "u2", "shop-2"));
  CHECK(words(store.replace_all({}, "shop")) == Words{"-web/u1"});
  std::vector<std::string> left;
  store.for_each_in("shop-2", [&](const auto& object) { left.push_back(object->meta.key.name); });
  CHECK(left == Words{"api"});
  store.for_each_in("shop", [&](const auto&) { FAIL("the namespace is empty"); });
}

TEST_CASE("A list that is read beside the watch takes out what is gone, and leaves what is newer than it") {
  Store store;
  for (const char* name : {"gone", "same", "unread"}) store.upsert(deployment(name, "5"));
  store.upsert(deployment("made-since", "12", "u2"));
  store.upsert(deployment("changed-since", "12"));
  store.upsert(deployment("other", "5", "u1", "shop-2"));
  const auto deltas = store.catch_up({deployment("same", "5"), deployment("changed-since", "6"), deployment("unseen", "8", "u3")},
                                     ResourceVersion("10"), "shop", {{"shop", "unread"}});
  CHECK(words(deltas) == Words{"-gone/u1", "+unseen/u3"});
  CHECK(store.find({"shop", "changed-since"})->meta.resource_version.value == "12");
  CHECK(store.size() == 6);
  CHECK(store
            .catch_up({deployment("made-since", "4", "u1")}, ResourceVersion("11"), "shop",
                      {{"shop", "same"}, {"shop", "unread"}, {"shop", "unseen"}})
            .empty());
  CHECK(words(store.catch_up({}, ResourceVersion("11"), "")) == Words{"-same/u1", "-unread/u1", "-unseen/u3", "-other/u1"});
}

TEST_CASE("Whoever holds an object keeps what it saw") {
  Store store;
  store.upsert(deployment("web", "1"));
  const auto seen = store.find({"shop", "web"});
  store.upsert(deployment("web", "2"));
  CHECK(seen->meta.resource_version.value == "1");
}

TEST_CASE("A change of a watch does what it says") {
  Store store;
  CHECK(words(store.apply(Upsert<api::Deployment>{deployment("web", "1")})) == Words{"+web/u1"});
  CHECK(words(store.apply(Remove{.key = {"shop", "web"}, .uid = Uid("u1")})) == Words{"-web/u1"});
  CHECK(words(store.apply(Replace<api::Deployment>{.namespace_ = "", .objects = {deployment("api", "2")}})) == Words{"+api/u1"});
}

TEST_CASE("Resource versions are ordered as numbers of any length, and not at all when they are none") {
  const auto v = [](const char* text) { return ResourceVersion(text); };
  CHECK(older(v("9"), v("10")));
  CHECK_FALSE(older(v("10"), v("9")));
  CHECK(older(v("18446744073709551616"), v("18446744073709551617")));
  CHECK(compare_versions(v("007"), v("7")) == std::strong_ordering::equal);
  CHECK(compare_versions(v("0"), v("000")) == std::strong_ordering::equal);
  CHECK_FALSE(compare_versions(v("a"), v("7")));
  CHECK_FALSE(compare_versions(v(""), v("7")));
  CHECK_FALSE(older(v("x"), v("7")));
}
