#include "checks/exposition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/text.hpp"
#include "codec/promql_tokens.hpp"
#include "codec/values.hpp"

namespace lastgood::checks {
namespace {

using Kind = ExpositionError::Kind;
template <class T>
using Parsed = std::expected<T, ExpositionError>;

constexpr std::string_view end_mark = "# EOF";

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// The part of a line that is not read yet.
class Cursor {
 public:
  explicit Cursor(std::string_view rest) : rest_(rest) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool is_at(char c) const { return !rest_.empty() && rest_.front() == c; }
  [[nodiscard]] std::string_view rest() const { return rest_; }

  void skip_blanks() {
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  }
  bool skip(char c) {
    if (!is_at(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // A name with these characters. Empty: there is none.
  std::string_view name(bool (*is_start)(char), bool (*is_part)(char)) {
    if (rest_.empty() || !is_start(rest_.front())) return {};
    return take(static_cast<std::size_t>(std::ranges::find_if_not(rest_, is_part) - rest_.begin()));
  }
  // Everything up to the next blank.
  std::string_view word() { return take(std::min(rest_.find_first_of(" \t"), rest_.size())); }
  // A text whose opening quote was read. Nothing: the closing quote is missing.
  std::optional<std::string_view> quoted() {
    for (std::size_t i = 0; i < rest_.size(); ++i) {
      if (rest_[i] == '\\') {
        ++i;
      } else if (rest_[i] == '"') {
        const std::string_view out = take(i);
        rest_.remove_prefix(1);
        return out;
      }
    }
    return std::nullopt;
  }

 private:
  std::string_view take(std::size_t count) {
    const std::string_view out = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return out;
  }

  std::string_view rest_;
};

// The escape sequences are \\, \" and \n. Before any other character, the backslash stays.
std::string unescaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (text[i] != '\\' || (next != '\\' && next != '"' && next != 'n')) {
      out += text[i];
      continue;
    }
    out += next == 'n' ? '\n' : next;
    ++i;
  }
  return out;
}

class Parser {
 public:
  Parser(std::string_view body, ExpositionFormat format, std::span<const SeriesSelector> selectors)
      : body_(body), format_(format), selectors_(selectors) {
    out_.uses.resize(selectors.size());
    labels_.reserve(max_series_labels);
    values_.reserve(max_series_labels);
  }

  Parsed<Exposition> run() {
    if (body_.size() > max_exposition_size)
      return std::unexpected(
          ExpositionError{.message = fmt::format("the page has more than {} MiB",
                                                 max_exposition_size / 1024 / 1024)});
    while (!body_.empty()) {
      ++line_;
      const auto end = body_.find('\n');
      if (end == std::string_view::npos) {
        if (is_open_metrics() && body_ == end_mark) break;
        return invalid("the line feed at its end is missing, so the page may have been cut");
      }
      const std::string_view line = body_.substr(0, end);
      body_.remove_prefix(end + 1);
      if (is_open_metrics() && line == end_mark) {
        if (!body_.empty()) return invalid("there is more after # EOF");
        return finish();
      }
      if (auto done = read_line(line); !done) return std::unexpected(done.error());
    }
    if (is_open_metrics() && body_ != end_mark)
      return invalid("the last line is not # EOF, so the page was cut");
    return finish();
  }

 private:
  [[nodiscard]] bool is_open_metrics() const { return format_ == ExpositionFormat::OpenMetrics; }

  [[nodiscard]] std::unexpected<ExpositionError> invalid(std::string_view problem) const {
    return std::unexpected(
        ExpositionError{.message = clip(fmt::format("line {}: {}", line_, problem), 300)});
  }

  Parsed<void> read_line(std::string_view line) {
    if (line.size() > max_exposition_line)
      return invalid(fmt::format("it has more than {} bytes", max_exposition_line));
    Cursor cursor(line);
    cursor.skip_blanks();
    if (cursor.at_end() || cursor.is_at('#')) return {};
    if (line.ends_with('\r')) return invalid("it ends with CR LF; lines must end with LF alone");
    if (++series_ > max_exposition_series)
      return std::unexpected(ExpositionError{
          .kind = Kind::TooManySeries,
          .message = fmt::format("the page has more than {} series", max_exposition_series)});
    const auto name = cursor.name(codec::is_metric_name_start, codec::is_metric_name_part);
    if (name.empty()) return invalid(in_quotes(line, 40) + " does not begin with a metric name");
    cursor.skip_blanks();
    if (auto done = read_labels(cursor); !done) return done;
    const auto value = read_value(cursor);
    if (!value) return std::unexpected(value.error());
    if (auto done = read_end(cursor); !done) return done;
    return keep_if_selected(name, *value);
  }

  // Into labels_, whose values still have their escape sequences.
  Parsed<void> read_labels(Cursor& cursor) {
    labels_.clear();
    if (!cursor.skip('{')) return {};
    for (;;) {
      cursor.skip_blanks();
      if (cursor.skip('}')) return {};
      if (labels_.size() == max_series_labels)
        return invalid(fmt::format("it has more than {} labels", max_series_labels));
      const auto name = cursor.name(codec::is_label_name_start, codec::is_label_name_part);
      cursor.skip_blanks();
      if (name.empty() || !cursor.skip('=')) return invalid("a label name and = are missing");
      cursor.skip_blanks();
      if (!cursor.skip('"')) return invalid("the value of a label is not in quotes");
      const auto value = cursor.quoted();
      if (!value) return invalid("the closing quote of a label is missing");
      labels_.push_back({.name = name, .value = *value});
      cursor.skip_blanks();
      if (!cursor.skip(',') && !cursor.is_at('}'))
        return invalid("a comma or } is missing after a label");
    }
  }

  Parsed<double> read_value(Cursor& cursor) const {
    cursor.skip_blanks();
    const std::string_view text = cursor.word();
    const auto value = parse_sample_value(text);
    if (!value) return invalid(fmt::format("the value {} is not a number", in_quotes(text, 40)));
    return *value;
  }

  // An optional timestamp, and in OpenMetrics an optional exemplar.
  Parsed<void> read_end(Cursor& cursor) {
    cursor.skip_blanks();
    if (cursor.at_end()) return {};
    if (!cursor.is_at('#')) {
      const std::string_view time = cursor.word();
      if (!codec::parse_number(time))
        return invalid(fmt::format("the timestamp {} is not a number", in_quotes(time, 40)));
      cursor.skip_blanks();
      if (cursor.at_end()) return {};
    }
    if (!is_open_metrics() || !cursor.skip('#'))
      return invalid(in_quotes(cursor.rest(), 40) + " follows the value");
    return read_exemplar(cursor);
  }

  // read_labels() overwrites labels_, so the labels of the series are restored.
  Parsed<void> read_exemplar(Cursor& cursor) {
    cursor.skip_blanks();
    const std::vector<LabelView> labels = labels_;
    if (!cursor.is_at('{')) return invalid("the exemplar does not begin with {");
    if (auto done = read_labels(cursor); !done) return done;
    labels_ = labels;
    if (const auto value = read_value(cursor); !value) return std::unexpected(value.error());
    cursor.skip_blanks();
    if (cursor.at_end() || codec::parse_number(cursor.rest())) return {};
    return invalid(in_quotes(cursor.rest(), 40) + " follows the exemplar");
  }

  Parsed<void> keep_if_selected(std::string_view name, double value) {
    const auto has_name = [&](const SeriesSelector& one) { return one.name() == name; };
    if (std::ranges::none_of(selectors_, has_name)) return {};
    unescape_labels();
    std::uint32_t selected = 0;
    for (std::size_t i = 0; i < selectors_.size(); ++i) {
      if (!has_name(selectors_[i])) continue;
      out_.uses[i].has_name = true;
      if (selectors_[i].has_each_label(labels_)) out_.uses[i].has_labels = true;
      if (selectors_[i].matches(labels_)) selected |= std::uint32_t{1} << i;
    }
    if (selected == 0) return {};
    std::ranges::sort(labels_, {}, &LabelView::name);
    if (std::ranges::adjacent_find(labels_, {}, &LabelView::name) != labels_.end())
      return invalid("a label occurs twice");
    if (out_.series.size() == max_selected_series)
      return std::unexpected(
          ExpositionError{.kind = Kind::TooManySeries,
                          .message = fmt::format("more than {} series of {} are selected",
                                                 max_selected_series, clip(name, 100))});
    out_.series.push_back(
        {.id = id_of(name), .selectors = selected, .value = value, .bound = bound()});
    lines_.emplace_back(out_.series.back().id, line_);
    return {};
  }

  void unescape_labels() {
    values_.clear();
    for (LabelView& label : labels_) {
      if (!label.value.contains('\\')) continue;
      // values_ never grows beyond its capacity, so its texts stay where they are.
      values_.push_back(unescaped(label.value));
      label.value = values_.back();
    }
  }

  std::uint64_t id_of(std::string_view name) {
    key_ = name;
    for (const LabelView& label : labels_) {
      if (label.value.empty()) continue;  // like a label that does not exist
      key_.append({'\0'}).append(label.name).append({'\0'}).append(label.value);
    }
    return std::hash<std::string_view>()(key_);
  }

  [[nodiscard]] double bound() const {
    const auto found = std::ranges::find(labels_, "le", &LabelView::name);
    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    return found == labels_.end() ? none : parse_sample_value(found->value).value_or(none);
  }

  // The page is invalid if two samples have the same id: they are of the same series, or two series
  // have the same id by chance.
  Parsed<Exposition> finish() {
    std::ranges::sort(lines_);
    const auto twice = std::ranges::adjacent_find(
        lines_, [](const auto& a, const auto& b) { return a.first == b.first; });
    if (twice != lines_.end()) {
      line_ = std::next(twice)->second;
      return invalid(fmt::format("the same series is also in line {}", twice->second));
    }
    std::ranges::sort(out_.series, {}, &ScrapedSeries::id);
    return std::move(out_);
  }

  std::string_view body_;
  ExpositionFormat format_;
  std::span<const SeriesSelector> selectors_;
  Exposition out_;
  std::size_t line_ = 0;
  std::size_t series_ = 0;
  std::vector<LabelView> labels_;    // of the line
  std::vector<std::string> values_;  // without escape sequences; labels_ refers to them
  std::string key_;                  // of id_of()
  std::vector<std::pair<std::uint64_t, std::size_t>> lines_;  // of the selected series
};

}  // namespace

ExpositionFormat exposition_format(std::string_view content_type) {
  const std::string type = lowered(trimmed(content_type.substr(0, content_type.find(';'))));
  return type == "application/openmetrics-text" ? ExpositionFormat::OpenMetrics
                                                : ExpositionFormat::Text;
}

std::optional<double> parse_sample_value(std::string_view text) {
  const bool has_sign = text.starts_with('+') || text.starts_with('-');
  const std::string_view unsigned_text = has_sign ? text.substr(1) : text;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (unsigned_text.size() == 3 || unsigned_text.size() == 8) {
    const std::string word = lowered(unsigned_text);
    if (word == "nan") return std::numeric_limits<double>::quiet_NaN();
    if (word == "inf" || word == "infinity") return text.starts_with('-') ? -infinity : infinity;
  }
  if (text.starts_with('+') && unsigned_text.starts_with('-')) return std::nullopt;
  const auto number = codec::parse_number(text.starts_with('+') ? unsigned_text : text);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

std::expected<Exposition, ExpositionError> parse_exposition(
    std::string_view body, ExpositionFormat format, std::span<const SeriesSelector> selectors) {
  return Parser(body, format, selectors.first(std::min(selectors.size(), max_selectors))).run();
}

}  // namespace lastgood::checks
