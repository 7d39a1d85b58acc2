// Restores the template and its field owners on recorded Deployments of a real API server,
// one for each way to ship a release.
#include <catch2/catch.hpp>
#include <map>

#include "api/constants.hpp"
#include "rollback/ownership.hpp"
#include "rollback/patch.hpp"
#include "unit/rollback/support.hpp"

namespace lastgood::rollback::test {
namespace {

const std::string last_applied(api::annotation::last_applied);

// "manager/operation/subresource" of an entry of managedFields.
std::string owner_of(const Json& entry) {
  return entry.value("manager", "") + "/" + entry.value("operation", "") + "/" +
         entry.value("subresource", "");
}

// By owner: the fields of the template that the owner has.
std::map<std::string, Json> template_owners(const Json& managed_fields) {
  std::map<std::string, Json> out;
  for (const auto& entry : managed_fields) {
    const auto& fields = entry["fieldsV1"];
    if (fields.contains("f:spec") && fields["f:spec"].contains("f:template"))
      out[owner_of(entry)] = fields["f:spec"]["f:template"];
  }
  return out;
}

// By owner: all fields of the owner. Without the entries of the status subresource.
std::map<std::string, Json> all_owners(const Json& managed_fields) {
  std::map<std::string, Json> out;
  for (const auto& entry : managed_fields)
    if (entry.value("subresource", "") != "status") out[owner_of(entry)] = entry["fieldsV1"];
  return out;
}

bool owns_last_applied(const Json& entry) {
  return entry["fieldsV1"]
      .value(Json::json_pointer("/f:metadata/f:annotations"), Json::object())
      .contains("f:" + last_applied);
}

}  // namespace

TEST_CASE("gives each manager the template fields that it owned when the revision was good") {
  for (const auto& name : recording_names()) {
    DYNAMIC_SECTION(name) {
      const auto recording = load_recording(name);
      const auto restored = restored_managers(recording.patched, snapshot_of(recording.good));
      CHECK(template_owners(restored) ==
            template_owners(recording.good["metadata"]["managedFields"]));
      CHECK(template_owners(restored).count("lastgood/Update/") == 0);
    }
  }
}

TEST_CASE("sends no second ownership patch after the server stored the first one") {
  for (const auto& name : recording_names()) {
    DYNAMIC_SECTION(name) {
      const auto recording = load_recording(name);
      const auto snapshot = snapshot_of(recording.good);
      CHECK(all_owners(restored_managers(recording.patched, snapshot)) ==
            all_owners(recording.restored["metadata"]["managedFields"]));
      CHECK_FALSE(ownership_patch(recording.restored, snapshot).has_value());
    }
  }
}

TEST_CASE("keeps the owners of fields outside of the template and last-applied") {
  for (const auto& name : recording_names()) {
    DYNAMIC_SECTION(name) {
      const auto recording = load_recording(name);
      const auto owners_of_other_fields = [](const Json& managed_fields) {
        auto owners = all_owners(managed_fields);
        for (auto& [_, fields] : owners) {
          if (fields.contains("f:spec")) fields["f:spec"].erase("f:template");
          if (fields.contains("f:spec") && fields["f:spec"].empty()) fields.erase("f:spec");
          fields.erase("f:metadata");
        }
        std::erase_if(owners, [](const auto& owner) { return owner.second.empty(); });
        return owners;
      };
      CHECK(owners_of_other_fields(
                restored_managers(recording.patched, snapshot_of(recording.good))) ==
            owners_of_other_fields(recording.patched["metadata"]["managedFields"]));
    }
  }
}

TEST_CASE("leaves Lastgood as the owner of only the annotation rolled-back-by") {
  for (const auto& name : recording_names()) {
    DYNAMIC_SECTION(name) {
      const auto recording = load_recording(name);
      for (const auto& entry : restored_managers(recording.patched, snapshot_of(recording.good))) {
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
  for (const auto& name : recording_names()) {
    DYNAMIC_SECTION(name) {
      const auto recording = load_recording(name);
      const auto call = template_patch(recording.bad, snapshot_of(recording.good), "web-rb");
      const auto patched = recording.bad.patch(parse(call.body));
      CHECK(patched["spec"] == recording.patched["spec"]);
      CHECK(patched["spec"]["template"] == recording.good["spec"]["template"]);
      CHECK(patched["metadata"]["annotations"] == recording.patched["metadata"]["annotations"]);
    }
  }
}

TEST_CASE("restores the last-applied annotation and its owner when only the template changed") {
  for (const auto* name : {"kubectl_apply", "set_image_over_apply", "edit_over_apply",
                           "restart_over_apply", "apply_with_scale"}) {
    DYNAMIC_SECTION(name) {
      const auto recording = load_recording(name);
      CHECK(recording.restored["metadata"]["annotations"][last_applied] ==
            recording.good["metadata"]["annotations"][last_applied]);
      for (const auto& entry : restored_managers(recording.patched, snapshot_of(recording.good)))
        CHECK(owns_last_applied(entry) == (entry["manager"] == "kubectl-client-side-apply"));
    }
  }
}

TEST_CASE("replaces only the template in last-applied when the bad release changed more fields") {
  const auto recording = load_recording("apply_with_labels_and_replicas");
  const auto manifest_of = [](const Json& live) {
    return parse(live["metadata"]["annotations"][last_applied].get<std::string>());
  };
  auto expected = manifest_of(recording.bad);
  expected["spec"]["template"] = manifest_of(recording.good)["spec"]["template"];
  const auto restored_text = *last_applied_after(recording.bad, snapshot_of(recording.good));
  CHECK(parse(restored_text) == expected);
  CHECK(restored_text.back() == '\n');
  CHECK(expected["metadata"]["labels"]["team"] == "two");
}

TEST_CASE("removes the template from last-applied when the bad release added last-applied") {
  for (const auto* name : {"create_then_apply", "helm_then_apply", "server_side_then_apply"}) {
    DYNAMIC_SECTION(name) {
      const auto recording = load_recording(name);
      const auto manifest = parse(*last_applied_after(recording.bad, snapshot_of(recording.good)));
      CHECK(manifest["kind"] == "Deployment");
      CHECK_FALSE(manifest["spec"].contains("template"));
      CHECK(manifest["spec"].contains("selector"));
      for (const auto& entry : restored_managers(recording.patched, snapshot_of(recording.good)))
        CHECK_FALSE(owns_last_applied(entry));
    }
  }
}

}  // namespace lastgood::rollback::test
