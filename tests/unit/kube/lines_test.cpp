// Lines from a byte stream that is split at any byte.
#include "kube/lines.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace lastgood;
using kube::LineSplitter;

namespace {

const std::string text = "one\n\n{\"two\":2}\r\nthree\nrest";
const std::vector<std::string> lines{"one", "{\"two\":2}", "three"};

}  // namespace

TEST_CASE("returns the same lines when a stream is split in two at any byte") {
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    CAPTURE(cut);
    LineSplitter splitter;
    std::vector<std::string> got;
    const auto keep = [&](std::string_view line) {
      got.emplace_back(line);
      return true;
    };
    REQUIRE(splitter.feed(std::string_view(text).substr(0, cut), keep));
    REQUIRE(splitter.feed(std::string_view(text).substr(cut), keep));
    CHECK(got == lines);
    REQUIRE(splitter.feed("\n", keep));
    CHECK(got.back() == "rest");
  }
}

TEST_CASE("returns the same lines when a stream arrives byte by byte") {
  LineSplitter splitter;
  std::vector<std::string> got;
  for (const char c : text) {
    REQUIRE(splitter.feed({&c, 1}, [&](std::string_view line) {
      got.emplace_back(line);
      return true;
    }));
  }
  CHECK(got == lines);
}

TEST_CASE("returns TooLarge when a line is longer than its limit, complete or not") {
  std::string last;
  const auto keep = [&](std::string_view line) {
    last = line;
    return true;
  };
  LineSplitter whole(8);
  CHECK(whole.feed("12345678\n", keep));
  CHECK(whole.feed("123456789\n", keep).error().kind == ErrorKind::TooLarge);
  LineSplitter pieces(8);
  CHECK(pieces.feed("12345", keep));
  CHECK(pieces.feed("6789", keep).error().kind == ErrorKind::TooLarge);
  CHECK(pieces.feed("1\n", keep));
  CHECK(last == "1");
}

TEST_CASE("drops the rest of the bytes when the reader stops") {
  LineSplitter splitter;
  std::vector<std::string> seen;
  const auto until_two = [&](std::string_view line) {
    seen.emplace_back(line);
    return seen.size() < 2;
  };
  CHECK(splitter.feed("a\nb\nc", until_two));
  CHECK(seen == std::vector<std::string>{"a", "b"});
  CHECK(splitter.feed("d\n", until_two));
  CHECK(seen.back() == "d");
}
