#include "net/token.hpp"

#include <utility>

#include "base/text.hpp"
#include "codec/http_header.hpp"
#include "net/file.hpp"
#include "net/http_message.hpp"

namespace lastgood::net {
namespace {

constexpr std::size_t max_token_bytes = std::size_t{64} * 1024;

Result<std::string> read_token(const std::string& file) {
  auto text = read_file(file, max_token_bytes);
  if (!text) return text;
  std::string token(trimmed(*text));
  if (token.empty()) return fail(ErrorKind::BadInput, file + ": the file contains no token");
  if (!codec::valid_header_value(token))
    return fail(ErrorKind::BadInput, file + ": the token contains a control character");
  return token;
}

}  // namespace

TokenSource::TokenSource(std::string token, std::string file, Duration reread_interval)
    : token_(std::move(token)), file_(std::move(file)), reread_interval_(reread_interval) {}

Result<std::string> TokenSource::current(TimePoint now) {
  if (file_.empty() || (fresh_ && now - read_at_ < reread_interval_)) return token_;
  auto read = read_token(file_);
  if (!read && token_.empty()) return read;
  if (read) token_ = *std::move(read);
  fresh_ = true;
  read_at_ = now;
  return token_;
}

bool TokenSource::reject(const std::string& token) {
  if (file_.empty()) return false;
  // Another call may have read a newer token already.
  if (token_ != token) return true;
  fresh_ = false;
  token_.clear();
  return true;
}

bool has_bearer_token(std::string_view authorization, std::string_view token) {
  constexpr std::string_view scheme = "bearer ";
  if (lowered(authorization.substr(0, scheme.size())) != scheme) return false;
  const std::string_view sent = trimmed(authorization.substr(scheme.size()));
  // The number of compared bytes depends on `sent` only, so the time reveals nothing about `token`.
  unsigned difference = sent.size() == token.size() && !token.empty() ? 0 : 1;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const char wanted = token.empty() ? '\0' : token[i % token.size()];
    difference |= static_cast<unsigned char>(sent[i]) ^ static_cast<unsigned char>(wanted);
  }
  return difference == 0;
}

}  // namespace lastgood::net
