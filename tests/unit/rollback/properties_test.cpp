// Properties of restored_managers() and ownership_patch() for random field ownership.
#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <map>

#include "rollback/managers.hpp"
#include "rollback/ownership.hpp"
#include "unit/rollback/support.hpp"

namespace lastgood::rollback::test {
namespace {

Json random_subset(const std::vector<std::string>& keys) {
  Json out = Json::object();
  for (const auto& key : *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(keys)))
    out[key] = Json::object();
  return out;
}

// A FieldsV1 as the API server writes it: without empty parents, and without {".": {}}.
Json random_fields() {
  static const std::vector<std::string> pod{"f:image", "f:env", "f:args", "."};
  static const std::vector<std::string> annotations{
      "f:kubectl.kubernetes.io/last-applied-configuration", "f:note", "."};
  static const std::vector<std::string> spec{"f:replicas", "f:strategy", "f:selector"};
  const auto without_lone_dot = [](Json fields) {
    return fields.size() == 1 && fields.contains(".") ? Json::object() : fields;
  };
  Json out = Json::object();
  if (*rc::gen::arbitrary<bool>()) out["f:spec"] = random_subset(spec);
  if (*rc::gen::arbitrary<bool>())
    out["f:spec"]["f:template"] = without_lone_dot(random_subset(pod));
  if (*rc::gen::arbitrary<bool>())
    out["f:metadata"]["f:annotations"] = without_lone_dot(random_subset(annotations));
  if (out.contains("f:spec") && out["f:spec"].empty()) out.erase("f:spec");
  return out;
}

Json random_entries() {
  static const std::vector<std::string> managers{"helm", "kubectl", "kubectl-client-side-apply",
                                                 "kubectl-set", "lastgood"};
  static const std::vector<std::string> operations{"Apply", "Update"};
  static const std::vector<std::string> subresources{"", "", "", "status", "scale"};
  std::map<std::string, Json> entries;  // by identity, as in the API server
  for (int i = *rc::gen::inRange(0, 6); i > 0; --i) {
    Json entry{{"manager", *rc::gen::elementOf(managers)},
               {"operation", *rc::gen::elementOf(operations)},
               {"apiVersion", "apps/v1"},
               {"fieldsType", "FieldsV1"},
               {"time", "2026-11-24T12:00:00Z"},
               {"fieldsV1", random_fields()}};
    if (const auto subresource = *rc::gen::elementOf(subresources); !subresource.empty())
      entry["subresource"] = subresource;
    if (!entry["fieldsV1"].empty()) entries[identity(entry)] = std::move(entry);
  }
  Json out = Json::array();
  for (auto& [_, entry] : entries) out.push_back(std::move(entry));
  return out;
}

struct OwnershipCase {
  Json live;
  Snapshot snapshot;
};

OwnershipCase random_case() {
  OwnershipCase out{.live = {{"metadata",
                              {{"name", "web"},
                               {"namespace", "shop"},
                               {"resourceVersion", "1"},
                               {"managedFields", random_entries()}}}},
                    .snapshot = {.name = "web-abc", .managers = random_entries()}};
  if (*rc::gen::arbitrary<bool>())
    out.live["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = "{}";
  if (*rc::gen::arbitrary<bool>()) out.snapshot.last_applied = "{}";
  return out;
}

// The Deployment after the ownership patch.
Json patched(const OwnershipCase& ownership) {
  auto live = ownership.live;
  live["metadata"]["managedFields"] = restored_managers(ownership.live, ownership.snapshot);
  return live;
}

std::map<std::string, Json> by_identity(const Json& entries) {
  std::map<std::string, Json> out;
  for (const auto& entry : entries) out[identity(entry)] = entry;
  return out;
}

void check_property(const std::function<void()>& property) { CHECK(rc::check(property)); }

}  // namespace

TEST_CASE("ownership_patch is absent after it was applied once") {
  check_property([] {
    const auto ownership = random_case();
    RC_ASSERT_FALSE(ownership_patch(patched(ownership), ownership.snapshot).has_value());
  });
}

TEST_CASE("Lastgood owns neither the template nor last-applied after the ownership patch") {
  check_property([] {
    for (const auto& entry : patched(random_case())["metadata"]["managedFields"])
      if (is_own_entry(entry) && !is_status_entry(entry))
        RC_ASSERT(within(entry["fieldsV1"], Scope::TemplateAndLastApplied).empty());
  });
}

TEST_CASE("each manager owns the template fields of its entry in the snapshot") {
  check_property([] {
    const auto ownership = random_case();
    auto in_snapshot = by_identity(ownership.snapshot.managers);
    const auto restored = by_identity(patched(ownership)["metadata"]["managedFields"]);
    for (const auto& [id, entry] : restored) {
      if (is_status_entry(entry) || is_own_entry(entry)) continue;
      const auto owned = in_snapshot.contains(id)
                             ? within(in_snapshot[id]["fieldsV1"], Scope::TemplateOnly)
                             : Json::object();
      RC_ASSERT(within(entry["fieldsV1"], Scope::TemplateOnly) == owned);
    }
    for (const auto& [id, entry] : in_snapshot)
      if (!is_status_entry(entry) && !is_own_entry(entry) &&
          !within(entry["fieldsV1"], Scope::TemplateOnly).empty())
        RC_ASSERT(restored.contains(id));
  });
}

TEST_CASE("fields outside of the template and the last-applied annotation keep their owners") {
  check_property([] {
    const auto ownership = random_case();
    const auto owners_of_other_fields = [](const Json& entries) {
      std::map<std::string, Json> out;
      for (const auto& entry : entries) {
        auto fields = is_status_entry(entry)
                          ? entry["fieldsV1"]
                          : outside(entry["fieldsV1"], Scope::TemplateAndLastApplied);
        if (!fields.empty()) out[identity(entry)] = std::move(fields);
      }
      return out;
    };
    RC_ASSERT(owners_of_other_fields(patched(ownership)["metadata"]["managedFields"]) ==
              owners_of_other_fields(ownership.live["metadata"]["managedFields"]));
  });
}

TEST_CASE("restored_managers returns one entry for each identity, and no empty entry") {
  check_property([] {
    const auto entries = patched(random_case())["metadata"]["managedFields"];
    RC_ASSERT(by_identity(entries).size() == entries.size());
    for (const auto& entry : entries) RC_ASSERT_FALSE(entry["fieldsV1"].empty());
  });
}

}  // namespace lastgood::rollback::test
