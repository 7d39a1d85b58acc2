#include "codec/meta.hpp"

#include "base/text.hpp"
#include "codec/shared_fields.hpp"

namespace lastgood::codec {

using namespace api;

Result<ObjectMeta> parse_meta(const Json& object) {
  std::optional<Error> error;
  ObjectMeta meta = read_meta(Reader(object, "", error).object("metadata"));
  if (error) return std::unexpected(*error);
  return meta;
}

Json to_json(const Condition& condition) {
  // metav1.Condition requires a reason and a transition time. Without them, the server rejects the
  // whole status.
  Json out = {{"type", condition.type},
              {"status", to_string(condition.status)},
              {"reason", condition.reason.empty() ? "Unknown" : clip(condition.reason, max_reason)},
              {"message", clip(condition.message, max_message)},
              {"lastTransitionTime", format_rfc3339(condition.last_transition.value_or(Time{}))}};
  if (condition.observed_generation != 0) out["observedGeneration"] = condition.observed_generation;
  return out;
}

void put(Json& object, const Conditions& conditions) {
  Json list = Json::array();
  for (const Condition& condition : conditions) list.push_back(to_json(condition));
  if (!list.empty()) object["conditions"] = std::move(list);
}

}  // namespace lastgood::codec
