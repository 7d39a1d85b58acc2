#include "policy/annotations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "codec/values.hpp"

namespace lastgood::policy {
namespace {

namespace annotation = api::annotation;

constexpr std::array deployment_keys = {
    annotation::enabled, annotation::policy,  annotation::config_map, annotation::pause_until,
    annotation::resume,  annotation::approve, annotation::group,      annotation::group_order};
constexpr std::array template_keys = {annotation::no_rollback_past};
constexpr std::array all_keys = {
    annotation::enabled,     annotation::policy,      annotation::config_map,
    annotation::pause_until, annotation::resume,      annotation::approve,
    annotation::group,       annotation::group_order, annotation::no_rollback_past};
constexpr std::size_t max_problems = 16;
constexpr std::size_t max_problem_size = 511;  // bytes: escaped control characters are long
constexpr int max_group_order = 1000;

// Added to the message of a problem that counts as no-rollback-past.
constexpr std::string_view counts_as_mark =
    "; until it is corrected, Lastgood does not roll back past this revision";

enum class AnnotatedObject : std::uint8_t { Deployment, PodTemplate };

constexpr std::string_view belongs_on_deployment =
    "belongs on the Deployment, not on its pod template";
constexpr std::string_view belongs_on_template =
    "belongs on the pod template, not on the Deployment";

AnnotatedObject object_of(std::string_view key) {
  return std::ranges::find(template_keys, key) == template_keys.end()
             ? AnnotatedObject::Deployment
             : AnnotatedObject::PodTemplate;
}

std::string_view where_it_belongs(std::string_view key) {
  return object_of(key) == AnnotatedObject::PodTemplate ? belongs_on_template
                                                        : belongs_on_deployment;
}

class Problems {
 public:
  explicit Problems(AnnotatedObject object) : object_(object) {}

  void add(const AnnotationProblem& problem) {
    if (problems_.size() < max_problems) problems_.push_back(clip(problem, max_problem_size));
  }
  void add_misplaced(std::string_view key) {
    add(fmt::format("{} {}", key, where_it_belongs(key)));
  }
  void add_unknown(std::string_view key, std::string_view consequence = "") {
    const std::string_view nearest_key = nearest(key, all_keys)->name;
    const bool is_misplaced = object_of(nearest_key) != object_;
    add(fmt::format("{} is not a valid key; the nearest valid key is {}{}{}{}", in_quotes(key, 128),
                    nearest_key, is_misplaced ? ", which " : "",
                    is_misplaced ? where_it_belongs(nearest_key) : "", consequence));
  }
  void add_not_boolean(std::string_view key, std::string_view value,
                       std::string_view consequence = "") {
    add(fmt::format(R"({}: {} is not "true" or "false"{})", key, in_quotes(value), consequence));
  }
  std::vector<AnnotationProblem> take() { return std::move(problems_); }

 private:
  AnnotatedObject object_;
  std::vector<AnnotationProblem> problems_;
};

class Parser {
 public:
  void read(const std::string& key, const std::string& value) {
    if (key == annotation::enabled) return read_enabled(value);
    if (key == annotation::policy)
      return read_name(key, value, "a RollbackPolicy, such as \"web\"", out_.policy);
    if (key == annotation::config_map)
      return read_name(key, value, "a ConfigMap, such as \"rollback-config\"", out_.config_map);
    if (key == annotation::pause_until) return read_time(key, value, out_.pause_until);
    if (key == annotation::resume) return read_time(key, value, out_.resume);
    if (key == annotation::approve)
      return read_name(key, value, "a Rollback, such as \"web-7-9f1d\"", out_.approve);
    if (key == annotation::group) return read_group(value);
    if (key == annotation::group_order) return read_group_order(value);
    if (key == annotation::rolled_back_by) return;  // set by Lastgood
    if (object_of(key) == AnnotatedObject::PodTemplate) return problems_.add_misplaced(key);
    problems_.add_unknown(key);
  }
  OptIn take() {
    if (has_order_ && !has_group_) {
      out_.group_order = 0;
      problems_.add(fmt::format("{} has no effect without {}; set both", annotation::group_order,
                                annotation::group));
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
      problems_.add_not_boolean(annotation::enabled, value);
    }
  }
  void read_name(std::string_view key, const std::string& value, std::string_view named_object,
                 std::string& field) {
    if (codec::is_dns_subdomain(value)) {
      field = value;
    } else {
      problems_.add(
          fmt::format("{}: {} is not a valid name of {}", key, in_quotes(value), named_object));
    }
  }
  void read_time(std::string_view key, const std::string& value, std::optional<Time>& field) {
    field = parse_rfc3339(value);
    if (field) return;
    problems_.add(fmt::format(R"({}: {} is not a time in RFC 3339, such as "2026-11-24T18:00:00Z")",
                              key, in_quotes(value)));
  }
  void read_group(const std::string& value) {
    has_group_ = true;
    if (codec::is_dns_label(value)) {
      out_.group = value;
    } else {
      problems_.add(fmt::format(
          "{}: {} is not a valid name of a group: use at most 63 lower case letters, digits and "
          "\"-\", such as \"checkout\"",
          annotation::group, in_quotes(value)));
    }
  }
  void read_group_order(const std::string& value) {
    has_order_ = true;
    const bool is_negative = value.starts_with('-');
    if (const auto absolute_value = codec::parse_whole(
            std::string_view(value).substr(is_negative ? 1 : 0), 0, max_group_order)) {
      out_.group_order = is_negative ? -*absolute_value : *absolute_value;
    } else {
      problems_.add(fmt::format("{}: {} is not a whole number from -{} to {}, such as \"10\"",
                                annotation::group_order, in_quotes(value), max_group_order,
                                max_group_order));
    }
  }

  OptIn out_;
  Problems problems_{AnnotatedObject::Deployment};
  bool has_group_ = false;
  bool has_order_ = false;
};

bool is_deployment_key(std::string_view key) {
  return key == annotation::rolled_back_by ||
         std::ranges::find(deployment_keys, key) != deployment_keys.end();
}

}  // namespace

std::span<const std::string_view> valid_keys() { return deployment_keys; }
std::span<const std::string_view> valid_template_keys() { return template_keys; }

OptIn parse_opt_in(const api::StringMap& annotations) {
  Parser parser;
  for (const auto& [key, value] : annotations) {
    if (key.starts_with(annotation::prefix)) parser.read(key, value);
  }
  return parser.take();
}

TemplateMarks parse_template(const api::StringMap& annotations) {
  TemplateMarks out;
  Problems problems(AnnotatedObject::PodTemplate);
  for (const auto& [key, value] : annotations) {
    if (!key.starts_with(annotation::prefix)) continue;
    if (key == annotation::no_rollback_past) {
      // "false" does not remove the mark of an unknown key.
      if (value != "false") out.no_rollback_past = true;
      if (value != "true" && value != "false") problems.add_not_boolean(key, value, counts_as_mark);
    } else if (is_deployment_key(key)) {
      problems.add_misplaced(key);
    } else {
      out.no_rollback_past = true;
      problems.add_unknown(key, counts_as_mark);
    }
  }
  out.problems = problems.take();
  return out;
}

std::string summary(std::span<const AnnotationProblem> problems) {
  if (problems.empty()) return {};
  const auto more = problems.size() - 1;
  return more == 0 ? problems.front() : fmt::format("{} (and {} more)", problems.front(), more);
}

std::string problem_of_template(const codec::Json& live_deployment) {
  const codec::Json::json_pointer annotations("/spec/template/metadata/annotations");
  if (!live_deployment.contains(annotations)) return {};
  api::StringMap strings;
  for (const auto& [key, value] : live_deployment[annotations].items()) {
    if (value.is_string()) strings.emplace(key, value.get<std::string>());
  }
  return summary(parse_template(strings).problems);
}

}  // namespace lastgood::policy
