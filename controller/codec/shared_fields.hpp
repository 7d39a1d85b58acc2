// The fields that several kinds have, from and to JSON. Private to codec/.
#pragma once

#include <ranges>
#include <string>

#include "api/guard.hpp"
#include "api/policy.hpp"
#include "base/text.hpp"
#include "codec/json.hpp"
#include "codec/reader.hpp"

namespace lastgood::codec {

using namespace api;

// Bounds of the schema, in bytes or elements.
inline constexpr std::size_t max_name = 253;  // a name or another short value
inline constexpr std::size_t max_reason = 253;
inline constexpr std::size_t max_text = 512;           // the message of a check
inline constexpr std::size_t max_kubelet_text = 4096;  // the message of a waiting container
inline constexpr std::size_t max_message = 1024;       // the message of a condition or a status
inline constexpr std::size_t max_revisions = 20;
inline constexpr std::size_t max_checks = 16;  // of a policy, without the built-in check rollout
inline constexpr std::size_t max_check_statuses = max_checks + 1;  // with the check rollout
inline constexpr std::size_t max_passed_checks = 40;  // two revisions for each check, and a reserve
inline constexpr std::size_t max_past =
    RollbackLimit::max_count;                   // rollbacks, contests, changes, timeline entries
inline constexpr std::size_t max_members = 64;  // of a group
inline constexpr std::size_t max_alerts = 20;   // of a guard

[[nodiscard]] ObjectMeta read_meta(const Reader& meta);
[[nodiscard]] LabelSelector read_selector(const Reader& selector);
[[nodiscard]] Conditions read_conditions(const Reader& status);
// Reason::None if the reason is unknown: another version of Lastgood may have written it.
[[nodiscard]] Reason read_reason(const Reader& object, const char* key = "reason");

// Drops the annotations of a Deployment or ReplicaSet that Lastgood does not read: some are large.
void keep_needed_annotations(ObjectMeta& meta);
// True if the key begins with "lastgood.dev/".
[[nodiscard]] bool is_own_key(std::string_view key);

// Empty and absent values are omitted. Texts are cut to `max` bytes.
void put(Json& object, const char* key, const std::string& text, std::size_t max = max_name);
void put(Json& object, const char* key, const std::optional<Time>& time);
void put(Json& object, const char* key, const std::optional<Duration>& duration);
// Not an overload of put, because any pointer converts to bool.
void put_true(Json& object, const char* key, bool value);

// Writes the first `max` elements. An empty list is omitted.
template <class T, class Make>
void put_list(Json& object, const char* key, const std::vector<T>& list, std::size_t max,
              Make make) {
  Json out = Json::array();
  for (const T& item : list | std::views::take(static_cast<std::ptrdiff_t>(max)))
    out.push_back(make(item));
  if (!out.empty()) object[key] = std::move(out);
}

// An absent field gives `fallback`. An unknown value sets the error of the reader.
template <class Enum, class Parse>
[[nodiscard]] Enum read_enum(const Reader& reader, const char* key, Enum fallback, Parse parse) {
  if (!reader.has(key)) return fallback;
  const std::string text = reader.text(key, max_name);
  const auto value = parse(std::string_view(text));
  if (value) return *value;
  reader.set_error(key, in_quotes(text) + " is not a valid value");
  return fallback;
}

}  // namespace lastgood::codec
