// Properties of the clean undo, for random field ownership.
#include <rapidcheck.h>

#include <catch2/catch.hpp>
#include <map>

#include "rollback/managers.hpp"
#include "rollback/ownership.hpp"
#include "unit/rollback/support.hpp"

namespace lastgood::rollback::test {
namespace {

Json subset(const std::vector<std::string>& keys) {
  Json out = Json::object();
  for (const auto& key : *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(keys)))
    out[key] = Json::object();
  return out;
}

// A FieldsV1 as the API server writes it: without empty parents, and without {".": {}}.
Json some_fields() {
  static const std::vector<std::string> pod{"f:image", "f:env", "f:args", "."};
  static const std::vector<std::string> annotations{
      "f:kubectl.kubernetes.io/last-applied-configuration", "f:note", "."};
  static const std::vector<std::string> spec{"f:replicas", "f:strategy", "f:selector"};
  const auto normalized = [](Json fields) {
    return fields.size() == 1 && fields.contains(".") ? Json::object() : fields;
  };
  Json out = Json::object();
  if (*rc::gen::arbitrary<bool>()) out["f:spec"] = subset(spec);
  if (*rc::gen::arbitrary<bool>()) out["f:spec"]["f:template"] = normalized(subset(pod));
  if (*rc::gen::arbitrary<bool>())
    out["f:metadata"]["f:annotations"] = normalized(subset(annotations));
  if (out.contains("f:spec") && out["f:spec"].empty()) out.erase("f:spec");
  return out;
}

Json some_entries() {
  static const std::vector<std::string> managers{"helm", "kubectl", "kubectl-client-side-apply",
                                                 "kubectl-set", "lastgood"};
  static const std::vector<std::string> operations{"Apply", "Update"};
  static const std::vector<std::string> subresources{"", "", "", "status", "scale"};
  std::map<std::string, Json> entries;  // the API server has one for each identity
  for (int i = *rc::gen::inRange(0, 6); i > 0; --i) {
    Json entry{{"manager", *rc::gen::elementOf(managers)},
               {"operation", *rc::gen::elementOf(operations)},
               {"apiVersion", "apps/v1"},
               {"fieldsType", "FieldsV1"},
               {"time", "2026-11-24T12:00:00Z"},
               {"fieldsV1", some_fields()}};
    if (const auto subresource = *rc::gen::elementOf(subresources); !subresource.empty())
      entry["subresource"] = subresource;
    if (!entry["fieldsV1"].empty()) entries[identity(entry)] = std::move(entry);
  }
  Json out = Json::array();
  for (auto& [_, entry] : entries) out.push_back(std::move(entry));
  return out;
}

struct Case {
  Json live;
  Snapshot snapshot;
};

Case some_case() {
  Case out{.live = {{"metadata",
                     {{"name", "web"},
                      {"namespace", "shop"},
                      {"resourceVersion", "1"},
                      {"managedFields", some_entries()}}}},
           .snapshot = {.name = "web-abc", .managers = some_entries()}};
  if (*rc::gen::arbitrary<bool>())
    out.live["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = "{}";
  if (*rc::gen::arbitrary<bool>()) out.snapshot.last_applied = "{}";
  return out;
}

Json after(const Case& one) {
  auto live = one.live;
  live["metadata"]["managedFields"] = restored_managers(one.live, one.snapshot);
  return live;
}

std::map<std::string, Json> by_identity(const Json& entries) {
  std::map<std::string, Json> out;
  for (const auto& entry : entries) out[identity(entry)] = entry;
  return out;
}

void holds(const std::string& name, const std::function<void()>& property) {
  INFO(name);
  CHECK(rc::check(name, property));
}

}  // namespace

TEST_CASE("the ownership patch is idempotent") {
  holds("idempotent", [] {
    const auto one = some_case();
    RC_ASSERT_FALSE(ownership_patch(after(one), one.snapshot).has_value());
  });
}

TEST_CASE("Lastgood owns no field of the template and not the last-applied annotation") {
  holds("no own fields", [] {
    for (const auto& entry : after(some_case())["metadata"]["managedFields"])
      if (is_own_entry(entry) && !is_status_entry(entry))
        RC_ASSERT(within(entry["fieldsV1"], Scope::TemplateAndLastApplied).empty());
  });
}

TEST_CASE("each manager owns the template fields that it owned before") {
  holds("same owners", [] {
    const auto one = some_case();
    auto before = by_identity(one.snapshot.managers);
    const auto now = by_identity(after(one)["metadata"]["managedFields"]);
    for (const auto& [id, entry] : now) {
      if (is_status_entry(entry) || is_own_entry(entry)) continue;
      const auto owned = before.contains(id) ? within(before[id]["fieldsV1"], Scope::TemplateOnly)
                                             : Json::object();
      RC_ASSERT(within(entry["fieldsV1"], Scope::TemplateOnly) == owned);
    }
    for (const auto& [id, entry] : before)
      if (!is_status_entry(entry) && !is_own_entry(entry) &&
          !within(entry["fieldsV1"], Scope::TemplateOnly).empty())
        RC_ASSERT(now.contains(id));
  });
}

TEST_CASE("fields outside of the template and the last-applied annotation keep their owners") {
  holds("other fields", [] {
    const auto one = some_case();
    const auto rest = [](const Json& entries) {
      std::map<std::string, Json> out;
      for (const auto& entry : entries) {
        auto fields = is_status_entry(entry)
                          ? entry["fieldsV1"]
                          : outside(entry["fieldsV1"], Scope::TemplateAndLastApplied);
        if (!fields.empty()) out[identity(entry)] = std::move(fields);
      }
      return out;
    };
    RC_ASSERT(rest(after(one)["metadata"]["managedFields"]) ==
              rest(one.live["metadata"]["managedFields"]));
  });
}

TEST_CASE("the result has one entry for each manager, and no empty entry") {
  holds("one entry each", [] {
    const auto entries = after(some_case())["metadata"]["managedFields"];
    RC_ASSERT(by_identity(entries).size() == entries.size());
    for (const auto& entry : entries) RC_ASSERT_FALSE(entry["fieldsV1"].empty());
  });
}

}  // namespace lastgood::rollback::test
