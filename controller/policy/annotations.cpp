#include "policy/annotations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "codec/values.hpp"

namespace lastgood::policy {
namespace {

namespace annotation = api::annotation;

constexpr std::array on_deployment = {
    annotation::enabled, annotation::policy,  annotation::config_map, annotation::pause_until,
    annotation::resume,  annotation::approve, annotation::group,      annotation::group_order};
constexpr std::array on_template = {annotation::no_rollback_past};
constexpr std::array anywhere = {
    annotation::enabled,     annotation::policy,      annotation::config_map,
    annotation::pause_until, annotation::resume,      annotation::approve,
    annotation::group,       annotation::group_order, annotation::no_rollback_past};
constexpr std::size_t max_problems = 16;
constexpr int max_group_order = 1000;

// Of a mark that cannot be understood.
constexpr std::string_view taken_for_mark = "nothing goes back past this revision";

enum class Place : std::uint8_t { Deployment, Template };

constexpr std::string_view belongs_on_deployment =
    "belongs on the Deployment, not on its pod template";
constexpr std::string_view belongs_on_template =
    "belongs on the pod template, not on the Deployment";

Place place_of(std::string_view name) {
  return std::ranges::find(on_template, name) == on_template.end() ? Place::Deployment
                                                                   : Place::Template;
}

std::string_view other_place_of(std::string_view name) {
  return place_of(name) == Place::Template ? belongs_on_template : belongs_on_deployment;
}

class Problems {
 public:
  explicit Problems(Place place) : place_(place) {}

  void add(AnnotationProblem problem) {
    if (found_.size() < max_problems) found_.push_back(std::move(problem));
  }
  void misplaced(std::string_view name) { add(fmt::format("{} {}", name, other_place_of(name))); }
  void unknown(std::string_view name, std::string_view and_so = "") {
    const std::string_view close = nearest(name, anywhere)->name;
    const bool is_elsewhere = place_of(close) != place_;
    add(fmt::format("{} is not a key of this release; the nearest valid key is {}{}{}{}",
                    in_quotes(name, 128), close, is_elsewhere ? ", which " : "",
                    is_elsewhere ? other_place_of(close) : "", and_so));
  }
  void neither_true_nor_false(std::string_view name, std::string_view value,
                              std::string_view and_so = "") {
    add(fmt::format(R"({}: {} is neither "true" nor "false"{})", name, in_quotes(value), and_so));
  }
  std::vector<AnnotationProblem> take() { return std::move(found_); }

 private:
  Place place_;
  std::vector<AnnotationProblem> found_;
};

class Parser {
 public:
  void read(const std::string& name, const std::string& value) {
    if (name == annotation::enabled) return read_enabled(value);
    if (name == annotation::policy)
      return read_name(name, value, "a RollbackPolicy, such as \"web\"", out_.policy);
    if (name == annotation::config_map)
      return read_name(name, value, "a ConfigMap, such as \"rollback-config\"", out_.config_map);
    if (name == annotation::pause_until) return read_time(name, value, out_.pause_until);
    if (name == annotation::resume) return read_time(name, value, out_.resume);
    if (name == annotation::approve)
      return read_name(name, value, "a Rollback, such as \"web-7-9f1d\"", out_.approve);
    if (name == annotation::group) return read_group(value);
    if (name == annotation::group_order) return read_group_order(value);
    if (name == annotation::rolled_back_by) return;
    if (place_of(name) == Place::Template) return problems_.misplaced(name);
    problems_.unknown(name);
  }
  OptIn take() {
    if (has_order_ && !has_group_) {
      out_.group_order = 0;
      problems_.add(fmt::format("{} says nothing without {}, the group in which that is the order",
                                annotation::group_order, annotation::group));
    }
    out_.problems = problems_.take();
    return std::move(out_);
  }

 private:
  void read_enabled(const std::string& value) {
    if (value == "true") {
      out_.enabled = true;
    } else if (value == "false") {
      out_.enabled = false;
    } else {
      problems_.neither_true_nor_false(annotation::enabled, value);
    }
  }
  void read_name(std::string_view name, const std::string& value, std::string_view of_what,
                 std::string& target) {
    if (codec::is_dns_subdomain(value)) {
      target = value;
    } else {
      problems_.add(
          fmt::format("{}: {} cannot be the name of {}", name, in_quotes(value), of_what));
    }
  }
  void read_time(std::string_view name, const std::string& value, std::optional<Time>& target) {
    target = parse_rfc3339(value);
    if (target) return;
    problems_.add(fmt::format(R"({}: {} is not a time in RFC 3339, such as "2026-11-24T18:00:00Z")",
                              name, in_quotes(value)));
  }
  void read_group(const std::string& value) {
    has_group_ = true;
    if (codec::is_dns_label(value)) {
      out_.group = value;
    } else {
      problems_.add(fmt::format(
          "{}: {} cannot be the name of a group: lower case letters, digits and \"-\", at most "
          "63, such as \"checkout\"",
          annotation::group, in_quotes(value)));
    }
  }
  void read_group_order(const std::string& value) {
    has_order_ = true;
    const bool is_negative = value.starts_with('-');
    if (const auto size = codec::parse_whole(std::string_view(value).substr(is_negative ? 1 : 0), 0,
                                             max_group_order)) {
      out_.group_order = is_negative ? -*size : *size;
    } else {
      problems_.add(fmt::format("{}: {} is not a whole number from -{} to {}, such as \"10\"",
                                annotation::group_order, in_quotes(value), max_group_order,
                                max_group_order));
    }
  }

  OptIn out_;
  Problems problems_{Place::Deployment};
  bool has_group_ = false;
  bool has_order_ = false;
};

bool is_deployment_key(std::string_view name) {
  return name == annotation::rolled_back_by ||
         std::ranges::find(on_deployment, name) != on_deployment.end();
}

}  // namespace

std::span<const std::string_view> valid_keys() { return on_deployment; }
std::span<const std::string_view> valid_template_keys() { return on_template; }

OptIn parse_opt_in(const api::StringMap& annotations) {
  Parser parser;
  for (const auto& [name, value] : annotations) {
    if (name.starts_with(annotation::prefix)) parser.read(name, value);
  }
  return parser.take();
}

TemplateMarks parse_template(const api::StringMap& annotations) {
  TemplateMarks out;
  Problems problems(Place::Template);
  for (const auto& [name, value] : annotations) {
    if (!name.starts_with(annotation::prefix)) continue;
    if (name == annotation::no_rollback_past) {
      out.no_rollback_past = value != "false";
      if (value != "true" && value != "false")
        problems.neither_true_nor_false(name, value,
                                        fmt::format("; until it is, {}", taken_for_mark));
    } else if (is_deployment_key(name)) {
      problems.misplaced(name);
    } else {
      out.no_rollback_past = true;
      problems.unknown(name, fmt::format("; until it is put right, {}", taken_for_mark));
    }
  }
  out.problems = problems.take();
  return out;
}

std::string in_words(std::span<const AnnotationProblem> problems) {
  if (problems.empty()) return {};
  const auto more = problems.size() - 1;
  return more == 0 ? problems.front() : fmt::format("{} (and {} more)", problems.front(), more);
}

std::string problem_of_template(const codec::Json& live_deployment) {
  const codec::Json::json_pointer annotations("/spec/template/metadata/annotations");
  if (!live_deployment.contains(annotations)) return {};
  api::StringMap own;
  for (const auto& [key, value] : live_deployment[annotations].items()) {
    if (value.is_string()) own.emplace(key, value.get<std::string>());
  }
  return in_words(parse_template(own).problems);
}

}  // namespace lastgood::policy
