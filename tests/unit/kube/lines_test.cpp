// Lines from a byte stream that is split at any byte.
#include "kube/lines.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace lastgood;
using kube::LineSplitter;

namespace {

const std::string stream = "one\n\n{\"two\":2}\r\nthree\nrest";
const std::vector<std::string> lines{"one", "{\"two\":2}", "three"};

}  // namespace

TEST_CASE("returns the same lines when a stream is split in two at any byte") {
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    CAPTURE(cut);
    LineSplitter splitter;
    std::vector<std::string> got;
    const auto append_line = [&](std::string_view line) {
      got.emplace_back(line);
      return true;
    };
    REQUIRE(splitter.feed(std::string_view(stream).substr(0, cut), append_line));
    REQUIRE(splitter.feed(std::string_view(stream).substr(cut), append_line));
    CHECK(got == lines);
    REQUIRE(splitter.feed("\n", append_line));
    CHECK(got.back() == "rest");
  }
}

TEST_CASE("returns the same lines when a stream arrives byte by byte") {
  LineSplitter splitter;
  std::vector<std::string> got;
  for (const char c : stream) {
    REQUIRE(splitter.feed({&c, 1}, [&](std::string_view line) {
      got.emplace_back(line);
      return true;
    }));
  }
  CHECK(got == lines);
}

TEST_CASE("returns TooLarge when a line is longer than the limit, also when its end is missing") {
  std::string last;
  const auto set_last = [&](std::string_view line) {
    last = line;
    return true;
  };
  LineSplitter complete(8);
  CHECK(complete.feed("12345678\n", set_last));
  CHECK(complete.feed("123456789\n", set_last).error().kind == ErrorKind::TooLarge);
  LineSplitter pieces(8);
  CHECK(pieces.feed("12345", set_last));
  CHECK(pieces.feed("6789", set_last).error().kind == ErrorKind::TooLarge);
  CHECK(pieces.feed("1\n", set_last));
  CHECK(last == "1");
}

TEST_CASE("drops the rest of the bytes when on_line returns false") {
  LineSplitter splitter;
  std::vector<std::string> seen;
  const auto stop_after_two_lines = [&](std::string_view line) {
    seen.emplace_back(line);
    return seen.size() < 2;
  };
  CHECK(splitter.feed("a\nb\nc", stop_after_two_lines));
  CHECK(seen == std::vector<std::string>{"a", "b"});
  CHECK(splitter.feed("d\n", stop_after_two_lines));
  CHECK(seen.back() == "d");
}
