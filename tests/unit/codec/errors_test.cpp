#include "codec/errors.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace lastgood;
using codec::event_error;
using codec::status_error;

namespace {

std::string status_body(int code, const std::string& reason, const std::string& details = "{}") {
  return R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"the message","reason":")" +
         reason + R"(","details":)" + details + R"(,"code":)" + std::to_string(code) + "}";
}

}  // namespace

TEST_CASE("status_error and event_error return the error kind of the status code") {
  struct Row {
    int code;
    const char* reason;
    ErrorKind kind;
  };
  for (const Row& row :
       {Row{401, "Unauthorized", ErrorKind::Unauthorized},
        Row{403, "Forbidden", ErrorKind::Forbidden}, Row{404, "NotFound", ErrorKind::NotFound},
        Row{409, "AlreadyExists", ErrorKind::AlreadyExists},
        Row{409, "Conflict", ErrorKind::Conflict}, Row{410, "Expired", ErrorKind::Expired},
        Row{410, "Gone", ErrorKind::Expired}, Row{422, "Invalid", ErrorKind::Invalid},
        Row{429, "TooManyRequests", ErrorKind::TooManyRequests},
        Row{500, "InternalError", ErrorKind::Server},
        Row{503, "ServiceUnavailable", ErrorKind::Server},
        Row{504, "Timeout", ErrorKind::Server}}) {
    CAPTURE(row.code, row.reason);
    const Error error = status_error(row.code, status_body(row.code, row.reason));
    CHECK(error.kind == row.kind);
    CHECK(error.status == row.code);
    CHECK(error.message == "the message");
    CHECK(event_error(status_body(row.code, row.reason)).kind == row.kind);
  }
}

TEST_CASE("status_error returns VersionTooLarge when the Status has ResourceVersionTooLarge") {
  const std::string body = status_body(
      504, "Timeout",
      R"({"causes":[{"reason":"ResourceVersionTooLarge","message":"Too large"}],"retryAfterSeconds":1})");
  const Error error = status_error(504, body);
  CHECK(error.kind == ErrorKind::VersionTooLarge);
  CHECK(error.retry_after == std::chrono::seconds(1));
}

TEST_CASE("status_error prefers the Retry-After header, and limits the delay to an hour") {
  const std::string body = status_body(429, "TooManyRequests", R"({"retryAfterSeconds":9})");
  CHECK(status_error(429, body, Duration(2000)).retry_after == Duration(2000));
  CHECK(status_error(429, body).retry_after == std::chrono::seconds(9));
  CHECK(
      status_error(429, status_body(429, "", R"({"retryAfterSeconds":99999999999})")).retry_after ==
      std::chrono::hours(1));
  CHECK_FALSE(status_error(429, status_body(429, "", R"({"retryAfterSeconds":-4})")).retry_after);
}

TEST_CASE("status_error uses the body as the message when it is not a Status") {
  CHECK(status_error(429, "Too many requests, please try again later.\n").message ==
        "Too many requests, please try again later.");
  CHECK(status_error(409, R"({"kind":"Other","message":"x"})").kind == ErrorKind::Conflict);
  CHECK(status_error(502, "").message == "the API server returned 502 without a message");
  CHECK(status_error(502, "a\xff\x01 b").message == "a?  b");
  CHECK(status_error(500, R"({"kind":"Status","message":7,"details":[],"reason":{}})").kind ==
        ErrorKind::Server);
}

TEST_CASE("status_error limits the message to 1 KiB") {
  CHECK(status_error(500, std::string(1'000'000, 'x')).message.size() <=
        codec::max_error_message_size);
  const std::string long_status =
      R"({"kind":"Status","message":")" + std::string(5000, 'y') + "\"}";
  const Error error = status_error(500, long_status);
  CHECK(error.message.size() <= codec::max_error_message_size);
  CHECK(error.message.starts_with("yyy"));
}

TEST_CASE("event_error returns Protocol without a Status, and status 500 without a valid code") {
  CHECK(event_error("{}").kind == ErrorKind::Protocol);
  CHECK(event_error("not json").kind == ErrorKind::Protocol);
  CHECK(event_error(R"({"kind":"Status","code":"410"})").kind == ErrorKind::Server);
  CHECK(event_error(R"({"kind":"Status","code":99999999})").status == 500);
}

TEST_CASE("warning_texts returns the quoted texts and skips headers of another form") {
  using codec::warning_texts;
  CHECK(warning_texts({R"(299 - "unknown field \"spec.x\"")", R"(299 - "b" "Sat, 25 Aug 2012")"}) ==
        std::vector<std::string>{R"(unknown field "spec.x")", "b"});
  CHECK(warning_texts({"", "299", "299 -", R"(299 - ")", R"(299 - "open)", R"("only")",
                       R"(299 - "")", R"(299 - "ends with \)"})
            .empty());
  CHECK(warning_texts({"299 - \"" + std::string(5000, 'x') + "\""})[0].size() <=
        codec::max_error_message_size);
}
