// Splits a byte stream into lines. A watch response has one JSON document on each line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

namespace lastgood::kube {

inline constexpr std::size_t max_line_bytes = std::size_t{8} * 1024 * 1024;

class LineSplitter {
 public:
  explicit LineSplitter(std::size_t max_bytes = max_line_bytes) : max_bytes_(max_bytes) {}

  // Takes the next bytes of the stream, which may be split anywhere. Calls
  // on_line(std::string_view) -> bool for each complete line, without its line end. Empty lines are
  // skipped. If on_line returns false, the rest of `bytes` is dropped.
  //
  // Returns TooLarge if a line has more than `max_bytes` bytes. The splitter is then empty again.
  template <class OnLine>
  Result<void> feed(std::string_view bytes, OnLine&& on_line) {
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      const std::string_view piece = bytes.substr(0, end);
      if (rest_.size() + piece.size() > max_bytes_) {
        clear();
        return fail(ErrorKind::TooLarge, "a line of the watch response has more than " +
                                             std::to_string(max_bytes_) + " bytes");
      }
      if (end == std::string_view::npos) {
        rest_ += piece;
        return {};
      }
      bytes.remove_prefix(end + 1);
      if (!finish_line(piece, on_line)) return {};
    }
    return {};
  }

  void clear() { std::string().swap(rest_); }

 private:
  template <class OnLine>
  bool finish_line(std::string_view piece, OnLine& on_line) {
    std::string joined;
    if (!rest_.empty()) {
      joined = std::exchange(rest_, {}) + std::string(piece);
      piece = joined;
    }
    if (piece.ends_with('\r')) piece.remove_suffix(1);
    return piece.empty() || on_line(piece);
  }

  std::size_t max_bytes_;
  std::string rest_;  // the incomplete last line
};

}  // namespace lastgood::kube
