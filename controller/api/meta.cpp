#include "api/meta.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lastgood::api {
namespace {

bool meets(const LabelRequirement& requirement, const StringMap& labels) {
  const auto found = labels.find(requirement.key);
  const bool exists = found != labels.end();
  const auto listed = [&] {
    return std::ranges::find(requirement.values, found->second) != requirement.values.end();
  };
  if (requirement.op == "In") return exists && listed();
  if (requirement.op == "NotIn") return !exists || !listed();
  if (requirement.op == "Exists") return exists;
  if (requirement.op == "DoesNotExist") return !exists;
  return false;
}

std::string query_of(const LabelRequirement& requirement) {
  if (requirement.op == "Exists") return requirement.key;
  if (requirement.op == "DoesNotExist") return "!" + requirement.key;
  std::string out = requirement.key + (requirement.op == "NotIn" ? " notin (" : " in (");
  for (std::size_t i = 0; i < requirement.values.size(); ++i)
    out += (i == 0 ? "" : ",") + requirement.values[i];
  return out + ")";
}

}  // namespace

const char* to_string(ConditionStatus status) {
  switch (status) {
    case ConditionStatus::True: return "True";
    case ConditionStatus::False: return "False";
    case ConditionStatus::Unknown: return "Unknown";
  }
  return "Unknown";
}

ConditionStatus parse_condition_status(std::string_view text) {
  if (text == "True") return ConditionStatus::True;
  if (text == "False") return ConditionStatus::False;
  return ConditionStatus::Unknown;
}

void set_condition(Conditions& conditions, Condition condition, Time now) {
  // metav1.Time has whole seconds: the time in memory must equal the time that is read back.
  const Time transition = std::chrono::floor<std::chrono::seconds>(now);
  const auto old = std::ranges::find(conditions, condition.type, &Condition::type);
  if (old == conditions.end()) {
    condition.last_transition = transition;
    conditions.push_back(std::move(condition));
    return;
  }
  const bool same_status = old->status == condition.status && old->last_transition;
  condition.last_transition = same_status ? old->last_transition : transition;
  *old = std::move(condition);
}

const Condition* find_condition(const Conditions& conditions, std::string_view type) {
  const auto found = std::ranges::find_if(
      conditions, [&](const Condition& condition) { return condition.type == type; });
  return found == conditions.end() ? nullptr : &*found;
}

bool matches(const LabelSelector& selector, const StringMap& labels) {
  const auto same = [&](const auto& pair) {
    const auto found = labels.find(pair.first);
    return found != labels.end() && found->second == pair.second;
  };
  return std::ranges::all_of(selector.match_labels, same) &&
         std::ranges::all_of(selector.match_expressions,
                             [&](const auto& one) { return meets(one, labels); });
}

std::string to_query(const LabelSelector& selector) {
  std::string out;
  const auto add = [&](const std::string& term) { out += (out.empty() ? "" : ",") + term; };
  for (const auto& [key, value] : selector.match_labels) add(fmt::format("{}={}", key, value));
  for (const LabelRequirement& requirement : selector.match_expressions) add(query_of(requirement));
  return out;
}

}  // namespace lastgood::api
