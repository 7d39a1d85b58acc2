// The metadata of objects, the conditions of Lastgood's kinds, and label selectors.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "base/time.hpp"

namespace lastgood::api {

using StringMap = std::map<InternedString, InternedString, std::less<>>;

struct ObjectMeta {
  Key key;
  Uid uid;
  ResourceVersion resource_version;
  std::int64_t generation = 0;
  std::optional<Time> created = {};
  bool deleting = false;  // metadata.deletionTimestamp is set
  StringMap labels = {};
  // Of a Deployment: only lastgood.dev/* and deployment.kubernetes.io/revision.
  StringMap annotations = {};
  Uid owner;  // uid in the owner reference with controller: true; empty: none

  bool operator==(const ObjectMeta&) const = default;
};

enum class ConditionStatus : std::uint8_t { True, False, Unknown };
[[nodiscard]] const char* to_string(ConditionStatus status);
// Any text other than "True" and "False" is Unknown.
[[nodiscard]] ConditionStatus parse_condition_status(std::string_view text);

// metav1.Condition.
struct Condition {
  InternedString type;
  ConditionStatus status = ConditionStatus::Unknown;
  InternedString reason;
  InternedString message;
  std::optional<Time> last_transition = {};
  std::int64_t observed_generation = 0;

  bool operator==(const Condition&) const = default;
};

// At most one condition of each type, in the order in which the types were first set.
using Conditions = std::vector<Condition>;

// Sets the condition with the type of `condition`. Its last_transition becomes `now`, in whole
// seconds, if the condition is new or its status changes.
void set_condition(Conditions& conditions, Condition condition, Time now);
[[nodiscard]] const Condition* find_condition(const Conditions& conditions, std::string_view type);

// metav1.LabelSelector.
struct LabelRequirement {
  std::string key;
  std::string op;  // In, NotIn, Exists, DoesNotExist
  std::vector<std::string> values = {};
  bool operator==(const LabelRequirement&) const = default;
};
struct LabelSelector {
  StringMap match_labels = {};
  std::vector<LabelRequirement> match_expressions = {};
  bool operator==(const LabelSelector&) const = default;
};

[[nodiscard]] bool matches(const LabelSelector& selector, const StringMap& labels);

// As a labelSelector query value, not yet percent-encoded: "app=web,tier in (a,b),!canary".
[[nodiscard]] std::string to_query(const LabelSelector& selector);

}  // namespace lastgood::api
