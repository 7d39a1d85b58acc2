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
#include "rollback/fields.hpp"

namespace lastgood::rollback {

using codec::Json;

namespace {

constexpr std::size_t max_path = 512;
constexpr int deepest = 24;
constexpr const char* hidden = "(hidden)";

// By which of their fields the server tells the elements of a list apart.
constexpr std::array keys{"name", "mountPath", "devicePath", "containerPort", "topologyKey", "ip"};

bool looks_secret(std::string_view name) {
  constexpr std::array<std::string_view, 8> words{
      "password", "passwd", "pwd", "token", "secret", "key", "credential", "authorization"};
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::any_of(
      words, [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

// "postgres://user:password@host": what stands between a scheme and its host.
std::string without_credentials(std::string text) {
  constexpr std::string_view mark = "://";
  for (auto scheme = text.find(mark); scheme != std::string::npos;
       scheme = text.find(mark, scheme + mark.size())) {
    const auto from = scheme + mark.size();
    const auto host_ends = std::min(text.find_first_of("/?#, ", from), text.size());
    const auto at = std::string_view(text).substr(0, host_ends).rfind('@');
    if (at != std::string_view::npos && at > from) text.replace(from, at - from, hidden);
  }
  return text;
}

std::string shown(const std::string& name, const std::string& value) {
  return looks_secret(name) && !value.empty() ? hidden : without_credentials(value);
}

bool is_literal(const Json& variable) {
  return variable.is_object() && !text_at(variable, {"name"}).empty() &&
         find(variable, {"value"}) && find(variable, {"value"})->is_string();
}

// Wherever environment variables, or headers of probes, with literal values are below.
Json veiled(const Json& value) {
  if (is_literal(value)) {
    Json out = value;
    out["value"] = shown(text_at(value, {"name"}), text_at(value, {"value"}));
    return out;
  }
  if (!value.is_structured()) return value;
  Json out = value;
  for (auto& one : out) one = veiled(one);
  return out;
}

// Empty only where there is nothing.
std::string text_of(const Json* value) {
  if (!value || value->is_null()) return {};
  if (!value->is_string()) return clip(dumped(veiled(*value)), max_value);
  const auto& text = value->get_ref<const std::string&>();
  return text.empty() ? "\"\"" : clip(text, max_value);
}

std::string text_of_variable(const Json* variable) {
  if (!variable) return {};
  Json out = veiled(*variable);
  if (is_literal(out)) return text_of(find(out, {"value"}));
  if (out.is_object()) out.erase("name");
  return text_of(&out);
}

std::string member(const std::string& path, const std::string& key) {
  const bool plain = key.find_first_of("./[] ") == std::string::npos;
  if (!plain) return fmt::format("{}[{}]", path, key);
  return path.empty() ? key : fmt::format("{}.{}", path, key);
}

std::string key_text(const Json& element, const char* key) {
  const auto* value = find(element, {key});
  if (!value || !(value->is_string() || value->is_number_integer())) return {};
  return value->is_string() ? value->get<std::string>() : dumped(*value);
}

// A list's elements by their keys.
struct Keyed {
  std::vector<std::string> order = {};
  std::map<std::string, const Json*> elements = {};

  [[nodiscard]] const Json* at(const std::string& name) const {
    const auto found = elements.find(name);
    return found == elements.end() ? nullptr : found->second;
  }
};

// Nothing when that key does not tell the elements apart.
std::optional<Keyed> keyed_by(const char* key, const Json& list) {
  Keyed out;
  for (const auto& element : list) {
    auto text = key_text(element, key);
    if (text.empty() || !out.elements.emplace(text, &element).second) return std::nullopt;
    out.order.push_back(std::move(text));
  }
  return out;
}

class BaselineResult {
 public:
  void compare(const std::string& path, const Json* from, const Json* to, int depth = 0) {
    const bool is_there = from && to;
    if (is_there && *from == *to) return;
    if (depth < deepest && is_there && from->is_object() && to->is_object())
      return compare_objects(path, *from, *to, depth);
    if (depth < deepest && is_there && from->is_array() && to->is_array() &&
        compare_lists(path, *from, *to, depth))
      return;
    add(path, text_of(from), text_of(to));
  }

  [[nodiscard]] std::vector<api::Change> changes() {
    std::ranges::sort(found_, {}, [](const Found& one) {
      return std::pair(!one.change.path.ends_with(".image"), one.order);
    });
    std::vector<api::Change> out;
    out.reserve(found_.size());
    for (auto& one : found_) out.push_back(std::move(one.change));
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
    // Null and absent.
    if (from.empty() && to.empty()) return;
    found_.push_back(
        {.change = {.path = clip(path, max_path), .from = std::move(from), .to = std::move(to)},
         .order = found_.size()});
  }

  void compare_objects(const std::string& path, const Json& from, const Json& to, int depth) {
    std::set<std::string> names;
    for (const auto& [key, value] : from.items()) names.insert(key);
    for (const auto& [key, value] : to.items()) names.insert(key);
    const bool is_map = path == "metadata.annotations" || path == "metadata.labels";
    for (const auto& name : names) {
      const auto* a = find(from, {name});
      const auto* b = find(to, {name});
      if (is_map && looks_secret(name) && text_of(a) != text_of(b))
        add(member(path, name), text_of(a).empty() ? "" : hidden, text_of(b).empty() ? "" : hidden);
      else
        compare(member(path, name), a, b, depth + 1);
    }
  }

  // Whether they could be compared by a key of their elements.
  bool compare_lists(const std::string& path, const Json& from, const Json& to, int depth) {
    for (const char* key : keys) {
      const auto before = keyed_by(key, from);
      const auto after = keyed_by(key, to);
      if (!before || !after) continue;
      compare_elements(path, *before, *after, depth);
      compare_order(path, *before, *after);
      return true;
    }
    return false;
  }

  void compare_elements(const std::string& path, const Keyed& before, const Keyed& after,
                        int depth) {
    const bool variables = path.ends_with(".env") || path.ends_with(".httpHeaders");
    std::set<std::string> names(before.order.begin(), before.order.end());
    names.insert(after.order.begin(), after.order.end());
    for (const auto& name : names) {
      const auto* from = before.at(name);
      const auto* to = after.at(name);
      const auto at = fmt::format("{}[{}]", path, name);
      if (!variables)
        compare(at, from, to, depth + 1);
      else if (!from || !to || *from != *to)
        add(at, text_of_variable(from), text_of_variable(to));
    }
  }

  void compare_order(const std::string& path, const Keyed& before, const Keyed& after) {
    const auto common = [](const Keyed& list, const Keyed& other) {
      auto names = list.order;
      std::erase_if(names, [&](const std::string& name) { return !other.at(name); });
      return names;
    };
    const auto from = common(before, after);
    const auto to = common(after, before);
    if (from == to) return;
    add(path + " (order)", clip(fmt::format("{}", fmt::join(from, ", ")), max_value),
        clip(fmt::format("{}", fmt::join(to, ", ")), max_value));
  }

  std::vector<Found> found_;
};

}  // namespace

std::vector<api::Change> changes_between(const Json& bad_template, const Json& snapshot_template) {
  const auto bad = comparable(bad_template);
  const auto kept = comparable(snapshot_template);
  BaselineResult baseline;
  baseline.compare("", &bad, &kept);
  return baseline.changes();
}

}  // namespace lastgood::rollback
