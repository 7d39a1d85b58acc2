// Words for people and for addresses out of bytes from outside: quoted, bounded, valid UTF-8, escaped; and the nearest of
// the names that exist. Knows nothing of Kubernetes.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lastgood {

// At most `max` bytes of valid UTF-8: what is not is replaced by "?", and what is cut off ends in "...".
[[nodiscard]] std::string clip(std::string_view text, std::size_t max);

// In double quotes, at most `max` bytes between them, control characters and quotes escaped: fit for one line of a message.
[[nodiscard]] std::string in_quotes(std::string_view text, std::size_t max = 64);

// JSON's string escapes, without the quotes. What is not UTF-8 becomes U+FFFD.
[[nodiscard]] std::string json_escaped(std::string_view text);

// All but RFC 3986's unreserved characters.
[[nodiscard]] std::string percent_encoded(std::string_view text);

[[nodiscard]] std::string_view trimmed(std::string_view text);

// ASCII's capitals alone.
[[nodiscard]] std::string lowered(std::string_view text);

// With that character in the place of every control character.
[[nodiscard]] std::string on_one_line(std::string_view text, char instead);

// Insertions, deletions, replacements and swaps of neighbours. Only the first 128 bytes of each are compared.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

struct Nearest {
  std::string_view name;
  std::size_t distance = 0;
};

// The first of the closest ones; nothing only when there are no candidates.
[[nodiscard]] std::optional<Nearest> nearest(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace lastgood
