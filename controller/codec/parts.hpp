// The pieces that several kinds share on their way from and to JSON. Private to codec/.
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

inline constexpr std::size_t max_name = 253;           // bytes of a name, a reason, a policy's name
inline constexpr std::size_t max_text = 512;           // bytes of a check's message
inline constexpr std::size_t max_kubelet_text = 4096;  // bytes of its words on a container
inline constexpr std::size_t max_message = 1024;  // bytes of a condition's or a status' message
inline constexpr std::size_t max_revisions = 20;
inline constexpr std::size_t max_checks = 16;  // of a policy; "rollout" comes on top
inline constexpr std::size_t max_past =
    RollbackLimit::most;  // of what happened: rollbacks, contests, moments, changes
inline constexpr std::size_t max_members = 64;  // of a group

[[nodiscard]] ObjectMeta read_meta(const Reader& meta);
[[nodiscard]] LabelSelector read_selector(const Reader& selector);
[[nodiscard]] Conditions read_conditions(const Reader& status);
// None for a text that is not in the table: another version may have written it.
[[nodiscard]] Reason read_reason(const Reader& object, const char* key = "reason");
[[nodiscard]] Revision read_revision(const Reader& revision);
[[nodiscard]] std::vector<CheckStatus> read_checks(const Reader& status, const char* key);

// Drops what others wrote: it may be large, and only ours and the revision are read.
void keep_own_annotations(ObjectMeta& meta);
[[nodiscard]] bool is_own_key(std::string_view key);

// What is empty or absent is left out.
void put(Json& object, const char* key, const std::string& text, std::size_t max = max_name);
void put(Json& object, const char* key, const std::optional<Time>& time);
void put(Json& object, const char* key, const std::vector<CheckStatus>& checks);
void put(Json& object, const Conditions& conditions);
void put(Json& object, const char* key, const std::optional<Duration>& duration);
// Not an overload of put: any pointer would be taken for a bool.
void put_true(Json& object, const char* key, bool value);

// What is beyond `most` is left out, so that the server never refuses a status for its length.
template <class T, class Make>
void put_list(Json& object, const char* key, const std::vector<T>& list, std::size_t most,
              Make make) {
  Json out = Json::array();
  for (const T& item : list | std::views::take(static_cast<std::ptrdiff_t>(most)))
    out.push_back(make(item));
  if (!out.empty()) object[key] = std::move(out);
}

// An enumeration's text; an unknown one is an error of that field.
template <class Enum, class Parse>
[[nodiscard]] Enum read_enum(const Reader& reader, const char* key, Enum fallback, Parse parse) {
  if (!reader.has(key)) return fallback;
  const std::string text = reader.text(key, max_name);
  const auto value = parse(std::string_view(text));
  if (value) return *value;
  reader.complain(key, in_quotes(text) + " is none of its values");
  return fallback;
}

}  // namespace lastgood::codec
