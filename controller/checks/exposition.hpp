// Reads the metrics page of a pod in one pass, and keeps only the series that are selected. The
// page is in one of these formats:
//
// - The text format of Prometheus, version 0.0.4:
//   https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
// - OpenMetrics 1.0, if the content type is application/openmetrics-text:
//   https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
//
// If a line is not valid, the whole page has no series: its other lines may be wrong too. A page
// that was cut must be recognized, because the first digits of a number are also a number. So the
// text format must end with a line feed, and OpenMetrics with the line "# EOF".
//
// Timestamps and exemplars are checked and then ignored. Comments are ignored without a check, also
// HELP, TYPE and UNIT. Native histograms do not exist in these formats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/series_selector.hpp"

namespace lastgood::checks {

using codec::LabelView;
using codec::SeriesSelector;

inline constexpr std::size_t max_exposition_size = std::size_t{5} * 1024 * 1024;  // bytes
inline constexpr std::size_t max_exposition_series = 100'000;
inline constexpr std::size_t max_selected_series = 2'000;
inline constexpr std::size_t max_exposition_line = std::size_t{64} * 1024;  // bytes
inline constexpr std::size_t max_series_labels = 64;
inline constexpr std::size_t max_selectors = 32;

enum class ExpositionFormat : std::uint8_t { Text, OpenMetrics };
// Any other content type is read as the text format: many applications send text/html or none.
[[nodiscard]] ExpositionFormat exposition_format(std::string_view content_type);

// The order of preference for the header Accept. The text format is first, because all libraries
// have it.
inline constexpr std::string_view exposition_accept =
    "text/plain;version=0.0.4;q=0.9,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1";

struct ScrapedSeries {
  // Of the name and all labels. The same series has the same id in each page that this process
  // reads.
  std::uint64_t id = 0;
  std::uint32_t selectors = 0;                              // bit i: selector i selects the series
  double value = 0;                                         // also NaN and the infinities
  double bound = std::numeric_limits<double>::quiet_NaN();  // the label le; NaN: no valid label le

  [[nodiscard]] bool is_selected_by(std::size_t selector) const {
    return ((selectors >> selector) & 1U) != 0;
  }
};

// Which series the page has for one selector. If none is selected, this shows why.
struct SelectorUse {
  bool has_name = false;    // a series with the metric name of the selector
  bool has_labels = false;  // such a series with each label of the selector, with any values
};

struct Exposition {
  std::vector<ScrapedSeries> series = {};  // sorted by id, without duplicates
  std::vector<SelectorUse> uses = {};      // one for each selector
};

struct ExpositionError {
  enum class Kind : std::uint8_t { Invalid, TooManySeries };
  Kind kind = Kind::Invalid;
  std::string message;  // "line 17: the value \"abc\" is not a number"; at most 300 bytes
};

// `selectors`: at most max_selectors.
[[nodiscard]] std::expected<Exposition, ExpositionError> parse_exposition(
    std::string_view body, ExpositionFormat format, std::span<const SeriesSelector> selectors);

// A number as in a page: decimal, NaN or an infinity, in upper or lower case. Nothing: it is no
// number.
[[nodiscard]] std::optional<double> parse_sample_value(std::string_view text);

}  // namespace lastgood::checks
