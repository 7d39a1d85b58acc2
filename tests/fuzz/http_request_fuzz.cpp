// The requests of one connection to the controller, and the requests that the controller writes.
#include <algorithm>
#include <string>
#include <vector>

#include "fuzz.hpp"
#include "net/http_message.hpp"
#include "net/token.hpp"

using namespace lastgood;
using namespace lastgood::fuzz;

namespace {

constexpr std::size_t max_head = 1024;
constexpr std::size_t max_body = 2048;

struct Read {
  std::vector<net::Request> requests;
  bool is_invalid = false;
};

// Takes all complete requests. False if the connection must be closed.
bool take(net::RequestReader& reader, Read& read) {
  for (;;) {
    auto next = reader.next();
    if (!next) {
      require_message(next.error().detail, 256);
      read.is_invalid = true;
      return false;
    }
    if (!*next) return true;
    require((*next)->body.size() <= max_body, "a body has a limit");
    read.requests.push_back(std::move(**next));
  }
}

Read read(const std::vector<std::string_view>& pieces) {
  net::RequestReader reader(max_head, max_body);
  Read got;
  for (std::string_view piece : pieces) {
    while (!piece.empty()) {
      const auto space = reader.space();
      require(!space.empty(), "the buffer of a request has space");
      const std::size_t size = std::min(space.size(), piece.size());
      std::ranges::copy(piece.substr(0, size), space.begin());
      piece.remove_prefix(size);
      reader.received(size);
      if (!take(reader, got)) return got;
      static_cast<void>(reader.without_body());
    }
  }
  return got;
}

bool is_same(const net::Request& a, const net::Request& b) {
  return a.method == b.method && a.path == b.path && a.authorization == b.authorization &&
         a.body == b.body;
}

// A request that the controller writes is read back as one request.
void write_again(const net::Request& request) {
  if (!net::valid_target(request.path)) return;
  const std::vector<api::HttpHeader> headers = {{"Authorization", request.authorization}};
  const std::string text = net::to_text({.method = request.method,
                                         .target = request.path,
                                         .host = "web",
                                         .user_agent = "test",
                                         .body = request.body,
                                         .headers = headers});
  // The text may be a little larger than the request, with its other headers.
  if (text.size() > max_head) return;
  const Read again = read({text});
  require(again.requests.size() == 1, "a request that is written is one request");
  require(is_same(again.requests.front(), request), "a request that is written is read back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  const Read whole = read({text});
  for (const std::size_t max : {std::size_t{1}, std::size_t{100}}) {
    const Read split = read(pieces_of(text, max));
    // Of headers without an end, the parser may find an invalid one at once or at their end. This
    // depends on the pieces.
    if (!whole.is_invalid && split.is_invalid)
      require(read({std::string(text) + "\r\n\r\n"}).is_invalid,
              "pieces are valid if the whole is");
    require(std::ranges::equal(split.requests, whole.requests, is_same),
            "pieces give the same requests");
  }
  for (const net::Request& request : whole.requests) {
    write_again(request);
    require(!net::has_bearer_token(request.authorization, "secret") ||
                lowered(trimmed(request.authorization)).starts_with("bearer "),
            "a token has a scheme");
  }
  return 0;
}
