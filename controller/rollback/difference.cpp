#include "rollback/difference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "rollback/deployment_json.hpp"

namespace lastgood::rollback {

using codec::Json;

namespace {

constexpr std::size_t max_path_size = 512;
constexpr int max_depth = 24;
constexpr const char* hidden = "(hidden)";

// The list keys of the API server (x-kubernetes-list-map-keys), in the order in which they are
// tried.
constexpr std::array list_keys{"name",          "mountPath",   "devicePath",
                               "containerPort", "topologyKey", "ip"};

bool is_secret_name(std::string_view name) {
  constexpr std::array<std::string_view, 8> words{
      "password", "passwd", "pwd", "token", "secret", "key", "credential", "authorization"};
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::any_of(
      words, [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

// Hides the text between a scheme and its host: "postgres://user:password@host".
std::string without_credentials(std::string text) {
  constexpr std::string_view separator = "://";
  for (auto scheme = text.find(separator); scheme != std::string::npos;
       scheme = text.find(separator, scheme + separator.size())) {
    const auto from = scheme + separator.size();
    const auto host_ends = std::min(text.find_first_of("/?#, ", from), text.size());
    const auto at = std::string_view(text).substr(0, host_ends).rfind('@');
    if (at != std::string_view::npos && at > from) text.replace(from, at - from, hidden);
  }
  return text;
}

std::string safe_value(const std::string& name, const std::string& value) {
  return is_secret_name(name) && !value.empty() ? hidden : without_credentials(value);
}

// True for an environment variable or a probe header with a literal value: {"name": "MODE",
// "value": "fast"}. An environment variable with `valueFrom` has none.
bool has_literal_value(const Json& variable) {
  return variable.is_object() && !text_at(variable, {"name"}).empty() &&
         find(variable, {"value"}) && find(variable, {"value"})->is_string();
}

// Hides the secrets in the literal values of environment variables and probe headers, at any depth.
Json without_secrets(const Json& value) {
  if (has_literal_value(value)) {
    Json out = value;
    out["value"] = safe_value(text_at(value, {"name"}), text_at(value, {"value"}));
    return out;
  }
  if (!value.is_structured()) return value;
  Json out = value;
  for (auto& member : out) member = without_secrets(member);
  return out;
}

// Empty only if there is no value: for the empty string, the text is two double quotes.
std::string text_of(const Json* value) {
  if (!value || value->is_null()) return {};
  if (!value->is_string()) return clip(dumped(without_secrets(*value)), max_value_size);
  const auto& text = value->get_ref<const std::string&>();
  return text.empty() ? "\"\"" : clip(text, max_value_size);
}

// Only the value, because the path of the difference has the name: "fast", or {"valueFrom": ...}.
std::string text_of_variable(const Json* variable) {
  if (!variable) return {};
  Json out = without_secrets(*variable);
  if (has_literal_value(out)) return text_of(find(out, {"value"}));
  if (out.is_object()) out.erase("name");
  return text_of(&out);
}

std::string member_path(const std::string& path, const std::string& key) {
  const bool plain = key.find_first_of("./[] ") == std::string::npos;
  if (!plain) return fmt::format("{}[{}]", path, key);
  return path.empty() ? key : fmt::format("{}.{}", path, key);
}

std::string key_text(const Json& element, const char* key) {
  const auto* value = find(element, {key});
  if (!value || !(value->is_string() || value->is_number_integer())) return {};
  return value->is_string() ? value->get<std::string>() : dumped(*value);
}

// The elements of a list by key, for example the containers by their names.
struct KeyedList {
  std::vector<std::string> order = {};  // the keys in the order of the list
  std::map<std::string, const Json*> elements = {};

  [[nodiscard]] const Json* at(const std::string& name) const {
    const auto found = elements.find(name);
    return found == elements.end() ? nullptr : found->second;
  }
};

// Nothing if an element does not have the key, or if two elements have the same value for it.
std::optional<KeyedList> keyed_by(const char* key, const Json& list) {
  KeyedList out;
  for (const auto& element : list) {
    auto text = key_text(element, key);
    if (text.empty() || !out.elements.emplace(text, &element).second) return std::nullopt;
    out.order.push_back(std::move(text));
  }
  return out;
}

class TemplateDifferences {
 public:
  void compare(const std::string& path, const Json* from, const Json* to, int depth = 0) {
    const bool in_both = from && to;
    if (in_both && *from == *to) return;
    if (depth < max_depth && in_both && from->is_object() && to->is_object())
      return compare_objects(path, *from, *to, depth);
    if (depth < max_depth && in_both && from->is_array() && to->is_array() &&
        compare_lists(path, *from, *to, depth))
      return;
    add(path, text_of(from), text_of(to));
  }

  [[nodiscard]] std::vector<api::Change> changes() {
    std::ranges::sort(found_, {}, [](const Found& found) {
      return std::pair(!found.change.path.ends_with(".image"), found.order);
    });
    std::vector<api::Change> out;
    out.reserve(found_.size());
    for (auto& found : found_) out.push_back(std::move(found.change));
    if (out.size() <= max_changes) return out;
    const auto more = out.size() - (max_changes - 1);
    out.resize(max_changes - 1);
    out.push_back({.path = fmt::format("and {} more", more)});
    return out;
  }

 private:
  struct Found {
    api::Change change;
    std::size_t order = 0;
  };

  void add(const std::string& path, std::string from, std::string to) {
    // A null value and an absent value are equal.
    if (from.empty() && to.empty()) return;
    found_.push_back({.change = {.path = clip(path, max_path_size),
                                 .from = std::move(from),
                                 .to = std::move(to)},
                      .order = found_.size()});
  }

  void compare_objects(const std::string& path, const Json& from, const Json& to, int depth) {
    std::set<std::string> names;
    for (const auto& [key, value] : from.items()) names.insert(key);
    for (const auto& [key, value] : to.items()) names.insert(key);
    const bool is_map = path == "metadata.annotations" || path == "metadata.labels";
    for (const auto& name : names) {
      const auto* old_value = find(from, {name});
      const auto* new_value = find(to, {name});
      if (is_map && is_secret_name(name) && text_of(old_value) != text_of(new_value))
        add(member_path(path, name), text_of(old_value).empty() ? "" : hidden,
            text_of(new_value).empty() ? "" : hidden);
      else
        compare(member_path(path, name), old_value, new_value, depth + 1);
    }
  }

  // False if no key of list_keys is unique in both lists. They must then be compared as one value.
  bool compare_lists(const std::string& path, const Json& from, const Json& to, int depth) {
    for (const char* key : list_keys) {
      const auto before = keyed_by(key, from);
      const auto after = keyed_by(key, to);
      if (!before || !after) continue;
      compare_elements(path, *before, *after, depth);
      compare_order(path, *before, *after);
      return true;
    }
    return false;
  }

  void compare_elements(const std::string& path, const KeyedList& before, const KeyedList& after,
                        int depth) {
    const bool has_variables = path.ends_with(".env") || path.ends_with(".httpHeaders");
    std::set<std::string> names(before.order.begin(), before.order.end());
    names.insert(after.order.begin(), after.order.end());
    for (const auto& name : names) {
      const auto* from = before.at(name);
      const auto* to = after.at(name);
      const auto element_path = fmt::format("{}[{}]", path, name);
      if (!has_variables)
        compare(element_path, from, to, depth + 1);
      else if (!from || !to || *from != *to)
        add(element_path, text_of_variable(from), text_of_variable(to));
    }
  }

  void compare_order(const std::string& path, const KeyedList& before, const KeyedList& after) {
    const auto names_in_both = [](const KeyedList& list, const KeyedList& other) {
      auto names = list.order;
      std::erase_if(names, [&](const std::string& name) { return !other.at(name); });
      return names;
    };
    const auto from = names_in_both(before, after);
    const auto to = names_in_both(after, before);
    if (from == to) return;
    add(path + " (order)", clip(fmt::format("{}", fmt::join(from, ", ")), max_value_size),
        clip(fmt::format("{}", fmt::join(to, ", ")), max_value_size));
  }

  std::vector<Found> found_;
};

}  // namespace

std::vector<api::Change> changes_between(const Json& bad_template, const Json& snapshot_template) {
  const auto bad = normalized_template(bad_template);
  const auto good = normalized_template(snapshot_template);
  TemplateDifferences differences;
  differences.compare("", &bad, &good);
  return differences.changes();
}

}  // namespace lastgood::rollback
