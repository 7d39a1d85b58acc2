#include "codec/base64.hpp"

#include <cstddef>
#include <cstdint>

namespace lastgood::codec {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view blanks = " \t\r\n";

}  // namespace

std::string encode_base64(std::string_view bytes) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view group = bytes.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i)
      bits = (bits << 8U) | (i < group.size() ? static_cast<std::uint8_t>(group[i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i)
      out += i <= group.size() ? alphabet[(bits >> (18U - 6U * i)) & 0x3FU] : '=';
  }
  return out;
}

std::optional<std::string> decode_base64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  std::size_t digits = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (blanks.contains(c)) continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const std::size_t digit = alphabet.find(c);
    if (digit == std::string_view::npos || padding > 0) return std::nullopt;
    bits = (bits << 6U) | static_cast<std::uint32_t>(digit);
    ++digits;
    if (const std::size_t rest = digits % 4; rest != 1) {
      const std::size_t unused = rest == 0 ? 0 : 8 - 2 * rest;  // bits of the next byte
      out += static_cast<char>((bits >> unused) & 0xFFU);
    }
  }
  const std::size_t rest = digits % 4;
  const bool is_padding_complete = rest == 0 ? padding == 0 : rest != 1 && padding == 4 - rest;
  if (!is_padding_complete) return std::nullopt;
  const std::uint32_t unused_mask = rest == 0 ? 0U : rest == 2 ? 0xFU : 0x3U;
  if ((bits & unused_mask) != 0) return std::nullopt;
  return out;
}

}  // namespace lastgood::codec
