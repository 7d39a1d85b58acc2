#include "codec/shared_fields.hpp"

#include <algorithm>

#include "api/constants.hpp"

namespace lastgood::codec {
namespace {

// The largest size of a list that has no bound in the schema.
constexpr std::size_t max_elements = 4096;
constexpr std::size_t max_conditions = 64;

}  // namespace

ObjectMeta read_meta(const Reader& meta) {
  ObjectMeta out;
  out.key = Key{meta.text("namespace"), meta.text("name")};
  out.uid = Uid(meta.text("uid"));
  out.resource_version = ResourceVersion(meta.text("resourceVersion"));
  out.generation = meta.integer("generation");
  out.created = meta.time("creationTimestamp");
  out.deleting = meta.has("deletionTimestamp");
  out.labels = meta.strings("labels");
  out.annotations = meta.strings("annotations");
  meta.each("ownerReferences", max_elements, [&](const Reader& owner) {
    if (owner.boolean("controller")) out.owner = Uid(owner.text("uid"));
  });
  return out;
}

bool is_own_key(std::string_view key) { return key.starts_with(annotation::prefix); }

void keep_needed_annotations(ObjectMeta& meta) {
  std::erase_if(meta.annotations, [](const auto& entry) {
    return !is_own_key(entry.first) && entry.first != "deployment.kubernetes.io/revision";
  });
}

LabelSelector read_selector(const Reader& selector) {
  LabelSelector out;
  out.match_labels = selector.strings("matchLabels");
  selector.each("matchExpressions", max_elements, [&](const Reader& expression) {
    LabelRequirement requirement{.key = expression.text("key"), .op = expression.text("operator")};
    const Json& values = expression.raw("values");
    if (!values.is_null() && !values.is_array()) expression.set_error("values", "is not a list");
    for (const Json& value : values) {
      if (!value.is_string()) {
        expression.set_error("values", "has an element that is not a string");
        break;
      }
      requirement.values.push_back(value.get_ref<const std::string&>());
    }
    out.match_expressions.push_back(std::move(requirement));
  });
  return out;
}

Reason read_reason(const Reader& object, const char* key) {
  return parse_reason(object.text(key, max_reason)).value_or(Reason::None);
}

Conditions read_conditions(const Reader& status) {
  Conditions out;
  status.each("conditions", max_conditions, [&](const Reader& condition) {
    out.push_back(Condition{.type = condition.text("type"),
                            .status = parse_condition_status(condition.text("status")),
                            .reason = condition.text("reason"),
                            .message = condition.text("message", max_message),
                            .last_transition = condition.time("lastTransitionTime"),
                            .observed_generation = condition.integer("observedGeneration")});
  });
  out.shrink_to_fit();  // thousands of these lists stay in memory
  return out;
}

void put(Json& object, const char* key, const std::string& text, std::size_t max) {
  if (!text.empty()) object[key] = clip(text, max);
}

void put(Json& object, const char* key, const std::optional<Time>& time) {
  if (time) object[key] = format_rfc3339_millis(*time);
}

void put(Json& object, const char* key, const std::optional<Duration>& duration) {
  // The longest duration that parse_duration reads.
  constexpr Duration max = std::chrono::hours{10'000};
  if (duration) object[key] = format_duration(std::clamp(*duration, Duration{0}, max));
}

void put_true(Json& object, const char* key, bool value) {
  if (value) object[key] = true;
}

}  // namespace lastgood::codec
