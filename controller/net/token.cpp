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

TokenSource::TokenSource(std::string token, std::string file, Duration lifetime)
    : token_(std::move(token)), file_(std::move(file)), lifetime_(lifetime) {}

Result<std::string> TokenSource::current(TimePoint now) {
  if (file_.empty() || (fresh_ && now - read_at_ < lifetime_)) return token_;
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

}  // namespace lastgood::net
