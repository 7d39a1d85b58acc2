// The clean undo on managedFields that a real API server recorded, for each way to ship a release.
#include <catch2/catch.hpp>
#include <map>

#include "api/constants.hpp"
#include "rollback/ownership.hpp"
#include "rollback/patch.hpp"
#include "unit/rollback/support.hpp"

namespace lastgood::rollback::test {
namespace {

const std::string annotation(api::annotation::last_applied);

std::string who(const Json& entry) {
  return entry.value("manager", "") + "/" + entry.value("operation", "") + "/" +
         entry.value("subresource", "");
}

// manager -> the fields of the template that it owns.
std::map<std::string, Json> template_owners(const Json& managed_fields) {
  std::map<std::string, Json> out;
  for (const auto& entry : managed_fields) {
    const auto& fields = entry["fieldsV1"];
    if (fields.contains("f:spec") && fields["f:spec"].contains("f:template"))
      out[who(entry)] = fields["f:spec"]["f:template"];
  }
  return out;
}

// Without the Deployment controller, which writes only the status.
std::map<std::string, Json> all_owners(const Json& managed_fields) {
  std::map<std::string, Json> out;
  for (const auto& entry : managed_fields)
    if (entry.value("subresource", "") != "status") out[who(entry)] = entry["fieldsV1"];
  return out;
}

bool owns_annotation(const Json& entry) {
  return entry["fieldsV1"]
      .value(Json::json_pointer("/f:metadata/f:annotations"), Json::object())
      .contains("f:" + annotation);
}

}  // namespace

TEST_CASE("gives each manager the template fields that it owned when the revision was good") {
  for (const auto& name : recordings()) {
    DYNAMIC_SECTION(name) {
      const auto seen = recorded(name);
      const auto restored = restored_managers(seen.patched, snapshot_of(seen.good));
      CHECK(template_owners(restored) == template_owners(seen.good["metadata"]["managedFields"]));
      CHECK(template_owners(restored).count("lastgood/Update/") == 0);
    }
  }
}

TEST_CASE("sends no second ownership patch after the server stored the first one") {
  for (const auto& name : recordings()) {
    DYNAMIC_SECTION(name) {
      const auto seen = recorded(name);
      const auto snapshot = snapshot_of(seen.good);
      CHECK(all_owners(restored_managers(seen.patched, snapshot)) ==
            all_owners(seen.restored["metadata"]["managedFields"]));
      CHECK_FALSE(ownership_patch(seen.restored, snapshot).has_value());
    }
  }
}

TEST_CASE("keeps the owners of fields outside of the template and the annotation") {
  for (const auto& name : recordings()) {
    DYNAMIC_SECTION(name) {
      const auto seen = recorded(name);
      const auto strip = [](const Json& managed_fields) {
        auto owners = all_owners(managed_fields);
        for (auto& [_, fields] : owners) {
          if (fields.contains("f:spec")) fields["f:spec"].erase("f:template");
          if (fields.contains("f:spec") && fields["f:spec"].empty()) fields.erase("f:spec");
          fields.erase("f:metadata");
        }
        std::erase_if(owners, [](const auto& owner) { return owner.second.empty(); });
        return owners;
      };
      CHECK(strip(restored_managers(seen.patched, snapshot_of(seen.good))) ==
            strip(seen.patched["metadata"]["managedFields"]));
    }
  }
}

TEST_CASE("leaves Lastgood with only the mark") {
  for (const auto& name : recordings()) {
    DYNAMIC_SECTION(name) {
      const auto seen = recorded(name);
      for (const auto& entry : restored_managers(seen.patched, snapshot_of(seen.good))) {
        if (entry["manager"] != "lastgood") continue;
        auto fields = entry["fieldsV1"];
        REQUIRE(fields["f:metadata"]["f:annotations"].contains("f:lastgood.dev/rolled-back-by"));
        fields["f:metadata"]["f:annotations"].erase("f:lastgood.dev/rolled-back-by");
        fields["f:metadata"]["f:annotations"].erase(".");
        CHECK(fields == Json{{"f:metadata", {{"f:annotations", Json::object()}}}});
      }
    }
  }
}

TEST_CASE("predicts the Deployment that the server stores after the template patch") {
  for (const auto& name : recordings()) {
    DYNAMIC_SECTION(name) {
      const auto seen = recorded(name);
      const auto call = template_patch(seen.bad, snapshot_of(seen.good), "web-rb");
      const auto after = seen.bad.patch(parse(call.body));
      CHECK(after["spec"] == seen.patched["spec"]);
      CHECK(after["spec"]["template"] == seen.good["spec"]["template"]);
      CHECK(after["metadata"]["annotations"] == seen.patched["metadata"]["annotations"]);
    }
  }
}

TEST_CASE("restores kubectl's annotation and its owner when only the template was changed") {
  for (const auto* name : {"kubectl_apply", "set_image_over_apply", "edit_over_apply",
                           "restart_over_apply", "apply_with_scale"}) {
    DYNAMIC_SECTION(name) {
      const auto seen = recorded(name);
      CHECK(seen.restored["metadata"]["annotations"][annotation] ==
            seen.good["metadata"]["annotations"][annotation]);
      for (const auto& entry : restored_managers(seen.patched, snapshot_of(seen.good)))
        CHECK(owns_annotation(entry) == (entry["manager"] == "kubectl-client-side-apply"));
    }
  }
}

TEST_CASE("keeps all fields of the last manifest except the template in the annotation") {
  const auto seen = recorded("labels_and_replicas_too");
  const auto manifest_of = [](const Json& live) {
    return parse(live["metadata"]["annotations"][annotation].get<std::string>());
  };
  auto expected = manifest_of(seen.bad);
  expected["spec"]["template"] = manifest_of(seen.good)["spec"]["template"];
  const auto text = *last_applied_after(seen.bad, snapshot_of(seen.good));
  CHECK(parse(text) == expected);
  CHECK(text.back() == '\n');
  CHECK(expected["metadata"]["labels"]["team"] == "two");
}

TEST_CASE("removes the annotation that a bad release added, and does not own it") {
  for (const auto* name : {"create_then_apply", "helm_then_apply", "server_side_then_apply"}) {
    DYNAMIC_SECTION(name) {
      const auto seen = recorded(name);
      const auto manifest = parse(*last_applied_after(seen.bad, snapshot_of(seen.good)));
      CHECK(manifest["kind"] == "Deployment");
      CHECK_FALSE(manifest["spec"].contains("template"));
      CHECK(manifest["spec"].contains("selector"));
      for (const auto& entry : restored_managers(seen.patched, snapshot_of(seen.good)))
        CHECK_FALSE(owns_annotation(entry));
    }
  }
}

}  // namespace lastgood::rollback::test
