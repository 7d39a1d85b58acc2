#include "rollback/patch.hpp"

#include "api/constants.hpp"
#include "rollback/deployment_json.hpp"

namespace lastgood::rollback {

using codec::Json;

namespace {

// The key as one part of a JSON pointer (RFC 6901).
std::string pointer_escaped(std::string_view key) {
  std::string out;
  for (const char c : key) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

std::string annotation_path(std::string_view key) {
  return "/metadata/annotations/" + pointer_escaped(key);
}

Json parsed(const std::string& manifest) {
  auto json = codec::parse_json(manifest);
  return json ? *std::move(json) : Json();
}

Json without_template(Json manifest) {
  if (find(manifest, {"spec", "template"})) manifest["spec"].erase("template");
  return manifest;
}

}  // namespace

std::optional<std::string> last_applied_after(const Json& live, const Snapshot& snapshot) {
  const auto* annotation = find(live, {"metadata", "annotations", api::annotation::last_applied});
  if (!annotation || !annotation->is_string()) return snapshot.last_applied;
  auto manifest = parsed(annotation->get<std::string>());
  const auto good_manifest =
      snapshot.last_applied ? parsed(*snapshot.last_applied) : Json::object();
  if (!manifest.is_object() || !good_manifest.is_object() ||
      (snapshot.last_applied && without_template(manifest) == without_template(good_manifest)))
    return snapshot.last_applied;
  const auto* good_template = find(good_manifest, {"spec", "template"});
  if (!good_template && !find(manifest, {"spec", "template"})) return std::nullopt;
  if (good_template && (!manifest.contains("spec") || manifest["spec"].is_object()))
    manifest["spec"]["template"] = *good_template;
  else
    manifest = without_template(std::move(manifest));
  return dumped(manifest) + "\n";
}

api::ApiCall template_patch(const Json& live, const Snapshot& snapshot,
                            std::string_view rollback_name) {
  Json patch = Json::array(
      {{{"op", "test"}, {"path", "/metadata/uid"}, {"value", text_at(live, {"metadata", "uid"})}},
       {{"op", "test"},
        {"path", "/metadata/generation"},
        {"value", number_at(live, {"metadata", "generation"})}},
       {{"op", "replace"}, {"path", "/spec/template"}, {"value", snapshot.pod_template}}});
  const auto add = [&](std::string path, Json value) {
    patch.push_back({{"op", "add"}, {"path", std::move(path)}, {"value", std::move(value)}});
  };
  const auto* annotations = find(live, {"metadata", "annotations"});
  if (!annotations || !annotations->is_object()) add("/metadata/annotations", Json::object());
  if (const auto last_applied = last_applied_after(live, snapshot))
    add(annotation_path(api::annotation::last_applied), *last_applied);
  add(annotation_path(api::annotation::rolled_back_by), std::string(rollback_name));
  return {.verb = api::Verb::Patch,
          .target = patch_url(live),
          .body = dumped(patch),
          .content_type = std::string(api::json_patch)};
}

}  // namespace lastgood::rollback
