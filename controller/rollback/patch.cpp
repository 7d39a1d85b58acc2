#include "rollback/patch.hpp"

#include "api/constants.hpp"
#include "rollback/fields.hpp"

namespace lastgood::rollback {

using codec::Json;

namespace {

// A key as RFC 6901 writes it in a path.
std::string escaped(std::string_view key) {
  std::string out;
  for (const char c : key) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

std::string annotation_path(std::string_view key) {
  return "/metadata/annotations/" + escaped(key);
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

// kubectl apply deletes what stands in the annotation and no longer in the manifest. So it must say
// what the owner asked for of what is now live: of the template what was asked for when it was
// good, of all else, which a rollback leaves, what was asked for last. Where the two manifests
// differ in the template alone, that is to the byte the annotation that was kept. Where none was
// kept, it was not apply that wrote the good template: the present annotation keeps all but its
// template. As it is, the next apply would delete fields of the good template for having been in
// the bad one; without it, a label that the bad release's manifest set would strand.
std::optional<std::string> last_applied_after(const Json& live, const Snapshot& kept) {
  const auto* annotation = find(live, {"metadata", "annotations", api::annotation::last_applied});
  if (!annotation || !annotation->is_string()) return kept.last_applied;
  auto now = parsed(annotation->get<std::string>());
  const auto then = kept.last_applied ? parsed(*kept.last_applied) : Json::object();
  if (!now.is_object() || !then.is_object() ||
      (kept.last_applied && without_template(now) == without_template(then)))
    return kept.last_applied;
  const auto* asked_then = find(then, {"spec", "template"});
  if (!asked_then && !find(now, {"spec", "template"})) return std::nullopt;
  if (asked_then && (!now.contains("spec") || now["spec"].is_object()))
    now["spec"]["template"] = *asked_then;
  else
    now = without_template(std::move(now));
  return dumped(now) + "\n";
}

api::ApiCall template_patch(const Json& live, const Snapshot& kept,
                            std::string_view rollback_name) {
  Json patch = Json::array(
      {{{"op", "test"}, {"path", "/metadata/uid"}, {"value", text_at(live, {"metadata", "uid"})}},
       {{"op", "test"},
        {"path", "/metadata/generation"},
        {"value", number_at(live, {"metadata", "generation"})}},
       {{"op", "replace"}, {"path", "/spec/template"}, {"value", kept.pod_template}}});
  const auto add = [&](std::string path, Json value) {
    patch.push_back({{"op", "add"}, {"path", std::move(path)}, {"value", std::move(value)}});
  };
  const auto* annotations = find(live, {"metadata", "annotations"});
  if (!annotations || !annotations->is_object()) add("/metadata/annotations", Json::object());
  if (const auto last_applied = last_applied_after(live, kept))
    add(annotation_path(api::annotation::last_applied), *last_applied);
  add(annotation_path(api::annotation::rolled_back_by), std::string(rollback_name));
  return {.verb = api::Verb::Patch,
          .target = patch_target(live),
          .body = dumped(patch),
          .content_type = std::string(api::json_patch)};
}

}  // namespace lastgood::rollback
