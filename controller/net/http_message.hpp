// Parses HTTP/1.1 messages (RFC 9112) from pieces that may end at any byte, and formats requests.
// Does no I/O: the functions that use it read and write the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.hpp"
#include "base/time.hpp"
#include "net/failure.hpp"

namespace lastgood::net {

struct ResponseHead {
  int status = 0;
  bool keep_alive = false;  // the connection can be reused after the body
  // The Retry-After header, at most one hour. Empty if it is missing or is not a number of seconds.
  std::optional<Duration> retry_after = {};
  std::optional<std::uint64_t> length = {};  // the Content-Length header
  std::vector<std::string> warnings = {};    // the Warning headers, at most max_warnings
  std::string content_type = {};             // the Content-Type header
  std::optional<Time> date = {};             // the Date header. Empty if it is missing or invalid.
};

inline constexpr std::size_t max_warnings = 16;

struct MessageLimits {
  std::size_t header_bytes = std::size_t{64} * 1024;
  std::optional<std::uint64_t> body_bytes = {};     // empty: no limit, for streams
  std::size_t read_bytes = std::size_t{16} * 1024;  // for one read
};

// Parses one response. Interim responses (1xx) are skipped.
class ResponseReader {
 public:
  enum class Step : std::uint8_t {
    More,     // the response is not complete
    Done,     // the response is complete
    Stopped,  // the sink returned false
  };
  // Receives each piece of the body as it arrives. Returns false to stop.
  using Sink = std::function<bool(const ResponseHead& head, std::string_view piece)>;

  ResponseReader(MessageLimits limits, Sink sink);
  ~ResponseReader();

  // The buffer for the next read. Never empty.
  [[nodiscard]] std::span<char> space();
  // Call after a read of `bytes` bytes into space(). 0 means that the peer closed its side. Fails
  // with ConnectionClosed, TooLarge or InvalidMessage.
  [[nodiscard]] NetResult<Step> received(std::size_t bytes);

  [[nodiscard]] bool began() const;  // a byte was received
  [[nodiscard]] bool has_head() const;
  [[nodiscard]] const ResponseHead& head() const;
  // True if the response is complete, no byte follows it, and the peer keeps the connection open.
  [[nodiscard]] bool reusable() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct Request {
  std::string method;
  std::string path;           // without query
  std::string authorization;  // the Authorization header
  std::string body;
  bool keep_alive = false;
};

// Parses the requests of one connection, one after another.
class RequestReader {
 public:
  // `head_bytes` is the maximum size of a request without its body, `body_bytes` that of its body.
  // A body needs a Content-Length header.
  RequestReader(std::size_t head_bytes, std::size_t body_bytes);
  ~RequestReader();

  // The buffer for the next read.
  [[nodiscard]] std::span<char> space();
  // Call after a read of `bytes` bytes into space().
  void received(std::size_t bytes);
  // The next request. Nothing if the request is not complete yet. TooLarge if it exceeds a limit.
  // InvalidMessage if it is not HTTP.
  [[nodiscard]] NetResult<std::optional<Request>> next();
  // A request whose body has not arrived completely. Null if there is none. Call it after next().
  [[nodiscard]] const Request* without_body() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct RequestText {
  std::string_view method;
  std::string_view target;
  std::string_view host;  // the Host header
  std::string_view user_agent;
  std::string_view accept = "*/*";
  std::string_view token = {};         // bearer token; empty: no Authorization header
  std::string_view content_type = {};  // empty: no Content-Type header
  std::string_view body = {};
  // Further headers. Host, User-Agent and Accept replace the values above. The names and values
  // must be valid.
  std::span<const api::HttpHeader> headers = {};
  bool close = false;  // ask the server to close the connection after the response
};
[[nodiscard]] std::string to_text(const RequestText& request);

// True if the target begins with "/" and has no blanks or control characters. A blank would end the
// target, a line break the request line.
[[nodiscard]] bool valid_target(std::string_view target);

inline constexpr std::string_view user_agent = "lastgood-controller/" LASTGOOD_VERSION;

}  // namespace lastgood::net
