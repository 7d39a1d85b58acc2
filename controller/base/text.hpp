// Makes text from outside safe for messages and URLs: bounded, valid UTF-8, quoted or escaped. Also
// finds the nearest of several valid names.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lastgood {

// At most `max` bytes of valid UTF-8. Each invalid byte becomes "?". A text that is cut ends in
// "...", if `max` has room for it.
[[nodiscard]] std::string clip(std::string_view text, std::size_t max);

// The text in double quotes, clipped to `max` bytes, with quotes and control characters escaped.
// The result fits on one line of a message.
[[nodiscard]] std::string in_quotes(std::string_view text, std::size_t max = 64);

// Escapes a JSON string, without the quotes around it. Each invalid byte becomes U+FFFD.
[[nodiscard]] std::string json_escaped(std::string_view text);

// Encodes every character that RFC 3986 does not call unreserved.
[[nodiscard]] std::string percent_encoded(std::string_view text);

// Without the blanks, tabs and line breaks around it.
[[nodiscard]] std::string_view trimmed(std::string_view text);

// Changes only the letters A to Z.
[[nodiscard]] std::string lowered(std::string_view text);

// Replaces every control character.
[[nodiscard]] std::string on_one_line(std::string_view text, char replacement);

// The number of insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
// Only the first 128 bytes of each are compared.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

struct Nearest {
  std::string_view name;
  std::size_t distance = 0;
};

// The first candidate with the smallest distance. Empty only if there are no candidates.
[[nodiscard]] std::optional<Nearest> nearest(std::string_view name,
                                             std::span<const std::string_view> candidates);

}  // namespace lastgood
