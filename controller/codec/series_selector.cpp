#include "codec/series_selector.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <optional>

#include "base/text.hpp"

namespace lastgood::codec {

namespace {

using Kind = PromqlTokenKind;

std::string_view value_of(std::span<const LabelView> labels, std::string_view name) {
  const auto found = std::ranges::find(labels, name, &LabelView::name);
  return found == labels.end() ? std::string_view() : found->value;
}

}  // namespace

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
    auto tokens = promql_tokens(text_);
    if (!tokens) return error("has a value whose closing quote is missing");
    tokens_ = *std::move(tokens);
    SeriesSelector out;
    out.text_ = trimmed(text_);
    if (!is_at(Kind::Identifier))
      return error("must begin with the name of a metric, such as http_requests_total");
    out.name_ = tokens_[at_++].text;
    if (at_end()) return out;
    if (!skip(Kind::OpenBrace)) return error("must end after the name or go on with {");
    if (auto done = read_matchers(out.matchers_); !done) return std::unexpected(done.error());
    if (!at_end()) return error("must end with }: a range, an offset or a function is not allowed");
    return out;
  }

 private:
  [[nodiscard]] bool at_end() const { return at_ == tokens_.size(); }
  [[nodiscard]] bool is_at(Kind kind) const { return !at_end() && tokens_[at_].kind == kind; }
  bool skip(Kind kind) {
    if (!is_at(kind)) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] std::unexpected<Error> error(const std::string& problem) const {
    return fail(ErrorKind::BadInput, fmt::format("selector {} {}", in_quotes(text_, 100), problem));
  }

  Result<void> read_matchers(std::vector<Matcher>& matchers) {
    while (!skip(Kind::CloseBrace)) {
      if (matchers.size() == max_matchers)
        return error(fmt::format("has more than {} matchers", max_matchers));
      auto matcher = read_matcher();
      if (!matcher) return std::unexpected(matcher.error());
      matchers.push_back(std::move(*matcher));
      if (!skip(Kind::Comma) && !is_at(Kind::CloseBrace))
        return error("needs a comma or } after each matcher");
    }
    return {};
  }

  Result<Matcher> read_matcher() {
    Matcher out;
    if (!is_at(Kind::Identifier)) return error("needs the name of a label before each operator");
    out.label = tokens_[at_++].text;
    const auto operation = at_end() ? std::nullopt : match_operator(tokens_[at_]);
    if (!operation)
      return error(R"(needs one of = != =~ !~ after each label, such as code=~"5..")");
    ++at_;
    out.operation = *operation;
    if (!is_at(Kind::String)) return error("needs a value in quotes after each operator");
    auto value = read_value(tokens_[at_++]);
    if (!value) return std::unexpected(value.error());
    out.value = std::move(*value);
    return with_expression(std::move(out));
  }

  Result<Matcher> with_expression(Matcher matcher) const {
    if (!is_regex(matcher.operation)) return matcher;
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

  [[nodiscard]] Result<std::string> read_value(const PromqlToken& token) const {
    const std::string_view text = token.content();
    if (token.text.starts_with('`')) return std::string(text);
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '\\') {
        out += text[i];
        continue;
      }
      const auto escaped = meaning_of(text[++i]);
      if (!escaped) return error(R"(may have only the escape sequences \\ \" \' \n \r \t)");
      out += *escaped;
    }
    return out;
  }

  // The character for which a backslash and this letter stand.
  static std::optional<char> meaning_of(char letter) {
    constexpr std::string_view letters = "\\\"'nrt";
    constexpr std::string_view meanings = "\\\"'\n\r\t";
    const auto found = letters.find(letter);
    return found == std::string_view::npos ? std::nullopt : std::optional(meanings[found]);
  }

  std::string_view text_;
  std::vector<PromqlToken> tokens_;
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
    case MatchOperator::Equal: return value == matcher.value;
    case MatchOperator::NotEqual: return value != matcher.value;
    case MatchOperator::Matches: return matcher.expression->matches(value);
    case MatchOperator::NotMatches: return !matcher.expression->matches(value);
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
