// A page of metrics, in the text format of Prometheus and in OpenMetrics.
#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "checks/exposition.hpp"
#include "fuzz.hpp"

using namespace lastgood;
using namespace lastgood::fuzz;
using namespace lastgood::checks;

namespace {

// Selectors of the metrics in the seeds.
const std::vector<SeriesSelector>& selectors() {
  static const std::vector<SeriesSelector> all = [] {
    std::vector<SeriesSelector> parsed;
    for (const char* text : {"a", "a{b=\"c\"}", "a{b!=\"c\",d=~\"x.*\"}", "http_requests_total",
                             "http_requests_total{code=~\"5..\"}", "h_bucket"})
      parsed.push_back(SeriesSelector::parse(text).value());
    return parsed;
  }();
  return all;
}

bool is_equal(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

void require_valid(const Exposition& page) {
  require(page.uses.size() == selectors().size(), "each selector has a use");
  const auto not_sorted = std::ranges::adjacent_find(
      page.series, [](const auto& a, const auto& b) { return a.id >= b.id; });
  require(not_sorted == page.series.end(), "the series are sorted, without duplicates");
  for (const ScrapedSeries& series : page.series) {
    require(series.selectors != 0, "only selected series are kept");
    for (std::size_t i = 0; i < selectors().size(); ++i) {
      if (!series.is_selected_by(i)) continue;
      require(page.uses[i].has_name, "a selected series has the name of the selector");
    }
  }
}

bool is_same(const Exposition& a, const Exposition& b) {
  return std::ranges::equal(a.series, b.series, [](const auto& one, const auto& other) {
    return one.id == other.id && one.selectors == other.selectors &&
           is_equal(one.value, other.value) && is_equal(one.bound, other.bound);
  });
}

// A page that was cut must not be read: the first digits of a number are also a number.
void require_cut_is_found(std::string_view page, ExpositionFormat format) {
  if (page.empty()) return;
  const std::string_view cut = page.substr(0, Choices(page).below(page.size()));
  const bool looks_complete = format == ExpositionFormat::Text
                                  ? cut.empty() || cut.ends_with('\n')
                                  : cut.ends_with("# EOF") || cut.ends_with("# EOF\n");
  if (looks_complete) return;
  require(!parse_exposition(cut, format, selectors()), "a page that was cut is not valid");
}

void read(std::string_view page, ExpositionFormat format) {
  const auto read = parse_exposition(page, format, selectors());
  if (!read) {
    require_message(read.error().message, 300);
    return;
  }
  require_valid(*read);
  require_cut_is_found(page, format);
  // Comments and blank lines change nothing.
  const auto with_comment =
      parse_exposition("# a comment\n" + std::string(page), format, selectors());
  require(with_comment.has_value() && is_same(*read, *with_comment), "a comment changes nothing");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  read(text, ExpositionFormat::Text);
  read(text, ExpositionFormat::OpenMetrics);
  static_cast<void>(exposition_format(text));
  return 0;
}
