#include "checks/pem.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "codec/base64.hpp"

namespace lastgood::checks {
namespace {

constexpr std::string_view begin_mark = "-----BEGIN ";
constexpr std::string_view end_mark = "-----END ";
constexpr std::string_view dashes = "-----";

struct Block {
  std::string_view label;    // "CERTIFICATE"
  std::string_view content;  // base64, perhaps after headers
};

// Nothing if a block has no end. Ignores the text around the blocks.
std::optional<std::vector<Block>> blocks_of(std::string_view text) {
  std::vector<Block> blocks;
  for (std::size_t at = text.find(begin_mark); at != std::string_view::npos;
       at = text.find(begin_mark)) {
    text.remove_prefix(at + begin_mark.size());
    const std::size_t label_end = text.find(dashes);
    if (label_end == std::string_view::npos) return std::nullopt;
    const std::string_view label = text.substr(0, label_end);
    text.remove_prefix(label_end + dashes.size());
    const std::size_t end = text.find(std::string(end_mark).append(label).append(dashes));
    if (end == std::string_view::npos) return std::nullopt;
    blocks.push_back({.label = label, .content = text.substr(0, end)});
    text.remove_prefix(end);
  }
  return blocks;
}

bool has_bytes(const Block& block) {
  const auto bytes = codec::decode_base64(block.content);
  return bytes && !bytes->empty();
}

constexpr std::string_view no_end =
    "is PEM without an end: a line \"-----END ...-----\" is missing";

}  // namespace

std::string certificates_problem(std::string_view text) {
  const auto blocks = blocks_of(text);
  if (!blocks) return std::string(no_end);
  const auto is_certificate = [](const Block& block) {
    return block.label == "CERTIFICATE" || block.label == "TRUSTED CERTIFICATE";
  };
  if (std::ranges::none_of(*blocks, is_certificate))
    return "is not a certificate in PEM: it has no \"-----BEGIN CERTIFICATE-----\"";
  const auto is_broken = [&](const Block& block) {
    return is_certificate(block) && !has_bytes(block);
  };
  if (std::ranges::any_of(*blocks, is_broken)) return "has a certificate that is not base64";
  return "";
}

std::string private_key_problem(std::string_view text) {
  const auto blocks = blocks_of(text);
  if (!blocks) return std::string(no_end);
  const auto is_key = [](const Block& block) { return block.label.ends_with("PRIVATE KEY"); };
  const auto keys = std::ranges::count_if(*blocks, is_key);
  if (keys == 0) return "is not a private key in PEM: it has no \"-----BEGIN PRIVATE KEY-----\"";
  if (keys > 1) return "has several private keys, expected one";
  const Block& key = *std::ranges::find_if(*blocks, is_key);
  if (key.label.starts_with("ENCRYPTED") || key.content.contains("ENCRYPTED"))
    return "is a private key with a password; use a key without a password";
  return has_bytes(key) ? "" : "has a private key that is not base64";
}

}  // namespace lastgood::checks
