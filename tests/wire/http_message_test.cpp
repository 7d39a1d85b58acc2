// The HTTP parsers: the result does not depend on where the bytes are split, and every size has a
// limit.
#include "net/http_message.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace lastgood::net {
namespace {

using Step = ResponseReader::Step;

struct Outcome {
  std::optional<TransportError> transport_error = {};
  Step step = Step::More;
  ResponseHead head = {};
  bool has_head = false;
  bool reusable = false;  // the connection may be used for another request
  std::string body = {};
};

// Gives the pieces to a ResponseReader. Then ends the stream, if the response is not complete yet.
Outcome read_response(const std::vector<std::string>& pieces, MessageLimits limits = {}) {
  Outcome outcome;
  ResponseReader reader(limits, [&outcome](const ResponseHead&, std::string_view piece) {
    outcome.body += piece;
    return true;
  });
  const auto receive = [&](std::string_view bytes) {
    const auto step = reader.received(bytes.size());
    if (step) outcome.step = *step;
    if (!step) outcome.transport_error = step.error().transport_error;
    return step && *step == Step::More;
  };
  bool more = true;
  for (std::string_view rest : pieces) {
    while (more && !rest.empty()) {
      const auto space = reader.space();
      const auto part = rest.substr(0, space.size());
      std::ranges::copy(part, space.begin());
      rest.remove_prefix(part.size());
      more = receive(part);
    }
  }
  if (more) receive("");
  outcome.has_head = reader.has_head();
  outcome.head = reader.head();
  outcome.reusable = reader.reusable();
  return outcome;
}

std::vector<std::string> one_byte_pieces(const std::string& text) {
  std::vector<std::string> pieces;
  for (const char byte : text) pieces.emplace_back(1, byte);
  return pieces;
}

const std::string response_with_length =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
    "11\r\n\r\n{\"a\":\"b\\n\"}";
const std::string chunked_response =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
    "chunked\r\n\r\n5;x=y\r\n{\"a\":\r\n6\r\n\"b\\n\"}\r\n0\r\nTrailer: x\r\n\r\n";

}  // namespace

TEST_CASE("parses a response to the same result wherever its bytes are split") {
  for (const auto& text : {response_with_length, chunked_response}) {
    for (std::size_t at = 0; at <= text.size(); ++at) {
      INFO("split at " << at);
      const auto outcome = read_response({text.substr(0, at), text.substr(at)});
      REQUIRE(outcome.step == Step::Done);
      REQUIRE(outcome.head.status == 200);
      REQUIRE(outcome.body == "{\"a\":\"b\\n\"}");
      REQUIRE(outcome.reusable);
    }
    const auto outcome = read_response(one_byte_pieces(text));
    CHECK(outcome.step == Step::Done);
    CHECK(outcome.body == "{\"a\":\"b\\n\"}");
  }
}

TEST_CASE("parses a chunked response without a body wherever its bytes are split") {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& text : {head + "0\r\n\r\n", head + "0;x=y\r\nTrailer: x\r\n\r\n"}) {
    for (std::size_t first = head.size(); first <= text.size(); ++first) {
      for (std::size_t second = first; second <= text.size(); ++second) {
        INFO("split at " << first << " and " << second);
        const auto outcome = read_response(
            {text.substr(0, first), text.substr(first, second - first), text.substr(second)});
        REQUIRE(outcome.step == Step::Done);
        REQUIRE(outcome.body.empty());
        REQUIRE(outcome.reusable);
      }
    }
  }
}

TEST_CASE("fails with ConnectionClosed when the stream ends at any byte within the response") {
  for (const auto& text : {response_with_length, chunked_response}) {
    for (std::size_t at = 0; at < text.size(); ++at) {
      INFO("ends at " << at);
      const auto outcome = read_response({text.substr(0, at)});
      REQUIRE(outcome.transport_error == TransportError::ConnectionClosed);
    }
  }
}

TEST_CASE("reads a body without a length until the server closes the connection") {
  const auto outcome = read_response({"HTTP/1.0 200 OK\r\n\r\nall", " of it"});
  CHECK(outcome.step == Step::Done);
  CHECK(outcome.body == "all of it");
  CHECK_FALSE(outcome.reusable);
}

TEST_CASE("reuses a connection only if the server keeps it open and sends no further bytes") {
  CHECK(read_response({"HTTP/1.1 204 No Content\r\n\r\n"}).reusable);
  CHECK_FALSE(read_response({"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"})
                  .reusable);
  CHECK_FALSE(read_response({"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"}).reusable);
  CHECK_FALSE(read_response({"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1"}).reusable);
}

TEST_CASE("skips interim responses up to a limit") {
  const std::string interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  const auto outcome = read_response(one_byte_pieces(interim + interim + response_with_length));
  CHECK(outcome.head.status == 200);
  CHECK(outcome.body.size() == 11);
  std::string too_many;
  for (int i = 0; i < 100; ++i) too_many += interim;
  CHECK(read_response({too_many}).transport_error == TransportError::InvalidMessage);
  CHECK(read_response({"HTTP/1.1 101 Switching Protocols\r\n\r\n"}).head.status == 101);
}

TEST_CASE("reads the Date header") {
  const auto date = [](const std::string& value) {
    return read_response({"HTTP/1.1 200 OK\r\nDate: " + value + "\r\nContent-Length: 0\r\n\r\n"})
        .head.date;
  };
  CHECK(date("Sun, 06 Nov 1994 08:49:37 GMT") == parse_rfc3339("1994-11-06T08:49:37Z"));
  CHECK(date("Mon, 30 Nov 2026 23:59:60 GMT") == parse_rfc3339("2026-12-01T00:00:00Z"));
  for (const std::string invalid :
       {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 anF 1994 08:49:37 GMT", "Sun, -6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49:3x GMT"}) {
    INFO(invalid);
    CHECK_FALSE(date(invalid));
  }
}

TEST_CASE("reads Retry-After in seconds, at most one hour") {
  const auto retry_after = [](const std::string& value) {
    return read_response(
               {"HTTP/1.1 429 Slow\r\nRetry-After: " + value + "\r\nContent-Length: 0\r\n\r\n"})
        .head.retry_after;
  };
  CHECK(retry_after("7") == Duration(7000));
  CHECK(retry_after("0") == Duration(0));
  CHECK(retry_after("100000") == Duration(3'600'000));
  CHECK_FALSE(retry_after("99999999999999999999"));
  CHECK_FALSE(retry_after("-1"));
  CHECK_FALSE(retry_after("Wed, 21 Oct 2026 07:28:00 GMT"));
}

TEST_CASE("rejects bytes that are not HTTP with InvalidMessage at once") {
  const std::vector<std::string> garbage{
      "SSH-2.0-OpenSSH_9.2",                           // without a line break
      std::string("\x15\x03\x01\x00\x02\x02\x46", 7),  // an alert of TLS
      std::string(10, '\0'),
      "HTTP/2.0 200 OK\r\n\r\n",
      "HTTP/1.1 2x0 OK\r\n\r\n",
      "HTTP/1.1 000 OK\r\n\r\n",  // 0 stands for no response
      "HTTP/1.1 099 OK\r\n\r\n",
      "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
  };
  for (const auto& text : garbage) {
    INFO(text);
    CHECK(read_response({text}).transport_error == TransportError::InvalidMessage);
    CHECK(read_response(one_byte_pieces(text)).transport_error == TransportError::InvalidMessage);
  }
}

TEST_CASE("rejects headers, bodies and lines above their limits with TooLarge") {
  // In each response one part exceeds its limit. In the fifth response, two chunks of 0x60 bytes
  // together exceed the limit of the body.
  const MessageLimits limits{.header_bytes = 1000, .body_bytes = 100, .read_bytes = 64};
  CHECK(
      read_response({"HTTP/1.1 200 OK\r\nX: " + std::string(2000, 'x')}, limits).transport_error ==
      TransportError::TooLarge);
  CHECK(read_response({"HTTP/1.1 200 " + std::string(2000, 'x')}, limits).transport_error ==
        TransportError::TooLarge);
  CHECK(read_response({"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n"}, limits).transport_error ==
        TransportError::TooLarge);
  CHECK(read_response(
            {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(2000, 'x')},
            limits)
            .transport_error == TransportError::TooLarge);
  CHECK(read_response({"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n60\r\n" +
                       std::string(96, 'x') + "\r\n60\r\n"},
                      limits)
            .transport_error == TransportError::TooLarge);
  CHECK(
      read_response({"HTTP/1.1 200 OK\r\n\r\n" + std::string(101, 'x')}, limits).transport_error ==
      TransportError::TooLarge);
}

TEST_CASE("parses several requests of one connection wherever their bytes are split") {
  const std::string text =
      "GET /healthz?verbose HTTP/1.1\r\nHost: a\r\n\r\nHEAD /metrics HTTP/1.1\r\nConnection: "
      "close\r\n\r\n";
  for (std::size_t at = 0; at <= text.size(); ++at) {
    RequestReader reader(1000, 0);
    std::vector<Request> heads;
    for (const auto& piece : {text.substr(0, at), text.substr(at)}) {
      std::ranges::copy(piece, reader.space().begin());
      reader.received(piece.size());
      while (true) {
        const auto head = reader.next();
        REQUIRE(head);
        if (!*head) break;
        heads.push_back(**head);
      }
    }
    REQUIRE(heads.size() == 2);
    REQUIRE(heads[0].path == "/healthz");
    REQUIRE(heads[0].keep_alive);
    REQUIRE(heads[1].method == "HEAD");
    REQUIRE_FALSE(heads[1].keep_alive);
  }
}

TEST_CASE("rejects a request with a body") {
  for (const std::string header : {"Content-Length: 3", "Transfer-Encoding: chunked"}) {
    RequestReader reader(1000, 0);
    const std::string text = "GET / HTTP/1.1\r\n" + header + "\r\n\r\nabc";
    std::ranges::copy(text, reader.space().begin());
    reader.received(text.size());
    const auto head = reader.next();
    REQUIRE_FALSE(head);
    CHECK(head.error().transport_error == TransportError::TooLarge);
  }
}

TEST_CASE("reads the Content-Type header, but not the one of a trailer") {
  const std::string type = "Content-Type: text/plain; version=0.0.4\r\n";
  CHECK(read_response({"HTTP/1.1 200 OK\r\n" + type + "Content-Length: 0\r\n\r\n"})
            .head.content_type == "text/plain; version=0.0.4");
  const auto outcome =
      read_response({"HTTP/1.1 200 OK\r\nTransfer-Encoding: "
                     "chunked\r\n\r\n0\r\nWarning: x\r\n" +
                     type + "\r\n"});
  CHECK(outcome.step == Step::Done);
  CHECK(outcome.head.content_type.empty());
  CHECK(outcome.head.warnings.empty());
}

TEST_CASE("formats further headers, which may replace Host, User-Agent and Accept") {
  RequestText request{.method = "POST", .target = "/q", .host = "a", .user_agent = "b"};
  CHECK(to_text(request) ==
        "POST /q HTTP/1.1\r\nHost: a\r\nUser-Agent: b\r\nAccept: */*\r\n"
        "Content-Length: 0\r\n\r\n");
  request.content_type = "text/plain";
  request.body = "body";
  const std::vector<api::HttpHeader> tenant{{.name = "X-Scope-OrgID", .value = "shop"}};
  request.headers = tenant;
  CHECK(to_text(request) ==
        "POST /q HTTP/1.1\r\nHost: a\r\nUser-Agent: b\r\nAccept: */*\r\nX-Scope-OrgID: shop\r\n"
        "Content-Type: text/plain\r\nContent-Length: 4\r\n\r\nbody");
  const std::vector<api::HttpHeader> own{{.name = "accept", .value = "text/plain"},
                                         {.name = "HOST", .value = "c"},
                                         {.name = "User-agent", .value = "d"}};
  request = {.method = "GET", .target = "/", .host = "a", .user_agent = "b", .headers = own};
  CHECK(to_text(request) ==
        "GET / HTTP/1.1\r\naccept: text/plain\r\nHOST: c\r\nUser-agent: d\r\n\r\n");
}

TEST_CASE("rejects a path that is not valid in a request") {
  CHECK(valid_target("/api/v1/pods?labelSelector=a%3Db"));
  CHECK_FALSE(valid_target(""));
  CHECK_FALSE(valid_target("api"));
  CHECK_FALSE(valid_target("/a b"));
  CHECK_FALSE(valid_target("/a\r\nX: y"));
  CHECK_FALSE(valid_target(std::string_view("/a\0b", 4)));
}

TEST_CASE("RequestReader reads a body, wherever its bytes are split") {
  const std::string text =
      "POST /a?b HTTP/1.1\r\nAuthorization: Bearer x\r\nContent-Length: 5\r\n\r\nhello"
      "POST /c HTTP/1.1\r\nContent-Length: 0\r\n\r\n";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    RequestReader reader(1000, 5);
    std::vector<Request> requests;
    for (std::size_t at = 0; at < text.size(); at += size) {
      const std::string piece = text.substr(at, size);
      std::ranges::copy(piece, reader.space().begin());
      reader.received(piece.size());
      for (auto next = reader.next(); next && *next; next = reader.next())
        requests.push_back(std::move(**next));
    }
    REQUIRE(requests.size() == 2);
    CHECK(requests[0].method == "POST");
    CHECK(requests[0].path == "/a");
    CHECK(requests[0].authorization == "Bearer x");
    CHECK(requests[0].body == "hello");
    CHECK(requests[1].body.empty());
  }
}

TEST_CASE("RequestReader shows a request before its body has arrived") {
  RequestReader reader(1000, 10);
  const auto receive = [&](const std::string& text) {
    std::ranges::copy(text, reader.space().begin());
    reader.received(text.size());
    return reader.next();
  };
  CHECK(reader.without_body() == nullptr);
  REQUIRE(receive("POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel"));
  REQUIRE(reader.without_body() != nullptr);
  CHECK(reader.without_body()->path == "/a");
  REQUIRE(*receive("lo"));
  CHECK(reader.without_body() == nullptr);
}

TEST_CASE("RequestReader rejects a body that is larger than its limit or has no length") {
  const std::string head = "POST /a HTTP/1.1\r\n";
  for (const std::string& fields : {std::string("Content-Length: 6\r\n\r\n"),
                                    std::string("Transfer-Encoding: chunked\r\n\r\n")}) {
    RequestReader reader(1000, 5);
    std::ranges::copy(head + fields, reader.space().begin());
    reader.received((head + fields).size());
    const auto next = reader.next();
    REQUIRE_FALSE(next);
    CHECK(next.error().transport_error == TransportError::TooLarge);
  }
}

}  // namespace lastgood::net
