// The deltas that a store reports for the changes of a watch.
#include "kube/object_store.hpp"

#include <catch2/catch.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "kube/stores.hpp"
#include "support.hpp"

using namespace lastgood;
using namespace lastgood::kube;
using namespace lastgood::kube::test;

namespace {

using Store = ObjectStore<api::Deployment>;

struct ReportedDelta {
  enum Kind : std::uint8_t { Added, Changed, Removed } kind;
  std::string object;  // name/uid

  bool operator==(const ReportedDelta&) const = default;
};

std::ostream& operator<<(std::ostream& out, const ReportedDelta& delta) {
  const char* const kinds[] = {"added ", "changed ", "removed "};
  return out << kinds[delta.kind] << delta.object;
}

ReportedDelta added(std::string object) { return {ReportedDelta::Added, std::move(object)}; }
ReportedDelta changed(std::string object) { return {ReportedDelta::Changed, std::move(object)}; }
ReportedDelta removed(std::string object) { return {ReportedDelta::Removed, std::move(object)}; }

using Reported = std::vector<ReportedDelta>;

Reported reported(const Deltas<api::Deployment>& deltas) {
  Reported all;
  for (const auto& delta : deltas) {
    const auto& object = delta.after ? delta.after : delta.before;
    std::string name = object->meta.key.name + "/" + object->meta.uid.value;
    all.push_back(!delta.before  ? added(std::move(name))
                  : !delta.after ? removed(std::move(name))
                                 : changed(std::move(name)));
  }
  return all;
}

}  // namespace

TEST_CASE("reports each addition, change and removal once") {
  Store store;
  CHECK(reported(store.upsert(deployment("web", "1"))) == Reported{added("web/u1")});
  CHECK(reported(store.upsert(deployment("web", "2"))) == Reported{changed("web/u1")});
  CHECK(reported(store.upsert(deployment("web", "2"))).empty());
  CHECK(reported(store.erase({"shop", "web"})) == Reported{removed("web/u1")});
  CHECK(reported(store.erase({"shop", "web"})).empty());
  CHECK(store.size() == 0);
}

TEST_CASE("ignores an older version of the same object, and compares versions as numbers") {
  Store store;
  store.upsert(deployment("web", "100"));
  CHECK(store.upsert(deployment("web", "99")).empty());
  CHECK(store.find({"shop", "web"})->meta.resource_version.value == "100");
  CHECK(store.upsert(deployment("web", "18446744073709551617")).size() == 1);  // 2^64 + 1
  CHECK(store.upsert(deployment("web", "not-a-number")).size() == 1);
}

TEST_CASE("finds the objects of an owner after each kind of change") {
  ObjectStore<api::Rollback> store(deployment_of);
  const auto rollback = [](const std::string& name, const std::string& deployment,
                           const std::string& version) {
    api::Rollback out{.meta = {.key = {"shop", name}}, .spec = {.deployment = deployment}};
    out.meta.resource_version = ResourceVersion(version);
    return out;
  };
  const auto names_of = [&](const std::string& deployment) {
    std::vector<std::string> names;
    store.for_each_of({"shop", deployment},
                      [&](const auto& found) { names.push_back(found->meta.key.name); });
    return names;
  };
  using Names = std::vector<std::string>;
  store.upsert(rollback("b", "web", "1"));
  store.upsert(rollback("a", "web", "2"));
  store.upsert(rollback("c", "api", "3"));
  store.upsert(rollback("unreadable", "", "4"));
  CHECK(names_of("web") == Names{"a", "b"});
  store.upsert(rollback("a", "api", "5"));
  CHECK(names_of("web") == Names{"b"});
  CHECK(names_of("api") == Names{"a", "c"});
  store.erase({"shop", "c"});
  CHECK(names_of("api") == Names{"a"});
  store.replace_all({rollback("b", "web", "1"), rollback("d", "api", "6")}, "shop");
  CHECK(names_of("web") == Names{"b"});
  CHECK(names_of("api") == Names{"d"});
  CHECK(names_of("").empty());
}

TEST_CASE("has a version of an object only if key, uid and version are equal") {
  Store store;
  store.upsert(deployment("web", "9"));
  const Key web{"shop", "web"};
  CHECK(store.has(web, Uid("u1"), ResourceVersion("9")));
  CHECK_FALSE(store.has(web, Uid("u1"), ResourceVersion("10")));
  CHECK_FALSE(store.has(web, Uid("u2"), ResourceVersion("9")));
  CHECK_FALSE(store.has({"shop", "api"}, Uid("u1"), ResourceVersion("9")));
  store.upsert(deployment("web", ""));
  CHECK_FALSE(store.has(web, Uid("u1"), ResourceVersion("")));
}

TEST_CASE("reports a removal and an addition when an object was created again under its name") {
  Store store;
  store.upsert(deployment("web", "9", "old"));
  CHECK(reported(store.upsert(deployment("web", "5", "new"))) ==
        Reported{removed("web/old"), added("web/new")});
  SECTION("ignores a late removal of the old object") {
    CHECK(store.erase({"shop", "web"}, Uid("old")).empty());
    CHECK(store.size() == 1);
  }
}

TEST_CASE("reports removed, changed and new objects when a list replaces the content") {
  Store store;
  for (const char* name : {"gone", "same", "changed", "recreated"})
    store.upsert(deployment(name, "5"));
  const auto deltas =
      store.replace_all({deployment("same", "5"), deployment("changed", "6"),
                         deployment("recreated", "7", "u2"), deployment("new", "8", "u3")});
  CHECK(reported(deltas) == Reported{removed("gone/u1"), changed("changed/u1"),
                                     removed("recreated/u1"), added("recreated/u2"),
                                     added("new/u3")});
  CHECK(store.size() == 4);
}

TEST_CASE("accepts lower versions when a list replaces the content") {
  Store store;
  store.upsert(deployment("web", "900"));
  CHECK(reported(store.replace_all({deployment("web", "50")})) == Reported{changed("web/u1")});
  CHECK(store.find({"shop", "web"})->meta.resource_version.value == "50");
}

TEST_CASE("leaves other namespaces alone when a list replaces one namespace") {
  Store store;
  store.upsert(deployment("web", "1", "u1", "shop"));
  store.upsert(deployment("api", "1", "u2", "shop-2"));
  CHECK(reported(store.replace_all({}, "shop")) == Reported{removed("web/u1")});
  std::vector<std::string> remaining;
  store.for_each_in("shop-2",
                    [&](const auto& object) { remaining.push_back(object->meta.key.name); });
  CHECK(remaining == std::vector<std::string>{"api"});
  store.for_each_in("shop", [&](const auto&) { FAIL("the namespace is empty"); });
}

TEST_CASE("removes missing objects and keeps newer ones when it merges a list") {
  Store store;
  const auto merge = [&store](std::vector<api::Deployment> objects, const char* version,
                              const char* namespace_, std::set<Key> listed = {}) {
    auto deltas = store.merge_page(std::move(objects), ResourceVersion(version), listed);
    for (auto& delta : store.drop_missing(listed, ResourceVersion(version), namespace_))
      deltas.push_back(std::move(delta));
    return deltas;
  };
  for (const char* name : {"gone", "same", "unreadable"}) store.upsert(deployment(name, "5"));
  store.upsert(deployment("created-after-list", "12", "u2"));
  store.upsert(deployment("changed-after-list", "12"));
  store.upsert(deployment("other-namespace", "5", "u1", "shop-2"));
  const auto deltas = merge({deployment("same", "5"), deployment("changed-after-list", "6"),
                             deployment("only-in-list", "8", "u3")},
                            "10", "shop", {{"shop", "unreadable"}});
  CHECK(reported(deltas) == Reported{added("only-in-list/u3"), removed("gone/u1")});
  CHECK(store.find({"shop", "changed-after-list"})->meta.resource_version.value == "12");
  CHECK(store.size() == 6);

  // The list has an older object of the same name: the store keeps the newer object.
  CHECK(merge({deployment("created-after-list", "4", "u1")}, "11", "shop",
              {{"shop", "same"}, {"shop", "unreadable"}, {"shop", "only-in-list"}})
            .empty());

  // An empty list of all namespaces removes all objects except those that are newer than the list.
  CHECK(reported(merge({}, "11", "")) == Reported{removed("only-in-list/u3"), removed("same/u1"),
                                                  removed("unreadable/u1"),
                                                  removed("other-namespace/u1")});
}

TEST_CASE("does not change an object that find() has returned") {
  Store store;
  store.upsert(deployment("web", "1"));
  const auto seen = store.find({"shop", "web"});
  store.upsert(deployment("web", "2"));
  CHECK(seen->meta.resource_version.value == "1");
}

TEST_CASE("applies each kind of change") {
  Store store;
  CHECK(reported(store.apply(Upsert<api::Deployment>{deployment("web", "1")})) ==
        Reported{added("web/u1")});
  CHECK(reported(store.apply(Remove{.key = {"shop", "web"}, .uid = Uid("u1")})) ==
        Reported{removed("web/u1")});
  CHECK(reported(store.apply(Replace<api::Deployment>{
            .namespace_ = "", .objects = {deployment("api", "2")}})) == Reported{added("api/u1")});
}

TEST_CASE("compares resource versions as numbers of any length, and no other texts") {
  const auto version = [](const char* text) { return ResourceVersion(text); };
  CHECK(older(version("9"), version("10")));
  CHECK_FALSE(older(version("10"), version("9")));
  CHECK(older(version("18446744073709551616"), version("18446744073709551617")));
  CHECK(compare_versions(version("007"), version("7")) == std::strong_ordering::equal);
  CHECK(compare_versions(version("0"), version("000")) == std::strong_ordering::equal);
  CHECK_FALSE(compare_versions(version("a"), version("7")));
  CHECK_FALSE(compare_versions(version(""), version("7")));
  CHECK_FALSE(older(version("x"), version("7")));
}
