// Bytes that arrive in any pieces become whole lines.
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

TEST_CASE("A stream split into two at every byte gives the same lines") {
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
    CHECK(splitter.in_line());
  }
}

TEST_CASE("A stream that comes byte by byte gives the same lines") {
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

TEST_CASE("A line that outgrows its bound is TooLarge, whether or not its end has come") {
  const auto ignore = [](std::string_view) { return true; };
  LineSplitter whole(8);
  CHECK(whole.feed("12345678\n", ignore));
  CHECK(whole.feed("123456789\n", ignore).error().kind == ErrorKind::TooLarge);
  LineSplitter pieces(8);
  CHECK(pieces.feed("12345", ignore));
  CHECK(pieces.feed("6789", ignore).error().kind == ErrorKind::TooLarge);
  CHECK_FALSE(pieces.in_line());
  CHECK(pieces.feed("1\n", ignore));
}

TEST_CASE("A reader that has had enough gets no further line") {
  LineSplitter splitter;
  int seen = 0;
  CHECK(splitter.feed("a\nb\nc", [&](std::string_view) { return ++seen < 2; }));
  CHECK(seen == 2);
  CHECK_FALSE(splitter.in_line());
}
