// Bytes that were split anywhere, as whole lines. A watch is one JSON document a line.
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

  // Calls on_line(std::string_view) for each line that is whole now, without its end; empty lines are passed over.
  // on_line returning false ends it at once: the rest of the bytes is dropped. TooLarge when a line outgrows its bound; the
  // splitter then starts anew.
  template <class OnLine>
  Result<void> feed(std::string_view bytes, OnLine&& on_line) {
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      const std::string_view piece = bytes.substr(0, end);
      if (rest_.size() + piece.size() > max_bytes_) {
        clear();
        return fail(ErrorKind::TooLarge, "a line of the watch is longer than " + std::to_string(max_bytes_) + " bytes");
      }
      if (end == std::string_view::npos) {
        rest_ += piece;
        return {};
      }
      bytes.remove_prefix(end + 1);
      if (!take_line(piece, on_line)) return {};
    }
    return {};
  }

  void clear() { std::string().swap(rest_); }

 private:
  template <class OnLine>
  bool take_line(std::string_view piece, OnLine& on_line) {
    std::string joined;
    if (!rest_.empty()) {
      joined = std::exchange(rest_, {}) + std::string(piece);
      piece = joined;
    }
    if (piece.ends_with('\r')) piece.remove_suffix(1);
    return piece.empty() || on_line(piece);
  }

  std::size_t max_bytes_;
  std::string rest_;
};

}  // namespace lastgood::kube
