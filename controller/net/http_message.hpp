// HTTP/1.1 messages out of bytes that come split anywhere, and requests as text. Does no I/O: bytes are put in, and what
// they mean comes out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "net/failure.hpp"

namespace lastgood::net {

struct ResponseHead {
  int status = 0;
  bool keep_alive = false;                   // the connection may be used again once the body is read
  std::optional<Duration> retry_after = {};  // given in seconds, at most an hour; a date is ignored
  std::optional<std::uint64_t> length = {};  // of the body, where it is said
};

struct MessageLimits {
  std::size_t header_bytes = std::size_t{64} * 1024;
  std::optional<std::uint64_t> body_bytes = {};     // none: a stream has no end
  std::size_t read_bytes = std::size_t{16} * 1024;  // asked for at once
};

// Reads one response; interim ones (1xx) are passed over.
class ResponseReader {
 public:
  enum class Step : std::uint8_t {
    More,
    Done,     // the message is whole
    Stopped,  // the sink wants no more
  };
  // Gets each piece of the body as it comes. False: no more is wanted.
  using Sink = std::function<bool(const ResponseHead& head, std::string_view piece)>;

  ResponseReader(MessageLimits limits, Sink sink);
  ~ResponseReader();

  // Where to put the next bytes; never empty.
  [[nodiscard]] std::span<char> space();
  // `bytes` of them were put there; 0 means that the peer has closed its side.
  [[nodiscard]] NetResult<Step> received(std::size_t bytes);

  [[nodiscard]] bool began() const;  // anything was received
  [[nodiscard]] bool has_head() const;
  [[nodiscard]] const ResponseHead& head() const;
  // The message is whole, nothing came after it, and the peer keeps the connection.
  [[nodiscard]] bool reusable() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct RequestHead {
  std::string method;
  std::string path;  // without query
  bool keep_alive = false;
};

// Reads the heads of requests without bodies, one after another from the same connection.
class RequestReader {
 public:
  explicit RequestReader(std::size_t limit);
  ~RequestReader();

  [[nodiscard]] std::span<char> space();
  void received(std::size_t bytes);
  // The next request that is whole, nothing while it is not, TooLarge beyond the limit or where a body is announced,
  // Malformed otherwise.
  [[nodiscard]] NetResult<std::optional<RequestHead>> next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct RequestText {
  std::string_view method;
  std::string_view target;
  std::string_view host;  // the Host header's value
  std::string_view user_agent;
  std::string_view accept = "*/*";
  std::string_view token = {};         // bearer
  std::string_view content_type = {};  // with a body
  std::string_view body = {};
  bool close = false;
};
[[nodiscard]] std::string to_text(const RequestText& request);

// Begins with "/" and holds nothing that would end a request line.
[[nodiscard]] bool valid_target(std::string_view target);
// Holds nothing that would end a header line.
[[nodiscard]] bool valid_header_value(std::string_view value);

inline constexpr std::string_view user_agent = "lastgood-controller/" LASTGOOD_VERSION;

}  // namespace lastgood::net
