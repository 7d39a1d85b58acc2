// Makes text from outside safe for messages and URLs: bounded, valid UTF-8, quoted or escaped. Also
// finds the valid name that is most similar to a misspelt name.
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

// Escapes the content of a JSON string. Adds no quotes. Each invalid byte becomes U+FFFD.
[[nodiscard]] std::string json_escaped(std::string_view text);

// Encodes every character that RFC 3986 does not call unreserved.
[[nodiscard]] std::string percent_encoded(std::string_view text);

// The text without the spaces, tabs and line breaks around it.
[[nodiscard]] std::string_view trimmed(std::string_view text);

// The text with the letters A to Z in lower case.
[[nodiscard]] std::string lowered(std::string_view text);

// Replaces every control character with `replacement`.
[[nodiscard]] std::string on_one_line(std::string_view text, char replacement);

// The smallest number of insertions, deletions, replacements and swaps of two adjacent bytes that
// turn `a` into `b`. Only the first 128 bytes of each text are compared.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

struct Nearest {
  std::string_view name;
  std::size_t distance = 0;
};

// The candidate with the smallest edit distance; the first one, if several have this distance. No
// value if there are no candidates.
[[nodiscard]] std::optional<Nearest> nearest(std::string_view name,
                                             std::span<const std::string_view> candidates);

}  // namespace lastgood
