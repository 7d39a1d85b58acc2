#include "codec/series_selector.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace lastgood::codec {

namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view value_of(std::span<const LabelView> labels, std::string_view name) {
  const auto found = std::ranges::find(labels, name, &LabelView::name);
  return found == labels.end() ? std::string_view() : found->value;
}

}  // namespace

bool is_metric_name_start(char c) { return is_letter(c) || c == ':'; }
bool is_metric_name_part(char c) { return is_metric_name_start(c) || is_digit(c); }

class SeriesSelector::Expression {
 public:
  explicit Expression(const std::string& text) : regex_(text, options()) {}

  [[nodiscard]] bool is_valid() const { return regex_.ok(); }
  [[nodiscard]] const std::string& error() const { return regex_.error(); }
  [[nodiscard]] bool matches(std::string_view value) const {
    // The type of the text is re2::StringPiece in older versions, and a string view in newer ones.
    return RE2::FullMatch({value.data(), value.size()}, regex_);
  }

 private:
  static RE2::Options options() {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_dot_nl(true);
    options.set_never_capture(true);
    options.set_max_mem(static_cast<std::int64_t>(max_expression_memory));
    return options;
  }

  RE2 regex_;
};

// Reads the text of a selector from left to right.
class SeriesSelector::Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<SeriesSelector> run() {
    SeriesSelector out;
    out.text_ = trimmed(text_);
    skip_space();
    if (at_end() || !is_metric_name_start(peek()))
      return error("must begin with the name of a metric, such as http_requests_total");
    while (!at_end() && is_metric_name_part(peek())) out.name_ += text_[at_++];
    skip_space();
    if (at_end()) return out;
    if (!skip('{')) return error("must end after the name or go on with {");
    if (auto done = read_matchers(out.matchers_); !done) return std::unexpected(done.error());
    skip_space();
    if (!at_end()) return error("must end with }: a range, an offset or a function is not allowed");
    return out;
  }

 private:
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[nodiscard]] char peek() const { return text_[at_]; }
  void skip_space() {
    while (!at_end() && is_space(peek())) ++at_;
  }
  bool skip(char c) {
    if (at_end() || peek() != c) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] std::unexpected<Error> error(const std::string& problem) const {
    return fail(ErrorKind::BadInput, fmt::format("selector {} {}", in_quotes(text_, 100), problem));
  }

  Result<void> read_matchers(std::vector<Matcher>& matchers) {
    for (;;) {
      skip_space();
      if (skip('}')) return {};
      if (matchers.size() == max_matchers)
        return error(fmt::format("has more than {} matchers", max_matchers));
      auto matcher = read_matcher();
      if (!matcher) return std::unexpected(matcher.error());
      matchers.push_back(std::move(*matcher));
      skip_space();
      if (skip('}')) return {};
      if (!skip(',')) return error("needs a comma or } after each matcher");
    }
  }

  Result<Matcher> read_matcher() {
    Matcher out;
    while (!at_end() && (is_letter(peek()) || (!out.label.empty() && is_digit(peek()))))
      out.label += text_[at_++];
    if (out.label.empty()) return error("needs the name of a label before each operator");
    skip_space();
    const auto operation = read_operator();
    if (!operation)
      return error(R"(needs one of = != =~ !~ after each label, such as code=~"5..")");
    out.operation = *operation;
    skip_space();
    auto value = read_value();
    if (!value) return std::unexpected(value.error());
    out.value = std::move(*value);
    return with_expression(std::move(out));
  }

  Result<Matcher> with_expression(Matcher matcher) const {
    if (matcher.operation == Operator::Equal || matcher.operation == Operator::NotEqual)
      return matcher;
    if (matcher.value.size() > max_expression_size)
      return error(fmt::format("has a regular expression above {} bytes", max_expression_size));
    auto expression = std::make_shared<const Expression>(matcher.value);
    if (!expression->is_valid()) {
      return error(fmt::format("has the regular expression {}, which is not valid: {}",
                               in_quotes(matcher.value), clip(expression->error(), 100)));
    }
    matcher.expression = std::move(expression);
    return matcher;
  }

  std::optional<Operator> read_operator() {
    struct Spelling {
      std::string_view text;
      Operator operation;
    };
    // "=" is a part of "=~", so it is last.
    static constexpr std::array spellings{
        Spelling{"=~", Operator::Matches}, Spelling{"!~", Operator::NotMatches},
        Spelling{"!=", Operator::NotEqual}, Spelling{"=", Operator::Equal}};
    for (const Spelling& spelling : spellings) {
      if (!text_.substr(at_).starts_with(spelling.text)) continue;
      at_ += spelling.text.size();
      return spelling.operation;
    }
    return std::nullopt;
  }

  Result<std::string> read_value() {
    const char quote = at_end() ? '\0' : peek();
    if (quote != '"' && quote != '\'' && quote != '`')
      return error("needs a value in quotes after each operator");
    ++at_;
    std::string out;
    while (!at_end() && peek() != quote) {
      char c = text_[at_++];
      if (c == '\\' && quote != '`') {
        const auto escaped = read_escape();
        if (!escaped) return error(R"(may have only the escape sequences \\ \" \' \n \r \t)");
        c = *escaped;
      }
      out += c;
    }
    if (!skip(quote)) return error("has a value whose closing quote is missing");
    return out;
  }

  std::optional<char> read_escape() {
    constexpr std::string_view letters = "\\\"'nrt";
    constexpr std::string_view meanings = "\\\"'\n\r\t";
    const auto found = at_end() ? std::string_view::npos : letters.find(peek());
    if (found == std::string_view::npos) return std::nullopt;
    ++at_;
    return meanings[found];
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

Result<SeriesSelector> SeriesSelector::parse(std::string_view text) {
  if (text.size() > max_size) {
    return fail(ErrorKind::BadInput,
                fmt::format("the selector has {} bytes, more than {}", text.size(), max_size));
  }
  return Parser(text).run();
}

bool SeriesSelector::accepts(const Matcher& matcher, std::string_view value) {
  switch (matcher.operation) {
    case Operator::Equal: return value == matcher.value;
    case Operator::NotEqual: return value != matcher.value;
    case Operator::Matches: return matcher.expression->matches(value);
    case Operator::NotMatches: return !matcher.expression->matches(value);
  }
  return false;
}

bool SeriesSelector::matches(std::span<const LabelView> labels) const {
  return std::ranges::all_of(matchers_, [&](const Matcher& matcher) {
    return accepts(matcher, value_of(labels, matcher.label));
  });
}

bool SeriesSelector::has_each_label(std::span<const LabelView> labels) const {
  return std::ranges::all_of(matchers_, [&](const Matcher& matcher) {
    return std::ranges::find(labels, matcher.label, &LabelView::name) != labels.end();
  });
}

SeriesSelector SeriesSelector::with_name(std::string name) const {
  SeriesSelector out = *this;
  out.name_ = std::move(name);
  return out;
}

}  // namespace lastgood::codec
