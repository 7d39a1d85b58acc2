// A response of HTTP/1.1, which may be split at any byte, with its head and its body.
#include <algorithm>
#include <string>
#include <vector>

#include "codec/errors.hpp"
#include "fuzz.hpp"
#include "net/http_message.hpp"

using namespace lastgood;
using namespace lastgood::fuzz;
using net::ResponseReader;

namespace {

constexpr net::MessageLimits limits{.header_bytes = 1024, .body_bytes = 2048, .read_bytes = 256};

struct Read {
  bool is_complete = false;
  int status = 0;
  std::string content_type;
  std::vector<std::string> warnings;
  std::string body;
  bool operator==(const Read&) const = default;
};

Read read(const std::vector<std::string_view>& pieces) {
  Read got;
  ResponseReader reader(limits, [&](const net::ResponseHead&, std::string_view piece) {
    got.body += piece;
    return true;
  });
  net::NetResult<ResponseReader::Step> step = ResponseReader::Step::More;
  const auto is_open = [&] { return step && *step == ResponseReader::Step::More; };
  for (std::string_view piece : pieces) {
    while (!piece.empty() && is_open()) {
      const auto space = reader.space();
      require(!space.empty(), "the buffer of a response has space");
      const std::size_t size = std::min(space.size(), piece.size());
      std::ranges::copy(piece.substr(0, size), space.begin());
      piece.remove_prefix(size);
      step = reader.received(size);
    }
  }
  if (is_open()) step = reader.received(0);
  require(!is_open(), "the end of a stream ends a response");
  require(got.body.size() <= *limits.body_bytes, "a body has a limit");
  if (!step) {
    require_message(step.error().detail, 256);
    return {};
  }
  got.is_complete = true;
  got.status = reader.head().status;
  got.content_type = reader.head().content_type;
  got.warnings = reader.head().warnings;
  require(got.status == 101 || (got.status >= 200 && got.status <= 999), "a response is final");
  require(got.warnings.size() <= net::max_warnings, "the warnings have a limit");
  require(!reader.reusable() || reader.head().keep_alive, "a closed connection is not reusable");
  return got;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  const Read whole = read({text});
  require(whole == read(pieces_of(text, 1)), "each byte alone gives the same response");
  require(whole == read(pieces_of(text, 100)), "pieces give the same response");
  if (!whole.is_complete) return 0;
  const Error error = codec::status_error(whole.status, whole.body);
  require_message(error.message, codec::max_error_message_size + 64);
  for (const std::string& warning : codec::warning_texts(whole.warnings))
    require_message(warning, codec::max_error_message_size);
  return 0;
}
