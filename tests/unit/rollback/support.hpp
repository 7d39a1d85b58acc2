// Helpers for the tests of rollback/: JSON, recorded Deployments and snapshots.
#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "codec/objects.hpp"
#include "rollback/snapshot.hpp"
#include "source_path.hpp"

namespace lastgood::rollback::test {

using codec::Json;

inline Json parse(const std::string& text) {
  auto json = codec::parse_json(text);
  if (!json) throw std::runtime_error(json.error().message);
  return *std::move(json);
}

// One Deployment at the four moments that data/README.md describes.
struct Recording {
  Json good;
  Json bad;
  Json patched;
  Json restored;
};

inline Recording load_recording(const std::string& name) {
  const std::ifstream file(
      lastgood::test::source_path("tests/unit/rollback/data/" + name + ".json"));
  std::stringstream text;
  text << file.rdbuf();
  auto json = parse(text.str());
  return {.good = json["good"],
          .bad = json["bad"],
          .patched = json["patched"],
          .restored = json["restored"]};
}

inline const std::vector<std::string>& recording_names() {
  static const std::vector<std::string> names{"kubectl_apply",
                                              "kubectl_apply_server_side",
                                              "helm_upgrade",
                                              "set_image_over_apply",
                                              "set_image_over_set_image",
                                              "set_image_over_helm",
                                              "set_env_over_helm",
                                              "edit_over_apply",
                                              "edit_over_server_side",
                                              "restart_over_apply",
                                              "restart_before_helm",
                                              "apply_with_scale",
                                              "helm_with_scale",
                                              "server_side_with_scale",
                                              "apply_then_server_side",
                                              "helm_then_apply",
                                              "server_side_then_apply",
                                              "create_then_apply",
                                              "replace",
                                              "two_server_side_managers",
                                              "server_side_by_second_manager",
                                              "apply_with_labels_and_replicas",
                                              "json_patch_over_apply"};
  return names;
}

inline Snapshot snapshot_of(const Json& good, const std::string& hash = "5d4f8c7b6") {
  const auto revision =
      build_snapshot(good, api::Revision{.hash = TemplateHash(hash), .number = 1});
  if (!revision) throw std::runtime_error(revision.error().message);
  return *parse_snapshot(*revision);
}

}  // namespace lastgood::rollback::test
