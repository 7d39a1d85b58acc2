// Which pods are watched, when they are listed, and when they are in sync.
#include "guard/pod_sync.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>

using namespace lastgood;
using namespace lastgood::guard;
using namespace std::chrono_literals;

namespace lastgood::guard {
std::ostream& operator<<(std::ostream& out, PodSource source) {
  switch (source) {
    case PodSource::Watch: return out << "Watch";
    case PodSource::List: return out << "List";
    case PodSource::NotInSync: return out << "NotInSync";
    case PodSource::NotWatched: return out << "NotWatched";
  }
  return out;
}
std::ostream& operator<<(std::ostream& out, ListUse use) {
  switch (use) {
    case ListUse::None: return out << "None";
    case ListUse::WithoutWatch: return out << "WithoutWatch";
    case ListUse::CompletesWatch: return out << "CompletesWatch";
  }
  return out;
}
}  // namespace lastgood::guard

namespace {

const MonotonicTime start(1h);
const Key web{.namespace_ = "shop", .name = "web"};

std::vector<TemplateHash> hashes(const std::vector<std::string>& texts) {
  std::vector<TemplateHash> out;
  for (const std::string& text : texts) out.emplace_back(text);
  return out;
}

PodsWanted wanted(const std::string& name, const std::vector<std::string>& texts) {
  return {.deployment = {.namespace_ = "shop", .name = name}, .hashes = hashes(texts)};
}

std::vector<std::string> names_of(const std::vector<PodList>& lists) {
  std::vector<std::string> names;
  for (const PodList& list : lists) names.push_back(list.wanted.deployment.name);
  return names;
}

// A PodSync whose watch has read all pods of its hashes.
struct SyncedWatch {
  PodSync sync;
  int syncs = 1;

  explicit SyncedWatch(const std::vector<PodsWanted>& all) {
    for (const PodsWanted& one : all) sync.want(one, start);
    open(start);
  }
  // The watch is open with the newest selector.
  void open(MonotonicTime now) {
    sync.observe({.selector = sync.selector(), .is_streaming = true, .syncs = syncs}, now);
  }
  void interrupt(MonotonicTime now) {
    sync.observe({.selector = sync.selector(), .streamed_until = now, .syncs = syncs}, now);
  }
  [[nodiscard]] PodSource source(const std::string& hash, MonotonicTime now = start) const {
    return sync.source(web, TemplateHash(hash), now);
  }
};

// `count` Deployments with `revisions` revisions each. No two have the same hash.
std::vector<PodsWanted> fleet(int count, int revisions) {
  std::vector<PodsWanted> all;
  for (int i = 0; i < count; ++i) {
    std::vector<std::string> texts;
    for (int j = 0; j < revisions; ++j) texts.push_back(fmt::format("h{}-{}", i, j));
    all.push_back(wanted(fmt::format("d{:04}", i), texts));
  }
  return all;
}

}  // namespace

TEST_CASE("watches the hashes of all Deployments as one set, and nothing when none is wanted") {
  PodSync sync;
  CHECK(sync.selector().empty());
  sync.want(wanted("web", {"b", "a"}), start);
  CHECK(sync.selector() == "pod-template-hash in (a,b)");
  sync.want(wanted("api", {"c", "a"}), start);
  CHECK(sync.selector() == "pod-template-hash in (a,b,c)");
  sync.drop(web);
  sync.drop({.namespace_ = "shop", .name = "api"});
  CHECK(sync.selector().empty());
}

TEST_CASE("opens the watch again only when it lacks a hash") {
  PodSync sync;
  sync.want(wanted("web", {"a"}), start);
  sync.want(wanted("api", {"b"}), start);
  sync.drop(web);
  CHECK(sync.selector() == "pod-template-hash in (a,b)");
  sync.want(wanted("db", {"c"}), start);
  CHECK(sync.selector() == "pod-template-hash in (b,c)");
}

TEST_CASE("reports whether the pods that a Deployment wants have changed") {
  PodSync sync;
  CHECK(sync.want(wanted("web", {"a"}), start));
  CHECK_FALSE(sync.want(wanted("web", {"a"}), start));
  CHECK(sync.want(wanted("web", {"b", "a"}), start));
  CHECK(sync.drop(web));
  CHECK_FALSE(sync.drop(web));
}

TEST_CASE("pods are in sync once the watch has read all of them") {
  SyncedWatch watch({wanted("web", {"a", "b"})});
  CHECK(watch.source("a") == PodSource::Watch);
  CHECK(watch.source("b") == PodSource::Watch);
  CHECK(watch.source("other") == PodSource::NotWatched);
  CHECK(watch.sync.take_due_lists(start, 0).empty());
}

TEST_CASE("a hash that joins an open watch is in sync when it has been listed") {
  SyncedWatch watch({wanted("web", {"a"})});
  watch.sync.want(wanted("web", {"new", "a"}), start);
  CHECK(watch.source("new") == PodSource::NotInSync);
  CHECK(watch.source("a") == PodSource::Watch);
  // The old watch is still open: a list now could miss changes before the new watch opens.
  CHECK(watch.sync.take_due_lists(start, 0).empty());
  watch.open(start);
  const auto lists = watch.sync.take_due_lists(start, 0);
  REQUIRE(names_of(lists) == std::vector<std::string>{"web"});
  CHECK(watch.source("new") == PodSource::NotInSync);
  CHECK(watch.sync.on_listed(lists[0], /*succeeded=*/true, start) == ListUse::CompletesWatch);
  CHECK(watch.source("new") == PodSource::Watch);
  CHECK(watch.sync.take_due_lists(start + 1h, 0).empty());
}

TEST_CASE("a list that began before another hash joined does not count") {
  SyncedWatch watch({wanted("web", {"a"})});
  watch.sync.want(wanted("web", {"b", "a"}), start);
  watch.open(start);
  const auto first = watch.sync.take_due_lists(start, 0);
  REQUIRE(first.size() == 1);
  watch.sync.want(wanted("web", {"c", "b", "a"}), start);
  CHECK(watch.sync.on_listed(first[0], /*succeeded=*/true, start) == ListUse::None);
  CHECK(watch.source("b") == PodSource::NotInSync);
  CHECK(watch.source("c") == PodSource::NotInSync);
  watch.open(start);
  const auto second = watch.sync.take_due_lists(start, 0);
  REQUIRE(second.size() == 1);
  CHECK(watch.sync.on_listed(second[0], /*succeeded=*/true, start) == ListUse::CompletesWatch);
  CHECK(watch.source("c") == PodSource::Watch);
}

//  list 1   |-- of b ------------------------------ ends
//  wanted   b          nothing     c
//  list 2                           |-- of c --------------- ends
TEST_CASE("a list that began before the Deployment was dropped does not count") {
  SyncedWatch watch({wanted("web", {"a"}), wanted("api", {"x"})});
  watch.sync.want(wanted("web", {"b"}), start);
  watch.open(start);
  const auto first = watch.sync.take_due_lists(start, 0);
  REQUIRE(names_of(first) == std::vector<std::string>{"web"});
  watch.sync.drop(web);
  watch.sync.want(wanted("web", {"c"}), start);
  watch.open(start);
  const auto second = watch.sync.take_due_lists(start, 0);
  REQUIRE(names_of(second) == std::vector<std::string>{"web"});
  CHECK(watch.sync.on_listed(first[0], /*succeeded=*/true, start) == ListUse::None);
  CHECK(watch.source("c") == PodSource::NotInSync);
  CHECK(watch.sync.on_listed(second[0], /*succeeded=*/true, start) == ListUse::CompletesWatch);
  CHECK(watch.source("c") == PodSource::Watch);
  CHECK(watch.sync.on_listed(first[0], /*succeeded=*/true, start) == ListUse::None);
}

//  list     |-- of b ------------------ ends
//  watch              reads all pods
TEST_CASE("a list that began before the watch read all pods changes no pod of the watch") {
  SyncedWatch watch({wanted("web", {"a"})});
  watch.sync.want(wanted("web", {"b", "a"}), start);
  watch.open(start);
  const auto lists = watch.sync.take_due_lists(start, 0);
  REQUIRE(lists.size() == 1);
  ++watch.syncs;
  watch.open(start);
  CHECK(watch.source("b") == PodSource::Watch);
  CHECK(watch.sync.on_listed(lists[0], /*succeeded=*/true, start) == ListUse::WithoutWatch);
  CHECK(watch.source("b") == PodSource::Watch);
}

//  watch    interrupted
//  lists        |-- of a -- ends                 |-- of b, a ...
//  wanted   a                        b, a
TEST_CASE("a list that lacks a new revision is not used while the next list is running") {
  SyncedWatch watch({wanted("web", {"a"})});
  watch.interrupt(start);
  const auto lists = watch.sync.take_due_lists(start + 5s, 0);
  REQUIRE(lists.size() == 1);
  watch.sync.on_listed(lists[0], /*succeeded=*/true, start + 5s);
  REQUIRE(watch.source("a", start + 6s) == PodSource::List);
  watch.sync.want(wanted("web", {"b", "a"}), start + 6s);
  REQUIRE(watch.sync.take_due_lists(start + 6s, 0).size() == 1);
  CHECK(watch.source("b", start + 6s) == PodSource::NotInSync);
}

TEST_CASE("a list that failed is repeated after 5 s with up to 20% jitter") {
  SyncedWatch watch({wanted("web", {"a"})});
  watch.sync.want(wanted("web", {"new"}), start);
  watch.open(start);
  const auto lists = watch.sync.take_due_lists(start, /*random=*/0.5);
  REQUIRE(lists.size() == 1);
  CHECK(watch.sync.on_listed(lists[0], /*succeeded=*/false, start) == ListUse::None);
  CHECK(watch.source("new") == PodSource::NotInSync);
  CHECK(watch.sync.take_due_lists(start + 5499ms, 0).empty());
  CHECK(watch.sync.take_due_lists(start + 5500ms, 0).size() == 1);
}

//  watch    open | closed ................. open
//  lists         |    5 s: list   10 s: list
TEST_CASE("lists the pods every 5 s while the watch is interrupted for more than 5 s") {
  SyncedWatch watch({wanted("web", {"a"})});
  watch.interrupt(start);
  CHECK(watch.source("a", start + 4999ms) == PodSource::Watch);
  CHECK(watch.sync.take_due_lists(start + 4999ms, 0).empty());
  CHECK(watch.source("a", start + 5s) == PodSource::NotInSync);
  const auto lists = watch.sync.take_due_lists(start + 5s, 0);
  REQUIRE(lists.size() == 1);
  CHECK(watch.sync.on_listed(lists[0], /*succeeded=*/true, start + 5s) == ListUse::WithoutWatch);
  CHECK(watch.source("a", start + 15s) == PodSource::List);
  CHECK(watch.source("a", start + 15'001ms) == PodSource::NotInSync);
  CHECK(watch.sync.take_due_lists(start + 9s, 0).empty());
  CHECK(watch.sync.take_due_lists(start + 10s, 0).size() == 1);
  watch.open(start + 11s);
  CHECK(watch.source("a", start + 1h) == PodSource::Watch);
}

//  watch    open | closed | open with the same selector | has read all pods
TEST_CASE("reads the pods again when the watch was closed and opens with the same selector") {
  SyncedWatch watch({wanted("web", {"a"})});
  const MonotonicTime later = start + 1min;
  watch.sync.observe({.selector = "", .streamed_until = start, .syncs = watch.syncs}, later);
  CHECK(watch.source("a", later) != PodSource::Watch);
  watch.open(later);
  CHECK(watch.source("a", later) != PodSource::Watch);
  ++watch.syncs;
  watch.open(later);
  CHECK(watch.source("a", later) == PodSource::Watch);
  CHECK(watch.sync.take_due_lists(later, 0).empty());
}

TEST_CASE("is late when the pods of a release are out of sync for more than 10 s") {
  SyncedWatch watch({wanted("web", {"a"})});
  const MonotonicTime release = start + 1h;
  watch.sync.want(wanted("web", {"new", "a"}), release);
  CHECK_FALSE(watch.sync.is_late(web, release));
  CHECK_FALSE(watch.sync.is_late(web, release + 10s));
  CHECK(watch.sync.is_late(web, release + 10'001ms));
  CHECK_FALSE(watch.sync.is_late({.namespace_ = "shop", .name = "other"}, release + 1h));
}

TEST_CASE("is late when the watch is interrupted for more than 15 s") {
  SyncedWatch watch({wanted("web", {"a"})});
  watch.interrupt(start + 1h);
  CHECK_FALSE(watch.sync.is_late(web, start + 1h + 15s));
  CHECK(watch.sync.is_late(web, start + 1h + 15'001ms));
}

TEST_CASE("lists at once when the last watch never opened") {
  PodSync sync;
  sync.want(wanted("web", {"a"}), start);
  CHECK(sync.take_due_lists(start, 0).empty());
  CHECK(sync.take_due_lists(start + 5s, 0).size() == 1);
  sync.drop(web);
  sync.want(wanted("api", {"b"}), start + 1min);
  CHECK(names_of(sync.take_due_lists(start + 1min, 0)) == std::vector<std::string>{"api"});
}

TEST_CASE("runs at most 4 lists at once, first for the Deployments that have waited longest") {
  PodSync sync;
  for (const PodsWanted& one : fleet(10, 1)) sync.want(one, start);
  const MonotonicTime late = start + 5s;
  const auto lists = sync.take_due_lists(late, 0);
  REQUIRE(names_of(lists) == std::vector<std::string>{"d0000", "d0001", "d0002", "d0003"});
  CHECK(sync.take_due_lists(late, 0).empty());
  sync.on_listed(lists[1], /*succeeded=*/true, late);
  CHECK(names_of(sync.take_due_lists(late, 0)) == std::vector<std::string>{"d0004"});
  // d0001 is due again, but the others have waited longer.
  sync.on_listed(lists[0], /*succeeded=*/true, late);
  CHECK(names_of(sync.take_due_lists(late + 6s, 0)) == std::vector<std::string>{"d0005"});
}

TEST_CASE("leaves out the oldest revisions when there are more than 500 hashes") {
  SyncedWatch watch(fleet(200, 10));
  const Key first{.namespace_ = "shop", .name = "d0000"};
  CHECK(watch.sync.open_hashes().size() == 400);
  CHECK(watch.sync.source(first, TemplateHash("h0-0"), start) == PodSource::Watch);
  CHECK(watch.sync.source(first, TemplateHash("h0-1"), start) == PodSource::Watch);
  CHECK(watch.sync.source(first, TemplateHash("h0-2"), start) == PodSource::NotWatched);
  CHECK(watch.sync.take_due_lists(start + 1min, 0).empty());
}

//  26 Deployments with 20 revisions: 19 of each are watched ---- one ends ---- another one starts
TEST_CASE("lists no Deployment whose pods are in sync when another one ends or starts") {
  SyncedWatch watch(fleet(26, 20));
  REQUIRE(watch.sync.open_hashes().size() == 26 * 19);
  const std::string selector = watch.sync.selector();
  watch.sync.drop({.namespace_ = "shop", .name = "d0025"});
  CHECK(watch.sync.selector() == selector);
  CHECK(watch.sync.take_due_lists(start, 0).empty());
  PodsWanted next = wanted("next", {"n0", "n1"});
  for (int i = 2; i < 20; ++i) next.hashes.emplace_back(fmt::format("n{}", i));
  watch.sync.want(next, start);
  watch.open(start);
  CHECK(names_of(watch.sync.take_due_lists(start, 0)) == std::vector<std::string>{"next"});
  const Key first{.namespace_ = "shop", .name = "d0000"};
  CHECK(watch.sync.source(first, TemplateHash("h0-18"), start) == PodSource::Watch);
}

//  one Deployment with 20 revisions ---- 25 more: 19 of each are watched ---- the 25 end
TEST_CASE("watches the oldest revisions again only when the Deployment has another release") {
  const std::vector<PodsWanted> all = fleet(26, 20);
  SyncedWatch watch(all);
  for (std::size_t i = 1; i < all.size(); ++i) watch.sync.drop(all[i].deployment);
  const TemplateHash oldest("h0-19");
  CHECK(watch.sync.source(all[0].deployment, oldest, start) == PodSource::NotWatched);
  CHECK(watch.sync.take_due_lists(start, 0).empty());
  PodsWanted next = all[0];
  next.hashes[0] = TemplateHash("new");
  watch.sync.want(next, start);
  CHECK(watch.sync.selector().contains(oldest.value));
}

TEST_CASE("a Deployment joins the first watch with room, else the one with the fewest hashes") {
  const auto choose = [](std::vector<std::size_t> wanted, std::size_t more) {
    return choose_watch(wanted, more);
  };
  CHECK(choose({0, 0, 0}, 2) == 0);
  CHECK(choose({498, 0, 0}, 2) == 0);
  CHECK(choose({499, 0, 0}, 2) == 1);
  CHECK(choose({499, 100, 0}, 2) == 1);
  CHECK(choose({499, 500, 0}, 2) == 2);
  CHECK(choose({600, 520, 510}, 2) == 2);
  CHECK(choose({600, 510, 510}, 2) == 1);
}

TEST_CASE("counts a hash twice when two Deployments want it") {
  PodSync sync;
  CHECK(sync.wanted_hashes() == 0);
  sync.want(wanted("web", {"a", "b"}), start);
  sync.want(wanted("api", {"b"}), start);
  CHECK(sync.wanted_hashes() == 3);
  sync.want(wanted("api", {"b", "c"}), start);
  sync.drop(web);
  CHECK(sync.wanted_hashes() == 2);
}

TEST_CASE("reports only once which hashes have left the watch") {
  SyncedWatch watch({wanted("web", {"a"}), wanted("api", {"b"})});
  watch.sync.drop(web);
  watch.sync.want(wanted("db", {"c"}), start);
  const PodWatchState state{
      .selector = watch.sync.selector(), .is_streaming = true, .syncs = watch.syncs};
  CHECK(watch.sync.observe(state, start) == hashes({"a"}));
  CHECK(watch.sync.observe(state, start).empty());
  watch.sync.clear();
  CHECK(watch.sync.observe({.syncs = watch.syncs}, start) == hashes({"b", "c"}));
}

TEST_CASE("lists every Deployment that does not fit into the watch") {
  SyncedWatch watch(fleet(252, 2));
  CHECK(watch.sync.open_hashes().size() == 500);
  std::set<std::string> listed;
  for (MonotonicTime now = start; now < start + 10s; now += 1s) {
    for (const PodList& list : watch.sync.take_due_lists(now, 0)) {
      const PodsWanted& one = list.wanted;
      listed.insert(one.deployment.name);
      CHECK(watch.sync.on_listed(list, /*succeeded=*/true, now) == ListUse::WithoutWatch);
      CHECK(watch.sync.source(one.deployment, one.hashes.front(), now) == PodSource::List);
    }
  }
  CHECK(listed == std::set<std::string>{"d0250", "d0251"});
}

TEST_CASE("pods whose hash left the watch are not in sync when they are wanted again") {
  SyncedWatch watch({wanted("web", {"a"}), wanted("api", {"b"})});
  watch.sync.drop(web);
  watch.sync.want(wanted("db", {"c"}), start);
  watch.open(start);
  CHECK_FALSE(watch.sync.open_hashes().contains(TemplateHash("a")));
  watch.sync.want(wanted("web", {"a"}), start);
  CHECK(watch.source("a") == PodSource::NotInSync);
  watch.open(start);
  CHECK(watch.source("a") == PodSource::NotInSync);
}

TEST_CASE("finds the Deployments of a pod by namespace and hash") {
  PodSync sync;
  sync.want(wanted("web", {"a", "b"}), start);
  sync.want(wanted("api", {"b"}), start);
  CHECK(sync.deployments_with("shop", TemplateHash("a")) == std::vector<Key>{web});
  CHECK(sync.deployments_with("shop", TemplateHash("b")).size() == 2);
  CHECK(sync.deployments_with("other", TemplateHash("a")).empty());
}
